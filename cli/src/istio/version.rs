//! Istio's versions, as far as what is rendered depends on them.

use pointsman_document::{Definitions, Document, Path, Read, Report, Value, schema, wrong_type};
use std::fmt;

/// Istio 1.x; what comes behind the second number makes no difference here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(u16);

impl Version {
    /// The oldest that was looked at.
    pub(crate) const OLDEST: Self = Self(26);
    /// `failStrategy: FAIL_RELOAD`.
    pub(crate) const FAIL_RELOAD: Self = Self(27);
    /// istiod knows `allow_on_headers_stop_iteration`.
    pub(crate) const STOP: Self = Self(28);
    /// A WasmPlugin becomes a TrafficExtension, and its filter has that in its name.
    pub(crate) const TRAFFIC_EXTENSION: Self = Self(30);
}

impl Default for Version {
    fn default() -> Self {
        Self(30)
    }
}

impl std::str::FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split('.');
        let minor = match (parts.next(), parts.next().map(str::parse)) {
            (Some("1"), Some(Ok(minor))) => Some(minor),
            _ => None,
        };
        minor.map(Self).ok_or_else(|| format!("`{text}` is no version of Istio, expected one such as \"1.30\""))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.0)
    }
}

impl Read for Version {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        match document {
            Document::String(text) => text.parse().unwrap_or_else(|why: String| report.lose(at, why.into())),
            // To YAML, 1.30 without quotes is the number 1.3.
            Document::Number(_) => report.lose(at, "a version needs quotes, as in \"1.30\"".into()),
            other => wrong_type("a version of Istio such as \"1.30\"", other, at, report),
        }
    }

    fn schema(_: &mut Definitions) -> Value {
        schema::text("^1\\.[0-9]+(\\.|$)", 40)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_two_numbers_count() {
        let read = |text: &str| text.parse::<Version>();
        assert_eq!(read("1.29.4").unwrap().to_string(), "1.29");
        assert!(read("1.9").unwrap() < read("1.30").unwrap());
        for bad in ["1", "2.0", "1.x", "", "v1.30"] {
            assert!(read(bad).unwrap_err().ends_with("expected one such as \"1.30\""), "{bad}");
        }
    }
}
