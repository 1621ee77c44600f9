//! A YAML or JSON file as a tree that knows where each value stands, so that a finding can point at it.

mod json;
mod place;
mod scalar;
mod yaml;

use serde::ser::{SerializeMap, SerializeSeq};
use std::fmt;
use std::path::{Path, PathBuf};

/// Line and column, both counted from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Position {
    pub(crate) const START: Self = Self { line: 1, column: 1 };
}

/// A value and where it begins.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) at: Position,
    pub(crate) value: Value,
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    String(String),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

/// One `key: value` of an object. Keys may repeat: whoever reads the tree decides what that means.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) at: Position,
    pub(crate) node: Node,
}

/// Which part of a field a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Key,
    Value,
}

/// One thing wrong with a file.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    pub(crate) file: PathBuf,
    pub(crate) at: Option<Position>,
    /// The field, as `rules[2].route`; empty for a syntax error.
    pub(crate) path: String,
    pub(crate) message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some(at) = self.at {
            write!(f, "{}:{}:", at.line, at.column)?;
        }
        if !self.path.is_empty() {
            write!(f, " {}:", self.path)?;
        }
        write!(f, " {}", self.message)
    }
}

/// A file that was read and parsed.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) file: PathBuf,
    pub(crate) root: Node,
}

impl Source {
    /// Reads `file`: JSON when its name ends in `.json`, else YAML.
    pub(crate) fn read(file: &Path) -> Result<Self, Finding> {
        let finding = |at, message| Finding { file: file.to_path_buf(), at, path: String::new(), message };
        let bytes = std::fs::read(file).map_err(|err| finding(None, reason(&err)))?;
        let text = String::from_utf8(bytes).map_err(|_| finding(None, "is not UTF-8 text".into()))?;
        let is_json = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let parsed = if is_json { json::parse(&text) } else { yaml::parse(&text) };
        match parsed {
            Ok(root) => Ok(Self { file: file.to_path_buf(), root }),
            Err(err) => Err(finding(Some(err.at), err.message)),
        }
    }

    /// A finding about the field `path`, placed at that field.
    pub(crate) fn finding(&self, path: &str, part: Part, message: &str) -> Finding {
        Finding {
            file: self.file.clone(),
            at: Some(place::of(&self.root, path, part)),
            path: path.to_owned(),
            message: message.to_owned(),
        }
    }
}

/// What the text itself has wrong.
#[derive(Debug)]
struct SyntaxError {
    at: Position,
    message: String,
}

/// Nesting beyond this is refused, so that no tree can exhaust the stack.
const MAX_DEPTH: usize = 128;

/// An I/O error without the `(os error 2)` that only a programmer can read.
pub(crate) fn reason(err: &std::io::Error) -> String {
    let text = err.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.chars().take(1).flat_map(char::to_lowercase).chain(text.chars().skip(1)).collect()
}

impl Node {
    /// The value of `key` in an object.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Object(members) => members.iter().find(|member| member.key == key).map(|member| &member.node),
            _ => None,
        }
    }

    /// The items of an array, none for anything else.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::Array(items) => items,
            _ => &[],
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

/// The same document without positions, in the order it was written.
impl serde::Serialize for Node {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Number(value) => value.serialize(serializer),
            Value::String(value) => serializer.serialize_str(value),
            Value::Array(items) => {
                let mut array = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| array.serialize_element(item))?;
                array.end()
            }
            Value::Object(members) => {
                let mut object = serializer.serialize_map(Some(members.len()))?;
                members.iter().try_for_each(|member| object.serialize_entry(&member.key, &member.node))?;
                object.end()
            }
        }
    }
}
