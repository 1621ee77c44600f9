//! A tree as JSON text, for what is read as JSON wherever it stands.

use super::tree::{Layout, Tree};
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::ser::{Formatter, PrettyFormatter};
use std::io::{Result, Write};

/// `tree` as JSON: over several lines, or on one if that is how it stands.
pub(crate) fn json(tree: &Tree) -> String {
    let is_line = matches!(tree, Tree::Map(map) if map.layout == Layout::Line);
    if is_line { written(tree, Spaced) } else { written(tree, PrettyFormatter::new()) }
}

fn written(tree: &Tree, formatter: impl Formatter) -> String {
    let mut text = Vec::new();
    // A tree of text, numbers and lists always serializes.
    let _ = tree.serialize(&mut serde_json::Serializer::with_formatter(&mut text, formatter));
    String::from_utf8(text).unwrap_or_default()
}

/// One line with room around its parts, as people write it.
struct Spaced;

impl Formatter for Spaced {
    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        writer.write_all(b"{ ")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        writer.write_all(b" }")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, is_first: bool) -> Result<()> {
        writer.write_all(if is_first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> Result<()> {
        writer.write_all(b": ")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, is_first: bool) -> Result<()> {
        writer.write_all(if is_first { b"" } else { b", " })
    }
}

/// What it means, without comments and sharing.
impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text, _) => serializer.serialize_str(text),
            Self::List(list) => {
                let mut array = serializer.serialize_seq(Some(list.items.len()))?;
                list.items.iter().try_for_each(|item| array.serialize_element(&item.tree))?;
                array.end()
            }
            Self::Map(map) => {
                let mut object = serializer.serialize_map(Some(map.entries.len()))?;
                map.entries.iter().try_for_each(|entry| object.serialize_entry(&entry.key, &entry.tree))?;
                object.end()
            }
            Self::Shared(_, inner) => inner.serialize(serializer),
        }
    }
}
