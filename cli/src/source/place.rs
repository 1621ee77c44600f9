//! Where a field stands, by its path as in `rules[2].route.targets[0].model`.

use super::{Node, Position, Value};

/// Where to point for `message` about `path`: at the value, at the key, or at the deepest part of the path there is.
pub(super) fn of(root: &Node, path: &str, message: &str) -> Position {
    let mut deepest = (path.len(), root.at);
    descend(root, path, points_at_key(message), &mut deepest);
    deepest.1
}

/// For these the key is what is wrong, for all others the value.
fn points_at_key(message: &str) -> bool {
    message.starts_with("unknown field") || message.starts_with("duplicate")
}

/// Follows `path` from `node`, noting the position with the least of the path left.
fn descend(node: &Node, path: &str, at_key: bool, deepest: &mut (usize, Position)) {
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
                let at = if rest.is_empty() && at_key { member.at } else { member.node.at };
                // The last of several equal keys is the one too many.
                if rest.len() < deepest.0 || rest.is_empty() {
                    *deepest = (rest.len(), at);
                }
                if !rest.is_empty() {
                    descend(&member.node, rest, at_key, deepest);
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
                descend(item, rest, at_key, deepest);
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

    fn check(path: &str, message: &str, line: usize, column: usize) {
        let root = yaml::parse(POLICY).unwrap();
        assert_eq!(of(&root, path, message), Position { line, column }, "{path}");
    }

    #[test]
    fn a_wrong_value_is_pointed_at() {
        check("rules[0].match.stream", "expected true or false", 7, 13);
    }

    #[test]
    fn an_unknown_field_is_pointed_at_by_its_key() {
        check("rules[0].stream", "unknown field", 8, 3);
    }

    #[test]
    fn a_missing_field_is_pointed_at_by_its_parent() {
        check("models[0].cluster", "missing", 2, 3);
        check("aliases", "missing", 1, 1);
    }

    #[test]
    fn a_key_may_hold_a_dot() {
        check("models[0].labels.a.b", "bad", 3, 18);
    }
}
