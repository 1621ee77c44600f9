//! What a body says to the parsers in use, by a reader that shares no code with the engine.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::fmt;

/// A way to read the model, and what it reads.
pub(crate) type Reading = (&'static str, Option<String>);

/// How the model reads, whichever key wins and whether or not case counts. An error for anything but JSON in UTF-8.
pub(crate) fn models(body: &[u8]) -> serde_json::Result<Vec<Reading>> {
    let Members(members) = serde_json::from_slice(body)?;
    let named = |fold: bool| {
        members
            .iter()
            .filter(move |(key, _)| key == "model" || fold && key.to_lowercase() == "model")
            .map(|(_, value)| value)
    };
    Ok(vec![
        ("the first wins", named(false).next().cloned()),
        ("the last wins", named(false).next_back().cloned()),
        ("the first wins, case ignored", named(true).next().cloned()),
        ("the last wins, case ignored", named(true).next_back().cloned()),
    ])
}

/// The members of an object in order, duplicates included, with those values that may be a model.
struct Members(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    if key.to_lowercase() == "model" {
                        members.push((key, map.next_value::<serde_json::Value>()?.to_string()));
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[test]
fn a_body_that_reads_in_two_ways_is_seen() {
    let read = |body: &str| {
        models(body.as_bytes())
            .expect("JSON")
            .into_iter()
            .map(|(_, model)| model.unwrap_or_default())
            .collect::<Vec<_>>()
    };
    assert_eq!(read(r#"{"model":"a","model":"b"}"#), [r#""a""#, r#""b""#, r#""a""#, r#""b""#]);
    assert_eq!(read(r#"{"Model":"a","m\u006fdel":"b"}"#), [r#""b""#, r#""b""#, r#""a""#, r#""b""#]);
    assert_eq!(read(r#"{"x":{"model":"a"}}"#), ["", "", "", ""]);
    assert!(models(b"{\"model\":\"a\"}{}").is_err());
    assert!(models(b"[\"model\"]").is_err());
}
