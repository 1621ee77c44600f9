//! Writing YAML by hand, so that the rendered files can carry comments and read like Envoy's own examples.

use std::collections::HashMap;

/// `text` with every line but the first moved right, for a placeholder that stands `by` columns in.
pub(crate) fn indent(text: &str, by: usize) -> String {
    let margin = format!("\n{}", " ".repeat(by));
    text.trim_end().replace('\n', &margin).replace(&format!("{margin}\n"), "\n\n")
}

/// A quoted scalar. Every JSON string is one.
pub(crate) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A list on one line.
pub(crate) fn list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<_> = items.into_iter().map(quote).collect();
    format!("[{}]", items.join(", "))
}

/// A mapping as the value of a key. An anchor or alias stands on the key's line.
pub(crate) fn value(mapping: &str) -> String {
    if mapping.starts_with(['&', '*']) { mapping.to_owned() } else { format!("\n  {}", indent(mapping, 2)) }
}

/// Blocks that stand in several places of one file: written out where they come first, named by an alias after that.
/// Envoy reads YAML's anchors and aliases, but not its merge keys.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// The anchor of each block, by what is in it.
    anchors: HashMap<String, String>,
}

impl Shared {
    /// A mapping as the value of a key or an item of a list. `name` is what its anchor is called.
    pub(crate) fn block(&mut self, name: &str, text: &str) -> String {
        self.nested(name, text, |_| text.to_owned())
    }

    /// The same for a mapping that has shared blocks in it; `key` is different for each content.
    pub(crate) fn nested(&mut self, name: &str, key: &str, text: impl FnOnce(&mut Self) -> String) -> String {
        let key = format!("{name} {key}");
        if let Some(anchor) = self.anchors.get(&key) {
            return format!("*{anchor}");
        }
        let used = self
            .anchors
            .values()
            .filter(|anchor| anchor.trim_end_matches(|c: char| c == '-' || c.is_ascii_digit()) == name);
        let anchor = match used.count() {
            0 => name.to_owned(),
            others => format!("{name}-{}", others + 1),
        };
        self.anchors.insert(key, anchor.clone());
        format!("&{anchor}\n  {}", indent(&text(self), 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_moved_right_but_for_its_first_line() {
        assert_eq!(indent("a:\n- b\n", 2), "a:\n  - b");
    }

    #[test]
    fn scalars_cannot_break_out() {
        assert_eq!(quote("a\"\n: b"), r#""a\"\n: b""#);
    }

    #[test]
    fn a_block_is_written_out_once() {
        let mut shared = Shared::default();
        assert_eq!(shared.block("limits", "a: 1\nb: 2\n"), "&limits\n  a: 1\n  b: 2");
        assert_eq!(shared.block("limits", "a: 1\nb: 2\n"), "*limits");
        assert_eq!(shared.block("limits", "a: 2\n"), "&limits-2\n  a: 2");
        let outer = shared.nested("outer", "of 1", |shared| format!("in: {}\n", shared.block("limits", "a: 2\n")));
        assert_eq!(outer, "&outer\n  in: *limits-2");
        assert_eq!(shared.nested("outer", "of 1", |_| String::new()), "*outer");
    }
}
