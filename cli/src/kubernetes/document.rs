//! A document of the operator's as YAML that people read in pull requests: short things on one line.

use super::object::scalar;
use crate::envoy::yaml::indent;
use crate::source::{Member, Node, Value};

/// What still goes on one line.
const LINE: usize = 100;

/// `node` as block YAML, beginning in the first column.
pub(crate) fn document(node: &Node) -> String {
    match &node.value {
        Value::Array(items) if !items.is_empty() => items.iter().map(item).collect(),
        Value::Object(members) if !members.is_empty() => members.iter().map(member).collect(),
        _ => format!("{}\n", line(node)),
    }
}

fn item(node: &Node) -> String {
    let short = line(node);
    if short.len() <= LINE { format!("- {short}\n") } else { format!("- {}\n", indent(&document(node), 2)) }
}

fn member(member: &Member) -> String {
    let (key, short) = (scalar(&member.key), line(&member.node));
    match &member.node.value {
        _ if key.len() + short.len() <= LINE => format!("{key}: {short}\n"),
        Value::Array(_) => format!("{key}:\n{}", document(&member.node)),
        Value::Object(_) => format!("{key}:\n  {}\n", indent(&document(&member.node), 2)),
        _ => format!("{key}: {short}\n"),
    }
}

/// `node` on one line.
fn line(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(text) => scalar(text),
        Value::Array(items) => format!("[{}]", items.iter().map(line).collect::<Vec<_>>().join(", ")),
        Value::Object(members) if members.is_empty() => "{}".into(),
        Value::Object(members) => {
            let members = members.iter().map(|member| format!("{}: {}", scalar(&member.key), line(&member.node)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
    }
}
