//! Istio's versions, as far as what is rendered depends on them.

use serde::de::{Deserialize, Deserializer, Error, Visitor};
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

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Text)
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Version;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a version of Istio such as \"1.30\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Version, E> {
        text.parse().map_err(E::custom)
    }

    /// To YAML, 1.30 without quotes is the number 1.3.
    fn visit_f64<E: Error>(self, _: f64) -> Result<Version, E> {
        Err(E::custom("a version needs quotes, as in \"1.30\""))
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
