//! YAML 1.2 (core schema) to a tree. Built on parser events, because ready-made trees drop duplicate keys.

use super::scalar::resolve;
use super::{MAX_DEPTH, Member, Node, Position, SyntaxError, Value};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};
use std::borrow::Cow;
use std::collections::HashMap;

/// Aliases may repeat what an anchor names, but not blow a small file up into a huge one.
const MAX_ALIASED_NODES: usize = 100_000;

pub(super) fn parse(text: &str) -> Result<Node, SyntaxError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder::default();
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|err| SyntaxError { at: position(err.marker()), message: err.info().to_owned() })?;
        let at = position(&span.start);
        if matches!(event, Event::DocumentStart(_)) {
            documents += 1;
        }
        if documents > 1 {
            return Err(SyntaxError { at, message: "only one document per file is allowed".into() });
        }
        builder.take(event, at)?;
    }
    Ok(builder.root.unwrap_or(Node { at: Position::START, value: Value::Null }))
}

fn position(marker: &Marker) -> Position {
    Position { line: marker.line(), column: marker.col() + 1 }
}

/// A collection whose end has not come yet.
struct Open {
    at: Position,
    anchor: usize,
    kind: Kind,
}

enum Kind {
    Array(Vec<Node>),
    Object(Vec<Member>, Option<(String, Position)>),
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    aliased: usize,
    root: Option<Node>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, at: Position) -> Result<(), SyntaxError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, tag.as_deref(), anchor, at),
            Event::SequenceStart(anchor, tag) => self.begin(Kind::Array(Vec::new()), anchor, tag, at),
            Event::MappingStart(anchor, tag) => self.begin(Kind::Object(Vec::new(), None), anchor, tag, at),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err(SyntaxError { at, message: "an alias cannot stand inside what it names".into() });
                };
                self.aliased += size(&node);
                if self.aliased > MAX_ALIASED_NODES {
                    return Err(SyntaxError { at, message: "the aliases expand to too many values".into() });
                }
                self.place(node, 0)
            }
            _ => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        anchor: usize,
        at: Position,
    ) -> Result<(), SyntaxError> {
        if let Some(Open { kind: Kind::Object(_, key @ None), .. }) = self.open.last_mut() {
            *key = Some((text.to_owned(), at));
            return Ok(());
        }
        let is_text = match tag {
            None => style != ScalarStyle::Plain,
            Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => true,
            Some(tag) => return Err(unsupported_tag(tag, at)),
        };
        let value = if is_text { Value::String(text.to_owned()) } else { resolve(text, at)? };
        self.place(Node { at, value }, anchor)
    }

    fn begin(&mut self, kind: Kind, anchor: usize, tag: Option<Cow<'_, Tag>>, at: Position) -> Result<(), SyntaxError> {
        if let Some(tag) = tag {
            return Err(unsupported_tag(&tag, at));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(SyntaxError { at, message: format!("nested deeper than {MAX_DEPTH} levels") });
        }
        if let Some(Open { kind: Kind::Object(_, None), .. }) = self.open.last() {
            return Err(SyntaxError { at, message: "a key must be plain text".into() });
        }
        self.open.push(Open { at, anchor, kind });
        Ok(())
    }

    fn end(&mut self) -> Result<(), SyntaxError> {
        let Some(Open { at, anchor, kind }) = self.open.pop() else {
            return Ok(());
        };
        let value = match kind {
            Kind::Array(items) => Value::Array(items),
            Kind::Object(members, _) => Value::Object(members),
        };
        self.place(Node { at, value }, anchor)
    }

    /// Puts a finished node where it belongs: under the open key, into the open list, or at the root.
    fn place(&mut self, node: Node, anchor: usize) -> Result<(), SyntaxError> {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.root = Some(node),
            Some(Kind::Array(items)) => items.push(node),
            Some(Kind::Object(members, key)) => match key.take() {
                Some((key, at)) => members.push(Member { key, at, node }),
                None => {
                    return Err(SyntaxError { at: node.at, message: "a key must be plain text".into() });
                }
            },
        }
        Ok(())
    }
}

fn size(node: &Node) -> usize {
    1 + match &node.value {
        Value::Array(items) => items.iter().map(size).sum(),
        Value::Object(members) => members.iter().map(|member| size(&member.node)).sum(),
        _ => 0,
    }
}

fn unsupported_tag(tag: &Tag, at: Position) -> SyntaxError {
    SyntaxError { at, message: format!("the tag `{}{}` is not supported", tag.handle, tag.suffix) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(yaml: &str, json: &str) {
        assert_eq!(serde_json::to_string(&parse(yaml).unwrap()).unwrap(), json, "{yaml}");
    }

    fn refused(yaml: &str, line: usize, column: usize, message: &str) {
        let err = parse(yaml).unwrap_err();
        assert_eq!((err.at.line, err.at.column), (line, column), "{yaml}: {}", err.message);
        assert!(err.message.contains(message), "{}", err.message);
    }

    #[test]
    fn duplicate_keys_are_kept() {
        check("{a: 1, a: 2}", r#"{"a":1,"a":2}"#);
    }

    #[test]
    fn an_alias_repeats_what_its_anchor_names() {
        check("a: &x {k: [1]}\nb: *x\n", r#"{"a":{"k":[1]},"b":{"k":[1]}}"#);
    }

    #[test]
    fn an_empty_file_is_null() {
        check("# nothing\n", "null");
    }

    #[test]
    fn surprises_are_refused() {
        refused("a: !custom 1\n", 1, 4, "tag");
        refused("? [a]\n: 1\n", 1, 3, "key");
        refused("a: .inf\n", 1, 4, "number");
        refused("a: 1\n---\nb: 2\n", 2, 1, "one document");
        refused(&"[".repeat(200), 1, 129, "nested");
    }

    #[test]
    fn aliases_cannot_explode() {
        let mut text = String::from("a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n");
        for level in 1..8 {
            let item = format!("*a{},", level - 1).repeat(10);
            text.push_str(&format!("a{level}: &a{level} [{item}]\n"));
        }
        assert!(parse(&text).unwrap_err().message.contains("too many"));
    }

    #[test]
    fn a_syntax_error_has_a_position() {
        let err = parse("models:\n- name: a\n cluster: b\n").unwrap_err();
        assert_eq!(err.at.line, 3);
    }
}
