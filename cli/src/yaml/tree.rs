//! What is printed: values with what their reader should see of them.

use serde_json::Number;
use std::rc::Rc;

/// A value and how it is written. Equal trees are printed alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Tree {
    Null,
    Bool(bool),
    Number(Number),
    Text(String, Style),
    List(List),
    Map(Map),
    /// Written out where it comes first in a file, and named by an alias wherever an equal one comes after that. The name
    /// is what its anchor is called.
    Shared(&'static str, Rc<Tree>),
}

/// How text is written, where its place allows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Style {
    /// In quotes only when it could be read as something else.
    Plain,
    Quoted,
    /// Line by line below its key: for texts of several lines.
    Literal,
}

/// Where the parts of a list or a map stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Layout {
    /// Each on lines of its own.
    Block,
    /// All on one line, where there is no room for comments.
    Line,
}

/// Items in order, each with the comment above it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct List {
    pub(super) layout: Layout,
    pub(super) items: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Item {
    pub(super) comment: String,
    pub(super) tree: Tree,
}

/// Entries in order, each with the comment above it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Map {
    pub(super) layout: Layout,
    pub(super) entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Entry {
    pub(super) comment: String,
    pub(super) key: String,
    pub(super) tree: Tree,
}

/// Text in quotes, though it may need none: what an operator named, so that nobody takes it for a word of Envoy's.
pub(crate) fn quoted(text: impl Into<String>) -> Tree {
    Tree::Text(text.into(), Style::Quoted)
}

/// Text of several lines, as it is.
pub(crate) fn literal(text: impl Into<String>) -> Tree {
    Tree::Text(text.into(), Style::Literal)
}

/// A tree that may stand in several places of one file. Envoy reads YAML's anchors and aliases, but not its merge keys.
pub(crate) fn shared(name: &'static str, tree: impl Into<Tree>) -> Tree {
    match tree.into() {
        // No value has two anchors.
        tree @ Tree::Shared(..) => tree,
        tree => Tree::Shared(name, Rc::new(tree)),
    }
}

impl List {
    pub(crate) fn new() -> Self {
        Self { layout: Layout::Block, items: Vec::new() }
    }

    /// Items on lines of their own.
    pub(crate) fn of<T: Into<Tree>>(items: impl IntoIterator<Item = T>) -> Self {
        items.into_iter().fold(Self::new(), Self::with)
    }

    /// Items on one line.
    pub(crate) fn line<T: Into<Tree>>(items: impl IntoIterator<Item = T>) -> Self {
        Self { layout: Layout::Line, ..Self::of(items) }
    }

    pub(crate) fn with(self, item: impl Into<Tree>) -> Self {
        self.noted("", item)
    }

    /// An item below a comment.
    pub(crate) fn noted(mut self, comment: impl Into<String>, item: impl Into<Tree>) -> Self {
        self.items.push(Item { comment: comment.into(), tree: item.into() });
        self
    }

    /// And then the items of another.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.items.extend(other.items);
        self
    }
}

impl Map {
    /// Entries on lines of their own.
    pub(crate) fn new() -> Self {
        Self { layout: Layout::Block, entries: Vec::new() }
    }

    /// Entries on one line.
    pub(crate) fn line() -> Self {
        Self { layout: Layout::Line, ..Self::new() }
    }

    pub(crate) fn with(self, key: impl Into<String>, value: impl Into<Tree>) -> Self {
        self.noted("", key, value)
    }

    /// An entry if there is a value.
    pub(crate) fn with_some(self, key: &str, value: Option<impl Into<Tree>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// An entry below a comment.
    pub(crate) fn noted(mut self, comment: impl Into<String>, key: impl Into<String>, value: impl Into<Tree>) -> Self {
        self.entries.push(Entry { comment: comment.into(), key: key.into(), tree: value.into() });
        self
    }

    /// These entries, and then those of `other`.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.entries.extend(other.entries);
        self
    }

    /// The same below a comment.
    pub(crate) fn below(mut self, comment: impl Into<String>) -> Self {
        if let Some(first) = self.entries.first_mut() {
            first.comment = comment.into();
        }
        self
    }
}

/// Text is plain: what is in quotes says so.
impl From<String> for Tree {
    fn from(text: String) -> Self {
        Self::Text(text, Style::Plain)
    }
}

impl From<&str> for Tree {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<&String> for Tree {
    fn from(text: &String) -> Self {
        text.clone().into()
    }
}

impl From<bool> for Tree {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<List> for Tree {
    fn from(list: List) -> Self {
        Self::List(list)
    }
}

impl From<Map> for Tree {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

macro_rules! from_numbers {
    ($($number:ty),+) => {
        $(impl From<$number> for Tree {
            fn from(number: $number) -> Self {
                Self::Number(number.into())
            }
        })+
    };
}

from_numbers!(u16, u32, i32);
