//! How much anchors and aliases may make of a file.

use crate::{Place, Placed};
use pointsman_document::Document;

const MAX_NODES: usize = 100_000;

/// A long text is one node, and can be repeated as often as any other.
const MAX_BYTES: usize = 16 << 20;

/// Nodes, and the texts in them.
#[derive(Debug, Default)]
pub(super) struct Size {
    nodes: usize,
    bytes: usize,
}

impl Size {
    /// Counts what comes on top, and says whether there is room for it.
    pub(super) fn takes(&mut self, node: &Placed) -> bool {
        self.nodes += nodes(&node.place);
        self.bytes += bytes(&node.document);
        self.nodes <= MAX_NODES && self.bytes <= MAX_BYTES
    }
}

fn nodes(place: &Place) -> usize {
    1 + place.inside.iter().map(nodes).sum::<usize>()
}

fn bytes(document: &Document) -> usize {
    match document {
        Document::String(text) => text.len(),
        Document::Array(items) => items.iter().map(bytes).sum(),
        Document::Object(members) => members.iter().map(|(key, value)| key.len() + bytes(value)).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use crate::yaml::parse;

    #[test]
    fn a_long_text_cannot_be_repeated_without_end() {
        let text = |times: usize| format!("a: &a \"{}\"\nb: [{}]\n", "x".repeat(1 << 20), "*a,".repeat(times));
        assert!(parse(&text(15)).is_ok());
        assert_eq!(parse(&text(17)).expect_err("too much").message, "the aliases expand to too many values");
        let nested = format!("{}\"{}\"{}", "&a [".repeat(100), "x".repeat(1 << 20), "]".repeat(100));
        assert_eq!(parse(&nested).expect_err("too much").message, "the anchors name too many values");
    }
}
