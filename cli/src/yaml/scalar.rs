//! Text as a scalar that every reader takes for that text: YAML 1.2, and what Envoy and Kubernetes still read as YAML 1.1.

use serde_json::Number;
use std::fmt::Write;

/// What some reader takes for a truth value or for nothing.
const NOT_TEXT: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

/// Text in quotes only where it could be read as something else. `in_line`: among values on one line, which commas part.
pub(super) fn plain(text: &str, in_line: bool) -> String {
    if is_plain(text, in_line) { text.to_owned() } else { quote(text) }
}

/// Much less than YAML allows: words, names, paths, types, times.
fn is_plain(text: &str, in_line: bool) -> bool {
    let first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || byte == b'/';
    let more = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte) || (byte == b',' && !in_line);
    let is_word = text.bytes().next().is_some_and(first) && text.bytes().all(more);
    (is_word && !NOT_TEXT.contains(&text.to_ascii_lowercase().as_str())) || is_time(text)
}

/// `0.25s`, `500ms`: no reader takes it for a number.
fn is_time(text: &str) -> bool {
    let number = text.strip_suffix("ms").or_else(|| text.strip_suffix('s')).unwrap_or_default();
    let is_digits = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match number.split_once('.') {
        Some((whole, part)) => is_digits(whole) && is_digits(part),
        None => is_digits(number),
    }
}

/// A number. To a reader of YAML 1.1, one with an exponent has a point and a sign, too, or it is text.
pub(super) fn number(number: &Number) -> String {
    let text = number.to_string();
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let point = if digits.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with(['-', '+']) { "" } else { "+" };
    format!("{digits}{point}e{sign}{exponent}")
}

/// Text in double quotes. YAML knows JSON's escapes; what it takes for the end of a line or does not allow is escaped, too.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    for letter in serde_json::Value::from(text).to_string().chars() {
        if is_printable(letter) {
            quoted.push(letter);
        } else {
            let _ = write!(quoted, "\\u{:04x}", u32::from(letter));
        }
    }
    quoted
}

/// Whether text can stand as it is below its key, line by line, and is read as that text without a last line end.
pub(super) fn is_literal(text: &str) -> bool {
    let mut lines = text.split('\n');
    let is_begun = lines.next().is_some_and(|first| !first.is_empty() && !first.starts_with(' '));
    let is_line = |line: &str| {
        line.chars().all(|letter| is_printable(letter) && letter != '\t')
            && (line.is_empty() || !line.trim().is_empty())
    };
    is_begun && !text.ends_with('\n') && text.split('\n').all(is_line)
}

/// Not a control character, nor one of those beyond ASCII that YAML forbids or once took for the end of a line.
pub(super) fn is_printable(letter: char) -> bool {
    let is_odd = matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    !letter.is_control() && !is_odd
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_reads_as_text_goes_without_quotes() {
        for text in ["api.openai.com", "/", "_", "60s", "0.025s", "500ms", "type.googleapis.com/a.B"] {
            assert_eq!(plain(text, true), text);
        }
        for (text, expected) in [("no", r#""no""#), ("1.30", r#""1.30""#), ("a: b", r#""a: b""#), ("", r#""""#)] {
            assert_eq!(plain(text, true), expected);
        }
        for text in ["Yes", "1", "1e3", "-a", "*", "@type", "a,b", ".5s", "1.s", "12:30", "0x1f", "~", "é"] {
            assert_eq!(plain(text, true), format!("\"{text}\""));
        }
        assert_eq!(plain("a,b", false), "a,b");
    }

    #[test]
    fn numbers_are_numbers_to_every_reader() {
        for (value, text) in [(1e-7, "1.0e-7"), (-1.5e-9, "-1.5e-9"), (1e300, "1.0e+300"), (0.25, "0.25"), (3.0, "3.0")]
        {
            assert_eq!(number(&Number::from_f64(value).unwrap()), text);
        }
        assert_eq!(number(&u64::MAX.into()), "18446744073709551615");
    }

    #[test]
    fn scalars_cannot_break_out() {
        assert_eq!(quote("a\"\n: b"), r#""a\"\n: b""#);
        assert_eq!(quote("\u{85}\u{2028}\u{7f}\u{0}é"), r#""\u0085\u2028\u007f\u0000é""#);
    }

    #[test]
    fn a_literal_has_nothing_that_would_be_lost() {
        assert!(is_literal("{\n  \"a\": 1\n\n}"));
        for text in ["", "\na", " a", "a\n", "a\n  \nb", "a\r\nb", "a\tb", "a\u{2028}b"] {
            assert!(!is_literal(text), "{text:?}");
        }
    }
}
