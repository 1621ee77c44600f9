//! The printer: the one place that knows how YAML is indented, and what an anchor is called.

use super::scalar::{is_literal, is_printable, number, plain, quote};
use super::tree::{Layout, List, Map, Style, Tree};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// `tree` as a document that begins in the first column.
pub(crate) fn print(tree: &Tree) -> String {
    let mut printer = Printer::default();
    printer.document(tree);
    printer.text
}

/// `tree` on one line, without a line's end.
pub(crate) fn line(tree: &Tree) -> String {
    let mut printer = Printer::default();
    printer.line(tree, true);
    printer.text
}

/// Lines of text as lines of comment.
pub(crate) fn comment(text: &str) -> String {
    let mut printer = Printer::default();
    printer.comment(text, 0);
    printer.text
}

#[derive(Default)]
struct Printer<'t> {
    text: String,
    /// The anchor of each shared tree that was written out.
    anchors: HashMap<(&'static str, &'t Tree), String>,
    /// The same by where the tree is: one that is large and stands in many places is not compared each time.
    places: HashMap<(&'static str, *const Tree), String>,
    /// All anchors, and how many there are of each name.
    taken: HashSet<String>,
    counts: HashMap<&'static str, usize>,
}

impl<'t> Printer<'t> {
    fn document(&mut self, tree: &'t Tree) {
        match tree {
            Tree::Map(map) if is_block_map(map) => self.map(map, 0, false),
            Tree::List(list) if is_block_list(list) => self.list(list, 0, false),
            Tree::Text(text, Style::Literal) if is_literal(text) => {
                self.text.push_str("|-");
                self.literal(text, 2);
            }
            Tree::Shared(..) => {
                // An anchor stands on a line of its own here.
                self.value(tree, 0, 0);
                self.text.drain(..1);
            }
            _ => {
                self.line(tree, false);
                self.text.push('\n');
            }
        }
    }

    /// What comes behind a key or a dash. Maps stand in column `map`, lists in column `list`.
    fn value(&mut self, tree: &'t Tree, map: usize, list: usize) {
        match tree {
            Tree::Map(entries) if is_block_map(entries) => {
                self.text.push('\n');
                self.map(entries, map, false);
            }
            Tree::List(items) if is_block_list(items) => {
                self.text.push('\n');
                self.list(items, list, false);
            }
            Tree::Text(text, Style::Literal) if is_literal(text) => {
                self.text.push_str(" |-");
                self.literal(text, map.max(2));
            }
            Tree::Shared(name, inner) => {
                if self.anchor(name, inner) {
                    self.value(inner, map, list);
                } else {
                    self.text.push('\n');
                }
            }
            _ => {
                self.text.push(' ');
                self.line(tree, false);
                self.text.push('\n');
            }
        }
    }

    /// `is_begun`: the first entry goes where the line ends now.
    fn map(&mut self, map: &'t Map, column: usize, is_begun: bool) {
        for (number, entry) in map.entries.iter().enumerate() {
            self.comment(&entry.comment, column);
            if number > 0 || !is_begun {
                self.margin(column);
            }
            self.text.push_str(&plain(&entry.key, false));
            self.text.push(':');
            self.value(&entry.tree, column + 2, column);
        }
    }

    fn list(&mut self, list: &'t List, column: usize, is_begun: bool) {
        for (number, item) in list.items.iter().enumerate() {
            self.comment(&item.comment, column);
            if number > 0 || !is_begun {
                self.margin(column);
            }
            self.text.push('-');
            match &item.tree {
                Tree::Map(map) if is_block_map(map) && !begins_with_comment(&item.tree) => {
                    self.text.push(' ');
                    self.map(map, column + 2, true);
                }
                Tree::List(list) if is_block_list(list) && !begins_with_comment(&item.tree) => {
                    self.text.push(' ');
                    self.list(list, column + 2, true);
                }
                tree => self.value(tree, column + 2, column + 2),
            }
        }
    }

