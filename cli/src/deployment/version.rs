//! Which Envoy a configuration is for: what it can do differs.

use pointsman_document::{Definitions, Document, Path, Read, Report, Value, schema, wrong_type};
use std::fmt;
use std::str::FromStr;

/// A minor version of Envoy that Pointsman knows. Later ones are treated as the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EnvoyVersion(u16);

impl EnvoyVersion {
    pub(crate) const V1_37: Self = Self(37);
    pub(crate) const V1_38: Self = Self(38);
    pub(crate) const V1_39: Self = Self(39);
    pub(crate) const V1_40: Self = Self(40);
    /// What is rendered for it works in every later one.
    pub(crate) const OLDEST: Self = Self(36);

    /// From what `envoy --version` prints: `envoy  version: 7a0c.../1.36.4/Clean/RELEASE/BoringSSL`.
    pub(crate) fn of_program(output: &str) -> Option<Self> {
        let version = output.split("version:").nth(1)?.split('/').nth(1)?;
        let (major, rest) = version.split_once('.')?;
        let minor: u16 = rest.split('.').next()?.parse().ok()?;
        Some(if major == "1" { Self(minor.min(Self::V1_40.0)) } else { Self::V1_40 })
    }
}

impl FromStr for EnvoyVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // What a patch release changes is nothing that is written.
        let minor = text.split_once('.').and_then(|(major, minor)| match minor.split_once('.') {
            None => Some((major, minor)),
            Some((minor, patch)) => patch.bytes().all(|byte| byte.is_ascii_digit()).then_some((major, minor)),
        });
        let version = minor.and_then(|(major, minor)| Some((Self(minor.parse().ok()?), format!("{major}.{minor}"))));
        let known = version
            .filter(|(version, text)| (Self::OLDEST..=Self::V1_40).contains(version) && version.to_string() == *text)
            .map(|(version, _)| version);
        known.ok_or_else(|| {
            format!("expected an Envoy version from \"{}\" to \"{}\", found `{text}`", Self::OLDEST, Self::V1_40)
        })
    }
}

impl fmt::Display for EnvoyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.0)
    }
}

impl Default for EnvoyVersion {
    fn default() -> Self {
        Self::OLDEST
    }
}

impl Read for EnvoyVersion {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        match document {
            Document::String(text) => text.parse().unwrap_or_else(|why: String| report.lose(at, why.into())),
            // To YAML, 1.40 without quotes is the number 1.4.
            Document::Number(_) => {
                report.lose(at, format!("a version needs quotes, as in \"{}\"", Self::OLDEST).into())
            }
            other => wrong_type("an Envoy version such as \"1.36\"", other, at, report),
        }
    }

    fn schema(_: &mut Definitions) -> Value {
        schema::text("^1\\.(3[6-9]|40)(\\.[0-9]*)?$", 20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_says_its_version() {
        let said = |version: &str| {
            EnvoyVersion::of_program(&format!("\nenvoy  version: 7a0c/{version}/Clean/RELEASE/BoringSSL\n\n"))
        };
        assert_eq!(said("1.36.4"), Some(EnvoyVersion::OLDEST));
        assert_eq!(said("1.29.0").map(|version| version < EnvoyVersion::OLDEST), Some(true));
        assert_eq!(said("1.41.0-dev"), Some(EnvoyVersion::V1_40));
        assert_eq!(EnvoyVersion::of_program("usage: cat"), None);
    }

    #[test]
    fn a_file_says_one_that_is_known() {
        assert_eq!("1.38".parse(), Ok(EnvoyVersion::V1_38));
        assert_eq!("1.36.4".parse(), Ok(EnvoyVersion::OLDEST));
        for text in ["1.35", "1.41", "1.036", "2.36", "1.36.x", "1.36.4.1", ""] {
            let refusal = format!("expected an Envoy version from \"1.36\" to \"1.40\", found `{text}`");
            assert_eq!(text.parse::<EnvoyVersion>(), Err(refusal));
        }
    }
}
