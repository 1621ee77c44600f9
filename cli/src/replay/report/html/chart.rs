//! Bars, as SVG in the page. Colours are the page's, so that they follow its light and dark.

use super::escaped;

const WIDTH: f64 = 760.0;
const NAMES: f64 = 300.0;
const LABELS: f64 = 150.0;
const ROW: f64 = 26.0;
/// Letters of a name that there is room for.
const LETTERS: usize = 42;

/// A bar: its parts follow each other, each with the class of its colour.
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) parts: Vec<(u64, &'static str)>,
    pub(super) label: String,
}

/// A chart of bars, the longest as wide as there is room.
pub(super) fn bars(title: &str, bars: &[Bar]) -> String {
    let whole = |bar: &Bar| bar.parts.iter().map(|(count, _)| *count).sum::<u64>();
    let longest = bars.iter().map(whole).max().unwrap_or(0).max(1) as f64;
    let scale = (WIDTH - NAMES - LABELS) / longest;
    let rows: String = bars.iter().enumerate().map(|(nth, bar)| row(bar, nth as f64 * ROW, scale)).collect();
    let height = bars.len() as f64 * ROW;
    format!(
        "<div class=\"wide\"><svg viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" aria-label=\"{}\">\n{rows}</svg></div>\n",
        escaped(title)
    )
}

fn row(bar: &Bar, top: f64, scale: f64) -> String {
    let (middle, mut left) = (top + ROW / 2.0, NAMES + 8.0);
    let name = escaped(&bar.name);
    let mut text = format!(
        "<text x=\"{NAMES}\" y=\"{middle}\" class=\"name\">{}<title>{name}</title></text>\n",
        escaped(&short(&bar.name))
    );
    for (count, class) in &bar.parts {
        let width = *count as f64 * scale;
        if width > 0.0 {
            // What is there is seen, however few it is beside others.
            let drawn = width.max(1.0);
            text.push_str(&format!(
                "<rect x=\"{left:.1}\" y=\"{:.1}\" width=\"{drawn:.1}\" height=\"{:.1}\" class=\"{class}\"><title>{name}: {count}</title></rect>\n",
                top + 4.0,
                ROW - 8.0
            ));
        }
        left += width;
    }
    text.push_str(&format!(
        "<text x=\"{:.1}\" y=\"{middle}\" class=\"label\">{}</text>\n",
        left + 6.0,
        escaped(&bar.label)
    ));
    text
}

fn short(name: &str) -> String {
    if name.chars().count() <= LETTERS {
        return name.to_owned();
    }
    name.chars().take(LETTERS - 1).chain(['\u{2026}']).collect()
}