    /// `in_line`: among other values on this line.
    fn line(&mut self, tree: &'t Tree, in_line: bool) {
        match tree {
            Tree::Null => self.text.push_str("null"),
            Tree::Bool(value) => self.text.push_str(&value.to_string()),
            Tree::Number(value) => self.text.push_str(&number(value)),
            Tree::Text(text, Style::Plain) => self.text.push_str(&plain(text, in_line)),
            Tree::Text(text, Style::Quoted | Style::Literal) => self.text.push_str(&quote(text)),
            Tree::List(list) => {
                self.text.push('[');
                for (number, item) in list.items.iter().enumerate() {
                    self.text.push_str(if number > 0 { ", " } else { "" });
                    self.line(&item.tree, true);
                }
                self.text.push(']');
            }
            Tree::Map(map) if map.entries.is_empty() => self.text.push_str("{}"),
            Tree::Map(map) => {
                for (number, entry) in map.entries.iter().enumerate() {
                    self.text.push_str(if number > 0 { ", " } else { "{ " });
                    self.text.push_str(&plain(&entry.key, true));
                    self.text.push_str(": ");
                    self.line(&entry.tree, true);
                }
                self.text.push_str(" }");
            }
            Tree::Shared(name, inner) => {
                let start = self.text.len();
                if self.anchor(name, inner) {
                    self.text.push(' ');
                    self.line(inner, in_line);
                }
                // The place has its space already.
                self.text.remove(start);
            }
        }
    }

    /// Writes the anchor of what comes for the first time, and says that it has to be written out; else its alias.
    fn anchor(&mut self, name: &'static str, inner: &'t Rc<Tree>) -> bool {
        let (place, content) = ((name, Rc::as_ptr(inner)), (name, inner.as_ref()));
        if let Some(anchor) = self.places.get(&place).or_else(|| self.anchors.get(&content)) {
            self.text.push_str(&format!(" *{anchor}"));
            return false;
        }
        let anchor = self.new_anchor(name);
        self.text.push_str(&format!(" &{anchor}"));
        self.places.insert(place, anchor.clone());
        self.anchors.insert(content, anchor);
        true
    }

    /// `name`, with a number if others have that name already.
    fn new_anchor(&mut self, name: &'static str) -> String {
        let count = self.counts.entry(name).or_insert(0);
        loop {
            *count += 1;
            let anchor = if *count == 1 { name.to_owned() } else { format!("{name}-{count}") };
            if self.taken.insert(anchor.clone()) {
                return anchor;
            }
        }
    }

    fn literal(&mut self, text: &str, column: usize) {
        self.text.push('\n');
        for line in text.split('\n') {
            if !line.is_empty() {
                self.margin(column);
                self.text.push_str(line);
            }
            self.text.push('\n');
        }
    }

    fn comment(&mut self, text: &str, column: usize) {
        for line in text.lines() {
            self.margin(column);
            self.text.push_str(if line.is_empty() { "#" } else { "# " });
            self.text.extend(line.chars().map(|letter| if is_printable(letter) { letter } else { ' ' }));
            self.text.push('\n');
        }
    }

    fn margin(&mut self, column: usize) {
        self.text.extend(std::iter::repeat_n(' ', column));
    }
}

/// Empty ones are written on one line.
fn is_block_map(map: &Map) -> bool {
    map.layout == Layout::Block && !map.entries.is_empty()
}

fn is_block_list(list: &List) -> bool {
    list.layout == Layout::Block && !list.items.is_empty()
}

/// Whether the first thing to be written is a comment, which cannot stand behind a dash.
fn begins_with_comment(tree: &Tree) -> bool {
    match tree {
        Tree::Map(map) => map.entries.first().is_some_and(|entry| !entry.comment.is_empty()),
        Tree::List(list) if is_block_list(list) => {
            list.items.first().is_some_and(|item| !item.comment.is_empty() || begins_with_comment(&item.tree))
        }
        _ => false,
    }
}
