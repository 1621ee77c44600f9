//! A document as it is written: a JSON-like tree that keeps the order of its members, and duplicates.

use crate::error::{DocumentErrorKind, DocumentErrors};
use crate::order;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Number;
use std::fmt;

/// A JSON-like value, made from JSON, YAML or anything else that serde reads.
#[derive(Clone, Debug, PartialEq)]
pub enum Document {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, whole or not.
    Number(Number),
    /// Text.
    String(String),
    /// A list.
    Array(Vec<Document>),
    /// An object. Keys may repeat, so that the reader can say so.
    Object(Vec<(String, Document)>),
}

impl Document {
    /// An object without members.
    pub const EMPTY: Document = Document::Object(Vec::new());

    /// Reads JSON text.
    pub fn from_json(json: &[u8]) -> Result<Self, DocumentErrors> {
        serde_json::from_slice(json).map_err(|err| DocumentErrors::whole(DocumentErrorKind::Syntax(err.to_string())))
    }

    /// An object of these members.
    pub fn object<const N: usize>(members: [(&str, Document); N]) -> Self {
        Document::Object(members.map(|(key, value)| (key.to_owned(), value)).into())
    }

    /// The first member of that name.
    pub fn get(&self, key: &str) -> Option<&Document> {
        match self {
            Document::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The items of a list, none of anything else.
    pub fn items(&self) -> &[Document] {
        match self {
            Document::Array(items) => items,
            _ => &[],
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Document::String(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, for a sentence.
    pub fn kind(&self) -> &'static str {
        match self {
            Document::Null => "nothing",
            Document::Bool(_) => "true or false",
            Document::Number(_) => "a number",
            Document::String(_) => "a string",
            Document::Array(_) => "a list",
            Document::Object(_) => "an object",
        }
    }

    /// One spelling for all spellings of the same document: JSON without spaces, keys sorted, numbers as
    /// JSON has them after a trip through a protobuf `Struct` (which is what Istio makes of them).
    pub fn canonical(&self) -> String {
        let mut text = String::new();
        self.write_canonical(&mut text);
        text
    }

    fn write_canonical(&self, text: &mut String) {
        match self {
            Document::Null => text.push_str("null"),
            Document::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
            // `+ 0.0` turns -0 into 0. Display of f64 is exact, shortest and never in exponents.
            Document::Number(number) => text.push_str(&(number.as_f64().unwrap_or(f64::NAN) + 0.0).to_string()),
            Document::String(value) => write_string(value, text),
            Document::Array(items) => {
                text.push('[');
                for (nth, item) in items.iter().enumerate() {
                    if nth > 0 {
                        text.push(',');
                    }
                    item.write_canonical(text);
                }
                text.push(']');
            }
            Document::Object(members) => {
                let mut sorted: Vec<_> = members.iter().collect();
                order::sort_by(&mut sorted, |a, b| a.0.cmp(&b.0));
                text.push('{');
                for (nth, (key, value)) in sorted.into_iter().enumerate() {
                    if nth > 0 {
                        text.push(',');
                    }
                    write_string(key, text);
                    text.push(':');
                    value.write_canonical(text);
                }
                text.push('}');
            }
        }
    }
}

fn write_string(value: &str, text: &mut String) {
    if value.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        text.push('"');
        text.push_str(value);
        text.push('"');
        return;
    }
    // Writing text as JSON cannot fail.
    text.push_str(&serde_json::to_string(value).unwrap_or_default());
}

impl From<bool> for Document {
    fn from(value: bool) -> Self {
        Document::Bool(value)
    }
}

impl From<u32> for Document {
    fn from(value: u32) -> Self {
        Document::Number(value.into())
    }
}

impl From<&str> for Document {
    fn from(value: &str) -> Self {
        Document::String(value.to_owned())
    }
}

impl<T: Into<Document>> From<Vec<T>> for Document {
    fn from(items: Vec<T>) -> Self {
        Document::Array(items.into_iter().map(Into::into).collect())
    }
}

/// In the order in which it was written.
impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Document::Null => serializer.serialize_unit(),
            Document::Bool(value) => serializer.serialize_bool(*value),
            Document::Number(value) => value.serialize(serializer),
            Document::String(value) => serializer.serialize_str(value),
            Document::Array(items) => serializer.collect_seq(items),
            Document::Object(members) => {
                let mut object = serializer.serialize_map(Some(members.len()))?;
                members.iter().try_for_each(|(key, value)| object.serialize_entry(key, value))?;
                object.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree)
    }
}

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Document, E> {
        Ok(Document::Null)
    }

    fn visit_none<E>(self) -> Result<Document, E> {
        Ok(Document::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Document, D::Error> {
        Document::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Document, E> {
        Ok(Document::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Document, E> {
        Ok(Document::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Document, E> {
        Ok(Document::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Document, E> {
        Number::from_f64(value).map(Document::Number).ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Document, E> {
        Ok(Document::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Document, E> {
        Ok(Document::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Document, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Document::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Document, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(Document::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, canonical: &str) {
        let document: Document = serde_json::from_str(json).expect("valid JSON");
        assert_eq!(document.canonical(), canonical);
    }

    #[test]
    fn keys_are_sorted_and_spaces_go() {
        check(r#" { "b": [1, true, null], "a": {"d": "x", "c": {}} } "#, r#"{"a":{"c":{},"d":"x"},"b":[1,true,null]}"#);
    }

    #[test]
    fn numbers_have_one_spelling() {
        check(
            "[2, 2.0, 2e0, 0.20, -0, -0.0, 1e21, 9007199254740993]",
            "[2,2,2,0.2,0,0,1000000000000000000000,9007199254740992]",
        );
    }

    #[test]
    fn text_has_one_spelling() {
        check(r#""\u0041\/\u00e9\n\u0001""#, "\"A/é\\n\\u0001\"");
    }

    #[test]
    fn duplicates_and_order_are_kept() {
        let document: Document = serde_json::from_str(r#"{"b":1,"a":2,"b":3}"#).expect("valid JSON");
        let number = |value: u32| Document::from(value);
        assert_eq!(
            document,
            Document::Object(vec![("b".into(), number(1)), ("a".into(), number(2)), ("b".into(), number(3))])
        );
    }
}
