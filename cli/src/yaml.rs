//! YAML to be printed: a tree is built, and printed once.
//!
//! The tree says what a file means and how it is to be read: comments, what stands on one line, what is written out once
//! and named after that. The printer alone knows indentation, quotes, anchors and aliases, so that no value can break out
//! of its place. Reading YAML is not done here.

mod document;
mod json;
mod print;
mod scalar;
mod tree;

#[cfg(test)]
mod tests;

pub(crate) use document::{document, member, part};
pub(crate) use json::json;
pub(crate) use print::{comment, print};
pub(crate) use tree::{List, Map, Tree, literal, quoted, shared};
