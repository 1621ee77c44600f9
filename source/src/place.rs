//! Where a field stands, by its path as in `rules[2].route.targets[0].model`.

use pointsman_document::Document;

/// Line and column, both counted from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in it.
    pub column: usize,
}

impl Position {
    /// Where every text begins.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// Which part of a field a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The key: it should not be there at all.
    Key,
    /// Its value.
    Value,
}

/// Where a value of a document begins, and where each value inside it does: a tree of the same shape.
///
/// It stands beside the document and not in it, so that those who have no text to point at pay nothing for it.
#[derive(Debug, Clone)]
pub struct Place {
    /// Where its key begins; where it begins itself, if it has none.
    pub key: Position,
    /// Where it begins.
    pub at: Position,
    /// In which of the source's files, by its number among them.
    pub file: usize,
    /// One per item or member, in their order.
    pub inside: Vec<Place>,
}

impl Place {
    /// The place of a value that has nothing inside, and no key yet.
    pub(crate) fn at(at: Position) -> Self {
        Self { key: at, at, file: 0, inside: Vec::new() }
    }

    /// Says of all of it that it stands in that file.
    pub(crate) fn belongs_to(&mut self, file: usize) {
        self.file = file;
        self.inside.iter_mut().for_each(|place| place.belongs_to(file));
    }
}

/// A position in one of the files of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub(crate) file: usize,
    pub(crate) at: Position,
}

impl Spot {
    fn of(place: &Place, part: Part) -> Self {
        Self { file: place.file, at: if part == Part::Key { place.key } else { place.at } }
    }
}

/// Where `path` stands, or the deepest part of it there is.
pub(crate) fn of(root: &Document, place: &Place, path: &str, part: Part) -> Spot {
    let mut deepest = (path.len(), Spot::of(place, Part::Value));
    descend(root, place, path, part, &mut deepest);
    deepest.1
}

/// Follows `path` from `node`, noting the position with the least of the path left.
fn descend(node: &Document, place: &Place, path: &str, part: Part, deepest: &mut (usize, Spot)) {
    match node {
        Document::Object(members) => {
            let path = path.strip_prefix('.').unwrap_or(path);
            for ((key, value), place) in members.iter().zip(&place.inside) {
                // A key may itself hold dots and brackets, so every key that fits is tried.
                let Some(rest) = path.strip_prefix(key.as_str()) else {
                    continue;
                };
                if !(rest.is_empty() || rest.starts_with(['.', '['])) {
                    continue;
                }
                // The last of several equal keys is the one too many.
                if rest.len() < deepest.0 || rest.is_empty() {
                    *deepest = (rest.len(), Spot::of(place, if rest.is_empty() { part } else { Part::Value }));
                }
                if !rest.is_empty() {
                    descend(value, place, rest, part, deepest);
                }
            }
        }
        Document::Array(items) => {
            let Some((index, rest)) = path.strip_prefix('[').and_then(|path| path.split_once(']')) else {
                return;
            };
            let found = index.parse().ok().and_then(|index: usize| items.get(index).zip(place.inside.get(index)));
            let Some((item, place)) = found else {
                return;
            };
            if rest.len() < deepest.0 {
                *deepest = (rest.len(), Spot::of(place, Part::Value));
            }
            if !rest.is_empty() {
                descend(item, place, rest, part, deepest);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Placed, yaml};

    const POLICY: &str =
        "models:\n- name: a\n  labels: { a.b: x }\nrules:\n- name: r\n  match:\n    stream: 3\n  stream: 1\n";

    fn check(path: &str, part: Part, line: usize, column: usize) {
        let Placed { document, place } = yaml::parse(POLICY).unwrap();
        assert_eq!(of(&document, &place, path, part).at, Position { line, column }, "{path}");
    }

    #[test]
    fn a_wrong_value_is_pointed_at() {
        check("rules[0].match.stream", Part::Value, 7, 13);
    }

    #[test]
    fn an_unknown_field_is_pointed_at_by_its_key() {
        check("rules[0].stream", Part::Key, 8, 3);
    }

    #[test]
    fn a_missing_field_is_pointed_at_by_its_parent() {
        check("models[0].cluster", Part::Value, 2, 3);
        check("aliases", Part::Value, 1, 1);
    }

    #[test]
    fn a_key_may_hold_a_dot() {
        check("models[0].labels.a.b", Part::Value, 3, 18);
    }
}
