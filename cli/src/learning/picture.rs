//! Curves of routers as a picture: SVG, drawn by hand, for any browser.

use std::fmt::Write;

/// A line of the picture.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) name: &'a str,
    /// PGR at shares of the strong model from 0 to 1, in hundredths.
    pub(crate) curve: &'a [f64],
    pub(crate) apgr: f64,
}

const SIZE: f64 = 400.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 30.0;
const COLOURS: [&str; 5] = ["#1f6feb", "#d29922", "#8250df", "#2da44e", "#8c959f"];

/// How much of the strong model's advantage each router recovers, by how many prompts go to it.
pub(crate) fn svg(title: &str, lines: &[Line<'_>]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 490\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"720\" height=\"490\" fill=\"white\"/>\n<text x=\"{LEFT}\" y=\"20\">{}</text>\n",
        escaped(title)
    );
    for tenth in 0..=5 {
        let share = f64::from(tenth) / 5.0;
        let (x, y) = place(share, share);
        let _ = write!(
            svg,
            "<path d=\"M{LEFT} {y:.1}H{:.1}M{x:.1} {TOP}V{:.1}\" stroke=\"#ddd\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{:.0} %</text>\n\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{:.0} %</text>\n",
            LEFT + SIZE,
            TOP + SIZE,
            LEFT - 6.0,
            y + 4.0,
            share * 100.0,
            TOP + SIZE + 18.0,
            share * 100.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{LEFT}\" y=\"475\">prompts sent to the strong model; upward: gap recovered (PGR)</text>"
    );
    for (number, line) in lines.iter().enumerate() {
        let colour = COLOURS.get(number % COLOURS.len()).copied().unwrap_or("black");
        let points: Vec<String> = (0..)
            .zip(line.curve)
            .map(|(hundredth, recovered)| {
                let (x, y) = place(f64::from(hundredth) / 100.0, recovered.clamp(0.0, 1.1));
                format!("{x:.1},{y:.1}")
            })
            .collect();
        let y = TOP + 20.0 + number as f64 * 22.0;
        let _ = write!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n\
             <text x=\"{:.1}\" y=\"{y:.1}\" fill=\"{colour}\">{}: APGR {:.3}</text>\n",
            points.join(" "),
            LEFT + SIZE + 20.0,
            escaped(line.name),
            line.apgr
        );
    }
    svg + "</svg>\n"
}

fn place(share: f64, recovered: f64) -> (f64, f64) {
    (LEFT + share * SIZE, TOP + (1.0 - recovered) * SIZE)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_a_line_for_each_router() {
        let curve: Vec<f64> = (0..=100).map(|hundredth| f64::from(hundredth) / 100.0).collect();
        let picture = svg("a < b", &[Line { name: "random", curve: &curve, apgr: 0.5 }]);
        assert!(picture.contains("a &lt; b") && picture.contains("random: APGR 0.500"));
        assert!(picture.contains("60.0,430.0 64.0,426.0") && picture.ends_with("</svg>\n"));
    }
}
