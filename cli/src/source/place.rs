//! Where a field stands, by its path as in `rules[2].route.targets[0].model`.

use super::{Node, Part, Position, Value};

/// Where `path` stands, or the deepest part of it there is.
pub(super) fn of(root: &Node, path: &str, part: Part) -> Position {
    let mut deepest = (path.len(), root.at);
    descend(root, path, part, &mut deepest);
    deepest.1
}

/// Follows `path` from `node`, noting the position with the least of the path left.
fn descend(node: &Node, path: &str, part: Part, deepest: &mut (usize, Position)) {
    match &node.value {
        Value::Object(members) => {
            let path = path.strip_prefix('.').unwrap_or(path);
            for member in members {
                // A key may itself hold dots and brackets, so every key that fits is tried.
                let Some(rest) = path.strip_prefix(member.key.as_str()) else {
                    continue;
                };
                if !(rest.is_empty() || rest.starts_with(['.', '['])) {
                    continue;
                }
                let at = if rest.is_empty() && part == Part::Key { member.at } else { member.node.at };
                // The last of several equal keys is the one too many.
                if rest.len() < deepest.0 || rest.is_empty() {
                    *deepest = (rest.len(), at);
                }
                if !rest.is_empty() {
                    descend(&member.node, rest, part, deepest);
                }
            }
        }
        Value::Array(items) => {
            let Some((index, rest)) = path.strip_prefix('[').and_then(|path| path.split_once(']')) else {
                return;
            };
            let Some(item) = index.parse().ok().and_then(|index: usize| items.get(index)) else {
                return;
            };
            if rest.len() < deepest.0 {
                *deepest = (rest.len(), item.at);
            }
            if !rest.is_empty() {
                descend(item, rest, part, deepest);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::yaml;

    const POLICY: &str =
        "models:\n- name: a\n  labels: { a.b: x }\nrules:\n- name: r\n  match:\n    stream: 3\n  stream: 1\n";

    fn check(path: &str, part: Part, line: usize, column: usize) {
        let root = yaml::parse(POLICY).unwrap();
        assert_eq!(of(&root, path, part), Position { line, column }, "{path}");
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
