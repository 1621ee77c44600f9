//! A time as people write it: `500ms`, `120s`, `5m`, `1h`.

use serde::Deserialize;
use std::fmt;

/// Prints itself as Envoy wants it: seconds, with a fraction if need be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Duration(std::time::Duration);

impl Duration {
    pub(crate) const fn seconds(seconds: u64) -> Self {
        Self(std::time::Duration::from_secs(seconds))
    }

    pub(crate) const fn milliseconds(milliseconds: u64) -> Self {
        Self(std::time::Duration::from_millis(milliseconds))
    }

    /// So many of these in a row.
    pub(crate) fn times(self, times: usize) -> Self {
        Self(self.0.saturating_mul(u32::try_from(times).unwrap_or(u32::MAX)))
    }
}

impl TryFrom<String> for Duration {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let unit = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at_checked(unit).unwrap_or_default();
        let in_milliseconds = match unit {
            "ms" => Some(1),
            "s" => Some(1000),
            "m" => Some(60_000),
            "h" => Some(3_600_000),
            _ => None,
        };
        // A year is more than anybody waits, and less than Envoy can hold.
        let total = in_milliseconds.and_then(|unit| number.parse::<u64>().ok()?.checked_mul(unit));
        match total.filter(|total| (1..=365 * 24 * 3_600_000).contains(total)) {
            Some(total) => Ok(Self::milliseconds(total)),
            None => Err(format!("expected a time such as 500ms, 120s or 5m, found `{text}`")),
        }
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
        let read = Duration::try_from(text.to_owned()).map(|duration| duration.to_string());
        let refusal = format!("expected a time such as 500ms, 120s or 5m, found `{text}`");
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
