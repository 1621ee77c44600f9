//! The text that stands between the parts of a form.

use super::parameters::Parameters;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::fmt;

/// A boundary: 1 to 70 of the signs that RFC 2046 has for it, kept in place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Boundary {
    bytes: [u8; Boundary::LONGEST],
    len: u8,
}

impl Boundary {
    /// Its most bytes.
    pub(super) const LONGEST: usize = 70;

    pub(super) fn new(text: &[u8]) -> Option<Self> {
        let is_one = text.iter().all(|byte| is_boundary(*byte)) && !text.is_empty() && !text.ends_with(b" ");
        let (mut bytes, len) = ([0; Self::LONGEST], u8::try_from(text.len()).ok()?);
        bytes.get_mut(..text.len()).filter(|_| is_one)?.copy_from_slice(text);
        Some(Self { bytes, len })
    }

    /// That of a content type `multipart/form-data`, if every server reads the same one there: exactly one, and nothing else
    /// but `charset=utf-8`.
    pub(crate) fn of_content_type(value: &[u8]) -> Option<Self> {
        let (_, parameters) = Parameters::split(value);
        let (mut boundary, mut charset) = (None, None);
        for parameter in parameters {
            let (name, value) = parameter.ok()?;
            let found = match name {
                b"boundary" => boundary.replace(value),
                b"charset" if value.eq_ignore_ascii_case(b"utf-8") => charset.replace(value),
                _ => return None,
            };
            if found.is_some() {
                return None;
            }
        }
        Self::new(boundary?)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

/// The signs of a boundary (RFC 2046, 5.1.1).
fn is_boundary(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte)
}

impl fmt::Debug for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Serialize for Boundary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Boundary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::new(text.as_bytes()).ok_or_else(|| de::Error::custom("no boundary"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(parameters: &str, expected: Option<&str>) {
        let value = format!("multipart/form-data{parameters}");
        let boundary = Boundary::of_content_type(value.as_bytes());
        assert_eq!(boundary.as_ref().map(Boundary::as_str), expected, "{value}");
    }

    #[test]
    fn one_boundary_is_read() {
        check("; boundary=9b8b041cd77e16c0d4fd01f835bff6da", Some("9b8b041cd77e16c0d4fd01f835bff6da"));
        check(";boundary=\"----=_Part_0_1.2\"", Some("----=_Part_0_1.2"));
        check("; boundary=\"a b'()+_,-./:=?\"", Some("a b'()+_,-./:=?"));
        check("; charset=UTF-8; boundary=a", Some("a"));
        check("; boundary=a; charset=\"utf-8\"", Some("a"));
        check(&format!("; boundary={}", "a".repeat(70)), Some(&"a".repeat(70)));
    }

    #[test]
    fn anything_else_is_none() {
        for odd in [
            "",
            ";",
            "; boundary",
            "; boundary=",
            "; boundary=\"\"",
            "; boundary=a; boundary=a",
            "; boundary=a; Boundary=b",
            "; Boundary=a",
            "; boundary*=utf-8''a",
            "; boundary*0=a",
            "; boundary=a;",
            "; boundary =a",
            "; boundary= a",
            "; boundary=a b",
            "; boundary=a/b",
            "; boundary=a=b",
            "; boundary=a,b",
            "; boundary='a b'",
            "; boundary=a!b",
            "; boundary=\"a \"",
            "; boundary=\"a\\\"b\"",
            "; boundary=\"a\"b",
            "; boundary=\"a\u{e9}\"",
            "; boundary=a; charset=latin1",
            "; boundary=a; x=y",
            "; boundary=a, multipart/form-data; boundary=b",
            ", boundary=a",
        ] {
            check(odd, None);
        }
        check(&format!("; boundary={}", "a".repeat(71)), None);
    }
}
