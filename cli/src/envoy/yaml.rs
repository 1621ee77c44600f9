//! Writing YAML by hand, so that the rendered files can carry comments and read like Envoy's own examples.

/// `text` with every line but the first moved right, for a placeholder that stands `by` columns in.
pub(crate) fn indent(text: &str, by: usize) -> String {
    let margin = format!("\n{}", " ".repeat(by));
    text.trim_end().replace('\n', &margin).replace(&format!("{margin}\n"), "\n\n")
}

/// A quoted scalar. Every JSON string is one.
pub(crate) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
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
}
