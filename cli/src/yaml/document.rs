//! A document of the operator's as YAML that people read in pull requests: short things on one line.

use super::print::line;
use super::tree::{Layout, List, Map, Tree};
use pointsman_document::Document;

/// What still goes on one line.
const LINE: usize = 100;

/// `node`, its own parts on lines of their own.
pub(crate) fn document(node: &Document) -> Tree {
    match node {
        Document::Null => Tree::Null,
        Document::Bool(value) => Tree::Bool(*value),
        Document::Number(number) => Tree::Number(number.clone()),
        Document::String(text) => text.into(),
        Document::Array(items) => List::of(items.iter().map(part)).into(),
        Document::Object(members) => {
            let entry = |map: Map, (key, value): &(String, Document)| map.with(key, member(key, value));
            members.iter().fold(Map::new(), entry).into()
        }
    }
}

/// The value of a member with this key.
pub(crate) fn member(key: &str, value: &Document) -> Tree {
    short(document(value), line(&Tree::from(key)).len())
}

/// An item of a list.
pub(crate) fn part(item: &Document) -> Tree {
    short(document(item), 0)
}

/// On one line if there is room behind `used` letters.
fn short(tree: Tree, used: usize) -> Tree {
    if used + line(&tree).len() > LINE {
        return tree;
    }
    match tree {
        Tree::List(list) => List { layout: Layout::Line, ..list }.into(),
        Tree::Map(map) => Map { layout: Layout::Line, ..map }.into(),
        tree => tree,
    }
}
