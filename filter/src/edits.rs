//! How the router's edits reach the gate.
//!
//! In `hold: gate` the router has let its headers go when it decides, and Envoy gives it no header map any more. The gate
//! behind it still has one. It publishes where it can be reached; the router sends it what to change:
//!
//! ```text
//! address (filter state)   version, queue, context
//! letter (queue message)   version, context, then edits: kind, name length, name, value length, value
//! ```
//!
//! Router and gate may be two versions of the module while one of two Istio plugins is being replaced, hence the version.

use pointsman_engine::Edits;
use pointsman_engine::names::CLUSTER_HEADER;

/// Filter state in which the gate publishes its address.
pub(crate) const ADDRESS_PROPERTY: &str = "pointsman_gate";

const VERSION: u8 = 1;
const SET: u8 = 1;
const REMOVE: u8 = 2;

/// Where a gate that holds a request can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// The queue of the gate's plugin on this worker.
    pub(crate) queue: u32,
    /// The gate's context of this request.
    pub(crate) context: u32,
}

impl Address {
    pub(crate) fn encode(self) -> [u8; 9] {
        let [a, b, c, d] = self.queue.to_le_bytes();
        let [e, f, g, h] = self.context.to_le_bytes();
        [VERSION, a, b, c, d, e, f, g, h]
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (queue, rest) = number(bytes.strip_prefix(&[VERSION])?)?;
        let (context, rest) = number(rest)?;
        rest.is_empty().then_some(Self { queue, context })
    }
}

/// What the gate shall do with one header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderEdit<'a> {
    Set(&'a [u8], &'a [u8]),
    Remove(&'a [u8]),
}

/// The header edits of a decision, in the order in which they are made: the cluster comes last, when all else stands.
pub(crate) fn header_edits<'a>(
    edits: &'a Edits,
    content_length: Option<&'a str>,
) -> impl Iterator<Item = HeaderEdit<'a>> {
    let removed = edits.remove_headers.iter().map(|name| HeaderEdit::Remove(name.as_bytes()));
    let length = content_length.map(|length| HeaderEdit::Set(b"content-length", length.as_bytes()));
    // A request that the policy lets through unread has no cluster: it must not keep the mark of an undecided one.
    let unrouted = !edits.set_headers.iter().any(|(name, _)| *name == CLUSTER_HEADER);
    let unmark = unrouted.then_some(HeaderEdit::Remove(CLUSTER_HEADER.as_bytes()));
    let set = edits.set_headers.iter().map(|(name, value)| HeaderEdit::Set(name.as_bytes(), value.as_bytes()));
    removed.chain(length).chain(unmark).chain(set)
}

/// Writes a letter to the gate's context.
pub(crate) fn write<'a>(context: u32, edits: impl Iterator<Item = HeaderEdit<'a>>) -> Vec<u8> {
    let mut letter = vec![VERSION];
    letter.extend(context.to_le_bytes());
    for edit in edits {
        let (kind, name, value) = match edit {
            HeaderEdit::Set(name, value) => (SET, name, value),
            HeaderEdit::Remove(name) => (REMOVE, name, &b""[..]),
        };
        letter.push(kind);
        for text in [name, value] {
            letter.extend((text.len() as u32).to_le_bytes());
            letter.extend_from_slice(text);
        }
    }
    letter
}

/// Reads a letter: the gate's context and its edits, `None` when it is not one of ours.
pub(crate) fn read(letter: &[u8]) -> Option<(u32, Vec<HeaderEdit<'_>>)> {
    let (context, mut rest) = number(letter.strip_prefix(&[VERSION])?)?;
    let mut edits = Vec::new();
    while let Some((kind, text)) = rest.split_first() {
        let (name, value);
        (name, rest) = counted(text)?;
        (value, rest) = counted(rest)?;
        edits.push(match *kind {
            SET => HeaderEdit::Set(name, value),
            REMOVE => HeaderEdit::Remove(name),
            _ => return None,
        });
    }
    Some((context, edits))
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*number), rest))
}

fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = number(bytes)?;
    rest.split_at_checked(length as usize)
}
