//! A document of the operator's as YAML that people read in pull requests: short things on one line.

use super::print::line;
use super::tree::{Layout, List, Map, Tree};
use crate::source::{Member, Node, Value};

/// What still goes on one line.
const LINE: usize = 100;

/// `node`, its own parts on lines of their own.
pub(crate) fn document(node: &Node) -> Tree {
    match &node.value {
        Value::Null => Tree::Null,
        Value::Bool(value) => Tree::Bool(*value),
        Value::Number(number) => Tree::Number(number.clone()),
        Value::String(text) => text.into(),
        Value::Array(items) => List::of(items.iter().map(|item| short(document(item), 0))).into(),
        Value::Object(members) => {
            let entry = |map: Map, member: &Member| {
                let used = line(&Tree::from(&member.key)).len();
                map.with(&member.key, short(document(&member.node), used))
            };
            members.iter().fold(Map::new(), entry).into()
        }
    }
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
