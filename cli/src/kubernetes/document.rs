//! A document of the operator's as YAML that people read in pull requests: short things on one line.

use super::object::scalar;
use crate::envoy::yaml::indent;
use pointsman_document::Document;

/// What still goes on one line.
const LINE: usize = 100;

/// `node` as block YAML, beginning in the first column.
pub(crate) fn document(node: &Document) -> String {
    match node {
        Document::Array(items) if !items.is_empty() => items.iter().map(item).collect(),
        Document::Object(members) if !members.is_empty() => members.iter().map(member).collect(),
        _ => format!("{}\n", line(node)),
    }
}

fn item(node: &Document) -> String {
    let short = line(node);
    if short.len() <= LINE { format!("- {short}\n") } else { format!("- {}\n", indent(&document(node), 2)) }
}

fn member((key, value): &(String, Document)) -> String {
    let (key, short) = (scalar(key), line(value));
    match value {
        _ if key.len() + short.len() <= LINE => format!("{key}: {short}\n"),
        Document::Array(_) => format!("{key}:\n{}", document(value)),
        Document::Object(_) => format!("{key}:\n  {}\n", indent(&document(value), 2)),
        _ => format!("{key}: {short}\n"),
    }
}

/// `node` on one line.
fn line(node: &Document) -> String {
    match node {
        Document::Null => "null".into(),
        Document::Bool(value) => value.to_string(),
        Document::Number(value) => value.to_string(),
        Document::String(text) => scalar(text),
        Document::Array(items) => format!("[{}]", items.iter().map(line).collect::<Vec<_>>().join(", ")),
        Document::Object(members) if members.is_empty() => "{}".into(),
        Document::Object(members) => {
            let members = members.iter().map(|(key, value)| format!("{}: {}", scalar(key), line(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
    }
}
