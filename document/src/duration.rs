//! A time as people write it: `500ms`, `120s`, `5m`, `1h`.

use crate::read::{Read, wrong_type};
use crate::{Definitions, Document, DocumentErrorKind, Path, Report, schema};
use serde_json::Value;
use std::fmt;

/// A time as people write it. Prints itself as Envoy wants it: seconds, with a fraction if need be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(std::time::Duration);

impl Duration {
    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(std::time::Duration::from_secs(seconds))
    }

    /// So many milliseconds.
    pub const fn milliseconds(milliseconds: u64) -> Self {
        Self(std::time::Duration::from_millis(milliseconds))
    }

    /// For where Envoy wants a number; a part of a second is none.
    pub const fn whole_seconds(self) -> u64 {
        self.0.as_secs()
    }

    /// For where Envoy wants milliseconds.
    pub fn whole_milliseconds(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }

    /// So many of these in a row.
    pub fn times(self, times: usize) -> Self {
        Self(self.0.saturating_mul(u32::try_from(times).unwrap_or(u32::MAX)))
    }

    fn parse(text: &str) -> Option<Self> {
        let unit = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at_checked(unit)?;
        let in_milliseconds = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        let total = number.parse::<u64>().ok()?.checked_mul(in_milliseconds)?;
        // A year is more than anybody waits, and less than Envoy can hold.
        (1..=365 * 24 * 3_600_000).contains(&total).then(|| Self::milliseconds(total))
    }
}

impl Read for Duration {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        const EXPECTED: &str = "a time such as 500ms, 120s or 5m";
        let Document::String(text) = document else { return wrong_type(EXPECTED, document, at, report) };
        Self::parse(text).unwrap_or_else(|| {
            let value = text.chars().take(60).collect();
            report.lose(at, DocumentErrorKind::Invalid { value, expected: EXPECTED })
        })
    }

    fn schema(_: &mut Definitions) -> Value {
        schema::text("^0*[1-9][0-9]*(ms|s|m|h)$", 20)
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.subsec_millis() {
            0 => write!(f, "{}s", self.0.as_secs()),
            rest => write!(f, "{}.{rest:03}s", self.0.as_secs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let mut report = Report::default();
        let read = Duration::read(&text.into(), &Path::Root, &mut report).to_string();
        let refusal = match text {
            "" => "is empty, expected a time such as 500ms, 120s or 5m".to_owned(),
            _ => format!("`{text}` is not a time such as 500ms, 120s or 5m"),
        };
        let read = report.finish(read).map_err(|errors| errors.to_string());
        assert_eq!(read, expected.map(str::to_owned).ok_or(refusal));
    }

    #[test]
    fn times_are_said_as_envoy_wants_them() {
        check("500ms", Some("0.500s"));
        check("1025ms", Some("1.025s"));
        check("120s", Some("120s"));
        check("5m", Some("300s"));
        check("1h", Some("3600s"));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "5", "s", "0s", "-1s", "1.5s", "5 s", "5d", "9999999h", "99999999999999999999s", "5sé"] {
            check(text, None);
        }
    }
}
