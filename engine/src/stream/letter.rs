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

use crate::attempt::HeaderState;
use crate::names::CLUSTER_HEADER;
use crate::rewrite::Edits;

/// Filter state in which the gate publishes its address.
pub const ADDRESS_PROPERTY: &str = "pointsman_gate";

const VERSION: u8 = 1;
const SET: u8 = 1;
const REMOVE: u8 = 2;

/// Where a gate that holds a request can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The queue of the gate's plugin on this worker.
    pub queue: u32,
    /// The gate's context of this request.
    pub context: u32,
}

impl Address {
    /// As it travels.
    #[must_use]
    pub fn encode(self) -> [u8; 9] {
        let [a, b, c, d] = self.queue.to_le_bytes();
        let [e, f, g, h] = self.context.to_le_bytes();
        [VERSION, a, b, c, d, e, f, g, h]
    }

    /// Reads it; `None` when it is not one of ours.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (queue, rest) = number(bytes.strip_prefix(&[VERSION])?)?;
        let (context, rest) = number(rest)?;
        rest.is_empty().then_some(Self { queue, context })
    }
}

/// What shall be done with one request header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderEdit<'a> {
    /// Give it this value and no other.
    Set(&'a [u8], &'a [u8]),
    /// Remove every value.
    Remove(&'a [u8]),
}

/// The header edits of a decision, in the order in which they are made: the cluster comes last, when all else stands.
pub fn header_edits<'a>(edits: &'a Edits, content_length: Option<&'a str>) -> impl Iterator<Item = HeaderEdit<'a>> {
    let own = edits.model_headers.iter().map(of);
    let removed = edits.remove_headers.iter().map(|name| HeaderEdit::Remove(name.as_bytes()));
    let length = content_length.map(|length| HeaderEdit::Set(b"content-length", length.as_bytes()));
    // A request that the policy lets through unread has no cluster: it must not keep the mark of an undecided one.
    let unrouted = !edits.set_headers.iter().any(|(name, _)| *name == CLUSTER_HEADER);
    let unmark = unrouted.then_some(HeaderEdit::Remove(CLUSTER_HEADER.as_bytes()));
    let set = edits.set_headers.iter().map(|(name, value)| HeaderEdit::Set(name.as_bytes(), value.as_bytes()));
    own.chain(removed).chain(length).chain(unmark).chain(set)
}

/// What a model makes of a header.
pub(super) fn of((name, value): &HeaderState) -> HeaderEdit<'_> {
    match value {
        Some(value) => HeaderEdit::Set(name.as_bytes(), value),
        None => HeaderEdit::Remove(name.as_bytes()),
    }
}

/// Writes a letter to the gate's context.
#[must_use]
pub fn write<'a>(context: u32, edits: impl Iterator<Item = HeaderEdit<'a>>) -> Vec<u8> {
    let mut letter = vec![VERSION];
    letter.extend(context.to_le_bytes());
    edits.for_each(|edit| push(&mut letter, edit));
    letter
}

/// A letter that has been read: every edit in it is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letter<'a> {
    /// The gate's context that it is for.
    pub context: u32,
    edits: &'a [u8],
}

impl<'a> Letter<'a> {
    /// Reads a letter; `None` when it is not one of ours. A letter of which a part cannot be read is not obeyed at all.
    #[must_use]
    pub fn read(letter: &'a [u8]) -> Option<Self> {
        let (context, edits) = number(letter.strip_prefix(&[VERSION])?)?;
        let mut rest = edits;
        while !rest.is_empty() {
            (_, rest) = take(rest)?;
        }
        Some(Self { context, edits })
    }

    /// The edits, in order.
    pub fn edits(self) -> impl Iterator<Item = HeaderEdit<'a>> {
        let mut rest = self.edits;
        std::iter::from_fn(move || {
            let edit;
            (edit, rest) = take(rest)?;
            Some(edit)
        })
    }

    /// The edits as they travel, for [`take`].
    pub(super) fn written(self) -> &'a [u8] {
        self.edits
    }
}

/// Appends an edit as it travels.
pub(super) fn push(letter: &mut Vec<u8>, edit: HeaderEdit<'_>) {
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

/// The first edit and what follows it; `None` at the end, and where it cannot be read.
pub(super) fn take(edits: &[u8]) -> Option<(HeaderEdit<'_>, &[u8])> {
    let (kind, text) = edits.split_first()?;
    let (name, text) = counted(text)?;
    let (value, rest) = counted(text)?;
    match *kind {
        SET => Some((HeaderEdit::Set(name, value), rest)),
        REMOVE => Some((HeaderEdit::Remove(name), rest)),
        _ => None,
    }
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*number), rest))
}

fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = number(bytes)?;
    rest.split_at_checked(length as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Reason;
    use crate::record::{Disposition, Record};
    use std::sync::Arc;

    #[test]
    fn an_address_comes_back_whole_or_not_at_all() {
        let address = Address { queue: 7, context: u32::MAX };
        let sent = address.encode();
        assert_eq!(Address::decode(&sent), Some(address));
        assert_eq!(Address::decode(&sent[..8]), None);
        assert_eq!(Address::decode(&[&sent[..], b"x"].concat()), None);
        assert_eq!(Address::decode(b"\x02\0\0\0\0\0\0\0\0"), None, "of another version");
    }

    #[test]
    fn a_letter_that_is_cut_is_not_obeyed() {
        let edits = [HeaderEdit::Remove(b"digest"), HeaderEdit::Set(CLUSTER_HEADER.as_bytes(), b"c")];
        let sent = write(3, edits.into_iter());
        let letter = Letter::read(&sent).expect("a letter");
        assert_eq!((letter.context, letter.edits().collect::<Vec<_>>()), (3, edits.to_vec()));
        // Cut between two edits it is a shorter letter; a queue message is never cut, but a version could be another.
        let between = write(3, edits.into_iter().take(1)).len();
        for end in (0..sent.len()).filter(|end| ![5, between].contains(end)) {
            assert_eq!(Letter::read(&sent[..end]), None, "{end}");
        }
    }

    fn nothing() -> Edits {
        Edits::none(Arc::new(Record::new(Disposition::Route, Reason::Rule)))
    }

    #[test]
    fn the_cluster_comes_last_and_is_never_left_undecided() {
        let edits = Edits {
            set_headers: vec![(":path", "/p".to_owned()), (CLUSTER_HEADER, "c".to_owned())],
            remove_headers: vec!["digest"],
            model_headers: vec![("x-a".to_owned(), Some(b"\xff".to_vec())), ("x-b".to_owned(), None)],
            ..nothing()
        };
        let expected = [
            HeaderEdit::Set(b"x-a", b"\xff"),
            HeaderEdit::Remove(b"x-b"),
            HeaderEdit::Remove(b"digest"),
            HeaderEdit::Set(b"content-length", b"9"),
            HeaderEdit::Set(b":path", b"/p"),
            HeaderEdit::Set(CLUSTER_HEADER.as_bytes(), b"c"),
        ];
        assert_eq!(header_edits(&edits, Some("9")).collect::<Vec<_>>(), expected);
        let unrouted = [HeaderEdit::Remove(CLUSTER_HEADER.as_bytes())];
        assert_eq!(header_edits(&nothing(), None).collect::<Vec<_>>(), unrouted);
    }
}
