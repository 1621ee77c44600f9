//! One object of a manifest, with the comment that stands above it.

use crate::envoy::yaml::{indent, quote};

/// An object, its `spec` as text that begins in the first column.
#[derive(Debug)]
pub(crate) struct Object<'a> {
    /// Sentences for the reader, one a line.
    pub(crate) comment: String,
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) namespace: &'a str,
    pub(crate) labels: Vec<(&'static str, &'a str)>,
    pub(crate) spec: String,
}

impl Object<'_> {
    fn render(&self) -> String {
        let labels: Vec<_> = self.labels.iter().map(|(key, value)| format!("{key}: {}", scalar(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("\n  labels: {{ {} }}", labels.join(", ")) };
        format!(
            "{comment}apiVersion: {api_version}
kind: {kind}
metadata:
  name: {name}
  namespace: {namespace}{labels}
spec:
  {spec}
",
            comment = comment(&self.comment),
            api_version = self.api_version,
            kind = self.kind,
            name = self.name,
            namespace = self.namespace,
            spec = indent(&self.spec, 2),
        )
    }
}

/// All objects as one file, in the order in which they should come to be.
pub(crate) fn manifest(head: &str, objects: &[Object<'_>]) -> String {
    let objects: String = objects.iter().map(|object| format!("---\n{}", object.render())).collect();
    format!("{}{objects}", comment(head))
}

/// Lines of text as lines of comment.
fn comment(text: &str) -> String {
    let line = |line: &str| if line.is_empty() { "#\n".into() } else { format!("# {line}\n") };
    text.lines().map(line).collect()
}

/// Text as YAML, in quotes only where it could be read as something else.
pub(crate) fn scalar(text: &str) -> String {
    const NOT_TEXT: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte);
    let is_plain = text.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
        && text.bytes().all(plain)
        && !NOT_TEXT.contains(&text.to_ascii_lowercase().as_str());
    if is_plain { text.to_owned() } else { quote(text) }
}

/// A list on one line.
pub(crate) fn list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    format!("[{}]", items.into_iter().map(scalar).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_reads_as_text_goes_without_quotes() {
        assert_eq!(scalar("api.openai.com"), "api.openai.com");
        for (text, expected) in [("no", r#""no""#), ("1.30", r#""1.30""#), ("a: b", r#""a: b""#), ("", r#""""#)] {
            assert_eq!(scalar(text), expected);
        }
        assert_eq!(list(["a", "*"]), r#"[a, "*"]"#);
    }

    #[test]
    fn comments_stay_comments() {
        assert_eq!(comment("one\n\ntwo"), "# one\n#\n# two\n");
    }
}
