//! What a plain YAML scalar means, by the core schema of YAML 1.2.

use crate::{Position, SyntaxError};
use pointsman_document::Document;

/// Null, a boolean, a number or text.
pub(crate) fn resolve(text: &str, at: Position) -> Result<Document, SyntaxError> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Document::Null,
        "true" | "True" | "TRUE" => Document::Bool(true),
        "false" | "False" | "FALSE" => Document::Bool(false),
        _ => match number(text) {
            Some(Some(number)) => Document::Number(number),
            Some(None) => {
                return Err(SyntaxError { at, message: format!("`{text}` is not a number that JSON can hold") });
            }
            None => Document::String(text.to_owned()),
        },
    })
}

/// `None`: not a number; `Some(None)`: a number that JSON has no spelling for.
fn number(text: &str) -> Option<Option<serde_json::Number>> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(None);
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) =
            text.strip_prefix(prefix).filter(|digits| digits.chars().all(|digit| digit.is_digit(radix)))
        {
            return u64::from_str_radix(digits, radix).ok().map(|value| Some(value.into()));
        }
    }
    if !unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        || !unsigned.contains(|digit: char| digit.is_ascii_digit())
        || !unsigned.chars().all(|letter| matches!(letter, '0'..='9' | '.' | 'e' | 'E' | '+' | '-'))
    {
        return None;
    }
    let plain = text.strip_prefix('+').unwrap_or(text);
    if let Ok(value) = plain.parse::<u64>() {
        return Some(Some(value.into()));
    }
    if let Ok(value) = plain.parse::<i64>() {
        return Some(Some(value.into()));
    }
    plain.parse().ok().map(serde_json::Number::from_f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, json: &str) {
        let value = resolve(text, Position::START).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), json, "{text}");
    }

    #[test]
    fn numbers_are_numbers() {
        for (text, json) in [
            ("1", "1"),
            ("-2", "-2"),
            ("2.5", "2.5"),
            ("0x1f", "31"),
            ("0o17", "15"),
            ("1e3", "1000.0"),
            ("+7", "7"),
            ("007", "7"),
        ] {
            check(text, json);
        }
    }

    #[test]
    fn words_of_the_schema_are_values() {
        for (text, json) in [("true", "true"), ("False", "false"), ("~", "null"), ("", "null"), ("NULL", "null")] {
            check(text, json);
        }
    }

    #[test]
    fn everything_else_is_text() {
        for text in ["no", "1.2.3", "gpt-4o", "2024-11-20", "4o", "0x", "e5", "-", ".", "1_000"] {
            check(text, &format!("\"{text}\""));
        }
    }

    #[test]
    fn what_json_cannot_hold_is_refused() {
        assert!(resolve(".inf", Position::START).is_err() && resolve(".nan", Position::START).is_err());
    }
}
