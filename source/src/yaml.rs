//! YAML 1.2 (core schema) to a tree. Built on parser events, because ready-made trees drop duplicate keys.

mod merge;
mod size;
mod words;

use crate::scalar::resolve;
use crate::{MAX_DEPTH, Place, Placed, Position, SyntaxError, too_deep};
use pointsman_document::Document;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};
use size::Size;
use std::borrow::Cow;
use std::collections::HashMap;

pub(crate) fn parse(text: &str) -> Result<Placed, SyntaxError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder::default();
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|err| words::plain(text, position(err.marker()), err.info()))?;
        let at = position(&span.start);
        if matches!(event, Event::DocumentStart(_)) {
            documents += 1;
        }
        if documents > 1 {
            return Err(SyntaxError {
                at,
                message:
                    "a second document begins here (`---`), and a file is only one: remove the line, or split the file"
                        .into(),
            });
        }
        builder.take(event, at)?;
    }
    Ok(builder.root.unwrap_or(Placed { document: Document::Null, place: Place::at(Position::START) }))
}

fn position(marker: &Marker) -> Position {
    Position { line: marker.line(), column: marker.col() + 1 }
}

/// A collection whose end has not come yet.
struct Open {
    place: Place,
    anchor: usize,
    kind: Kind,
}

enum Kind {
    Array(Vec<Document>),
    Object(Members),
}

/// The members of an object that is being read.
#[derive(Default)]
struct Members {
    own: Vec<(String, Document)>,
    /// The key whose value has not come yet.
    key: Option<Key>,
    /// What `<<` brings in; nothing where the object has none.
    merged: Option<Vec<Placed>>,
}

struct Key {
    text: String,
    at: Position,
    /// Whether it is `<<`, and not a text that looks so.
    merges: bool,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Placed>,
    /// What aliases have repeated so far: they may, but not blow a small file up into a huge one.
    aliased: Size,
    /// What anchors name: each is kept beside the document, also what lies in another's.
    anchored: Size,
    root: Option<Placed>,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, at: Position) -> Result<(), SyntaxError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, tag.as_deref(), anchor, at),
            Event::SequenceStart(anchor, tag) => self.begin(Kind::Array(Vec::new()), anchor, tag, at),
            Event::MappingStart(anchor, tag) => self.begin(Kind::Object(Members::default()), anchor, tag, at),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err(SyntaxError { at, message: "an alias cannot stand inside what it names".into() });
                };
                if !self.aliased.takes(&node) {
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
        if let Some(Open { kind: Kind::Object(members @ Members { key: None, .. }), .. }) = self.open.last_mut() {
            let merges = text == "<<" && style == ScalarStyle::Plain;
            if merges && members.merged.is_some() {
                return Err(SyntaxError { at, message: merge::TWICE.into() });
            }
            members.key = Some(Key { text: text.to_owned(), at, merges });
            return Ok(());
        }
        let is_text = match tag {
            None => style != ScalarStyle::Plain,
            Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => true,
            Some(tag) => return Err(unsupported_tag(tag, at)),
        };
        let document = if is_text { Document::String(text.to_owned()) } else { resolve(text, at)? };
        self.place(Placed { document, place: Place::at(at) }, anchor)
    }

    fn begin(&mut self, kind: Kind, anchor: usize, tag: Option<Cow<'_, Tag>>, at: Position) -> Result<(), SyntaxError> {
        if let Some(tag) = tag {
            return Err(unsupported_tag(&tag, at));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(at));
        }
        if let Some(Open { kind: Kind::Object(Members { key: None, .. }), .. }) = self.open.last() {
            return Err(SyntaxError { at, message: "a key must be plain text".into() });
        }
        self.open.push(Open { place: Place::at(at), anchor, kind });
        Ok(())
    }

    fn end(&mut self) -> Result<(), SyntaxError> {
        let Some(Open { mut place, anchor, kind }) = self.open.pop() else {
            return Ok(());
        };
        let document = match kind {
            Kind::Array(items) => Document::Array(items),
            Kind::Object(Members { mut own, merged, .. }) => {
                merge::add(&mut own, &mut place.inside, merged.unwrap_or_default());
                Document::Object(own)
            }
        };
        self.place(Placed { document, place }, anchor)
    }

    /// Puts a finished node where it belongs: under the open key, into the open list, or at the root.
    fn place(&mut self, node: Placed, anchor: usize) -> Result<(), SyntaxError> {
        if anchor > 0 {
            if !self.anchored.takes(&node) {
                return Err(SyntaxError { at: node.place.at, message: "the anchors name too many values".into() });
            }
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        let Placed { document, mut place } = node;
        match &mut open.kind {
            Kind::Array(items) => items.push(document),
            Kind::Object(members) => {
                let Some(key) = members.key.take() else {
                    return Err(SyntaxError { at: place.at, message: "a key must be plain text".into() });
                };
                if key.merges {
                    members.merged = Some(merge::objects(Placed { document, place }, key.at)?);
                    return Ok(());
                }
                members.own.push((key.text, document));
                place.key = key.at;
            }
        }
        open.place.inside.push(place);
        Ok(())
    }
}

fn unsupported_tag(tag: &Tag, at: Position) -> SyntaxError {
    SyntaxError { at, message: format!("the tag `{}{}` is not supported", tag.handle, tag.suffix) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(yaml: &str, json: &str) {
        assert_eq!(serde_json::to_string(&parse(yaml).unwrap().document).unwrap(), json, "{yaml}");
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
        refused("a: 1\n---\nb: 2\n", 2, 1, "a second document");
        refused(&"[".repeat(200), 1, 129, "nested");
    }

    #[test]
    fn anchors_cannot_explode_either() {
        let nested = |depth: usize, values: usize| {
            let open: String = (0..depth).map(|number| format!("&a{number} [")).collect();
            format!("{open}{}{}", "1,".repeat(values), "]".repeat(depth))
        };
        assert!(parse(&nested(50, 1000)).is_ok());
        assert!(parse(&nested(1, 90_000)).is_ok());
        for (depth, values) in [(120, 1000), (2, 60_000), (120, 150_000)] {
            let error = parse(&nested(depth, values)).expect_err("too many");
            assert_eq!(error.message, "the anchors name too many values");
        }
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
