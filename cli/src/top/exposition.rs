//! The text in which Prometheus is told values: one series a line, `NAME{LABEL="VALUE",…} NUMBER`.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use std::borrow::Cow;

/// A line that has been read.
#[derive(Debug, PartialEq)]
pub(super) struct Sample<'t> {
    /// Name and labels as they stand there: what tells this series from others.
    pub(super) series: &'t str,
    pub(super) name: &'t str,
    pub(super) labels: Vec<(&'t str, Cow<'t, str>)>,
    pub(super) value: f64,
}

impl Sample<'_> {
    pub(super) fn label(&self, wanted: &str) -> Option<&str> {
        self.labels.iter().find_map(|(name, value)| (*name == wanted).then_some(&**value))
    }
}

/// The series of a text in their order, `None` for a line that is none. Blank lines and comments are left out.
pub(super) fn samples(text: &str) -> impl Iterator<Item = Option<Sample<'_>>> {
    let lines = text.split('\n').map(|line| line.trim_matches([' ', '\t', '\r']));
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(sample)
}

fn sample(line: &str) -> Option<Sample<'_>> {
    let (name, rest) = word(line)?;
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inner) => labels(inner)?,
        None => (Vec::new(), rest),
    };
    let series = line.get(..line.len() - rest.len())?;
    let mut numbers = rest.split_ascii_whitespace();
    let value = numbers.next()?.parse().ok()?;
    // A timestamp may follow, and nothing else.
    let is_whole = rest.starts_with([' ', '\t']) && numbers.next().is_none_or(|time| time.parse::<i64>().is_ok());
    (is_whole && numbers.next().is_none()).then_some(Sample { series, name, labels, value })
}

/// A name at the beginning of a text, and what follows it.
fn word(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    word.starts_with(|first: char| !first.is_ascii_digit()).then_some((word, rest))
}

/// Labels as they stand in a line.
type Labels<'t> = Vec<(&'t str, Cow<'t, str>)>;

/// The labels behind an opening brace, and what follows the closing one.
fn labels(mut text: &str) -> Option<(Labels<'_>, &str)> {
    let mut found = Vec::new();
    loop {
        text = text.trim_start();
        if let Some(rest) = text.strip_prefix('}') {
            return Some((found, rest));
        }
        let (name, rest) = word(text)?;
        let quoted = rest.trim_start().strip_prefix('=')?.trim_start().strip_prefix('"')?;
        let (value, rest) = value(quoted)?;
        found.push((name, value));
        text = rest.trim_start();
        text = match text.strip_prefix(',') {
            Some(rest) => rest,
            None if text.starts_with('}') => text,
            None => return None,
        };
    }
}

/// A value behind its opening quote, and what follows the closing one.
fn value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let end = text.find(['"', '\\'])?;
    let (plain, rest) = text.split_at(end);
    if let Some(rest) = rest.strip_prefix('"') {
        return Some((plain.into(), rest));
    }
    let mut value = plain.to_owned();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return Some((value.into(), characters.as_str())),
            '\\' => match characters.next()? {
                'n' => value.push('\n'),
                escaped @ ('"' | '\\') => value.push(escaped),
                _ => return None,
            },
            other => value.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, name: &str, labels: &[(&str, &str)], value: f64) {
        let read = samples(line).next().unwrap().unwrap_or_else(|| panic!("{line}"));
        let read_labels: Vec<_> = read.labels.iter().map(|(name, value)| (*name, &**value)).collect();
        assert_eq!((read.name, read_labels.as_slice(), read.value), (name, labels, value), "{line}");
    }

    #[test]
    fn a_series_is_a_name_labels_and_a_number() {
        check("a 1", "a", &[], 1.0);
        check("a{} 1", "a", &[], 1.0);
        check("a:b_c9{x=\"y\"} 1.5e3", "a:b_c9", &[("x", "y")], 1500.0);
        check(" a{ } 2", "a", &[], 2.0);
        check("a{x=\"1\",y=\"\",} +Inf", "a", &[("x", "1"), ("y", "")], f64::INFINITY);
        check("a{x = \"1\" , y = \"2\" }\t7 1700000000000\r", "a", &[("x", "1"), ("y", "2")], 7.0);
        assert!(samples("a NaN").next().unwrap().unwrap().value.is_nan());
    }

    #[test]
    fn what_is_escaped_in_a_label_is_what_was_meant() {
        check(r#"a{x="q\"b\\n\n,} =é"} 1"#, "a", &[("x", "q\"b\\n\n,} =é")], 1.0);
    }

    #[test]
    fn a_series_is_known_by_all_that_stands_in_front_of_its_number() {
        let line = r#"a{x="} 1",y="2"} 3"#;
        assert_eq!(samples(line).next().unwrap().unwrap().series, r#"a{x="} 1",y="2"}"#);
    }

    #[test]
    fn what_is_no_series_is_none_and_the_next_line_is_one() {
        for broken in [
            "a",
            "a ",
            "{} 1",
            "1a 1",
            "a{ 1",
            "a{x} 1",
            "a{x=} 1",
            "a{x=1} 1",
            "a{x=\"} 1",
            "a{x=\"\\q\"} 1",
            "a{x=\"1\"",
            "a{x=\"1\" y=\"2\"} 1",
            "a{x=\"1\"}1",
            "a{,} 1",
            "a one",
            "a 1 2 3",
            "a 1 x",
            "ä 1",
            "a\u{a0}1",
            "a{x=\"\\",
            "<html>",
            "\u{feff}a 1",
            "a 1 # {} 1",
        ] {
            let text = format!("{broken}\n# TYPE a counter\n\nb 2\n");
            let read: Vec<_> = samples(&text).map(|sample| sample.map(|sample| sample.name)).collect();
            assert_eq!(read, [None, Some("b")], "{broken}");
        }
    }

    #[test]
    fn any_beginning_and_any_change_of_a_text_is_read_to_its_end() {
        let text = "# TYPE a counter\na{x=\"\\\\é\\\"\",y=\"2\"} 3.5 17\nb 1\n";
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            for inserted in ["", "\"", "\\", "{", "}", ",", "\n", " ", "\u{0}"] {
                let changed = format!("{}{inserted}{}", &text[..end], &text[end..]);
                assert!(samples(&changed).count() <= 4);
                assert!(samples(&text[..end]).count() <= 2);
            }
        }
    }

    #[test]
    fn a_long_line_takes_no_longer_than_its_length() {
        let labels = "x=\"\\\\\",".repeat(300_000);
        assert_eq!(samples(&format!("a{{{labels}}} 1")).next().unwrap().unwrap().labels.len(), 300_000);
        assert_eq!(samples(&format!("a{{x=\"{}", "\\\\".repeat(2_000_000))).next(), Some(None));
    }
}
