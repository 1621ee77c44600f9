//! YAML as values, for looking into what was rendered. Aliases are resolved, as Envoy does it.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};
use std::collections::HashMap;

pub(crate) fn parse(text: &str) -> Value {
    let mut open: Vec<(usize, Vec<Value>, bool)> = vec![(0, Vec::new(), false)];
    let mut anchors = HashMap::new();
    for event in Parser::new_from_str(text) {
        let (done, anchor) = match event.unwrap().0 {
            Event::Scalar(text, style, anchor, _) => {
                let plain = (style == ScalarStyle::Plain).then(|| serde_json::from_str(&text).ok()).flatten();
                (plain.unwrap_or_else(|| Value::from(text.as_ref())), anchor)
            }
            Event::SequenceStart(anchor, _) => {
                open.push((anchor, Vec::new(), false));
                continue;
            }
            Event::MappingStart(anchor, _) => {
                open.push((anchor, Vec::new(), true));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (anchor, values, is_mapping) = open.pop().unwrap();
                (if is_mapping { mapping(&values) } else { Value::Array(values) }, anchor)
            }
            Event::Alias(anchor) => (anchors.get(&anchor).cloned().unwrap(), 0),
            _ => continue,
        };
        if anchor > 0 {
            anchors.insert(anchor, done.clone());
        }
        open.last_mut().unwrap().1.push(done);
    }
    open.pop().unwrap().1.pop().unwrap()
}

/// Keys and values in turn; a key that stands twice is a mistake.
fn mapping(values: &[Value]) -> Value {
    let mut members = Map::new();
    for pair in values.chunks_exact(2) {
        let key = pair[0].as_str().map_or_else(|| pair[0].to_string(), str::to_owned);
        assert!(members.insert(key, pair[1].clone()).is_none(), "twice: {}", pair[0]);
    }
    Value::Object(members)
}
