//! Changes that are made one after the other, as one list of changes of the first body.

use super::BodyChange;
use crate::splice::Splice;

/// How much of a body is shown around what changes in it, in bytes.
const AROUND: usize = 40;

/// A piece of a body that has been changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A range of the first body.
    Kept(usize, usize),
    /// What was put in.
    Added(Vec<u8>),
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Self::Kept(from, to) => to.saturating_sub(*from),
            Self::Added(bytes) => bytes.len(),
        }
    }

    /// A part of it, by offsets in it.
    fn part(&self, start: usize, end: usize) -> Self {
        match self {
            Self::Kept(from, _) => Self::Kept(from + start, from + end),
            Self::Added(bytes) => Self::Added(bytes.get(start..end).unwrap_or_default().to_vec()),
        }
    }
}

/// The pieces with these changes made in what they are together.
pub(super) fn applied(pieces: &[Piece], splices: &[Splice]) -> Vec<Piece> {
    let (mut at, mut after) = (0, Vec::new());
    for Splice { keep, until, with, .. } in splices {
        after.extend(between(pieces, at, *keep));
        after.push(Piece::Added(with.clone()));
        at = *until;
    }
    after.extend(between(pieces, at, usize::MAX));
    after
}

/// What stands between two places.
fn between(pieces: &[Piece], start: usize, end: usize) -> Vec<Piece> {
    let (mut at, mut found) = (0, Vec::new());
    for piece in pieces {
        let (from, to) = (start.max(at), end.min(at + piece.len()));
        if from < to {
            found.push(piece.part(from - at, to - at));
        }
        at += piece.len();
    }
    found
}

/// What the pieces differ by from the body that they are of.
pub(super) fn changes(body: &[u8], pieces: &[Piece]) -> Vec<BodyChange> {
    let (mut end, mut added, mut changes) = (0, Vec::new(), Vec::new());
    let last = Piece::Kept(body.len(), body.len());
    for piece in pieces.iter().chain([&last]) {
        match piece {
            Piece::Added(bytes) => added.extend_from_slice(bytes),
            Piece::Kept(from, to) => {
                let removed = body.get(end..*from).unwrap_or_default();
                if removed != added.as_slice() {
                    changes.push(change(body, end, *from, &added));
                }
                added.clear();
                end = *to;
            }
        }
    }
    changes
}

fn change(body: &[u8], from: usize, to: usize, added: &[u8]) -> BodyChange {
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    let is_inside = |at: &usize| body.get(*at).is_some_and(|byte| byte & 0xC0 == 0x80);
    // No character is cut.
    let start = (from.saturating_sub(AROUND)..from).find(|at| !is_inside(at)).unwrap_or(from);
    let end = (to..=to.saturating_add(AROUND).min(body.len())).rev().find(|at| !is_inside(at)).unwrap_or(to);
    BodyChange {
        at: from,
        before: text(body.get(start..from)),
        removed: text(body.get(from..to)),
        added: text(Some(added)),
        after: text(body.get(to..end)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::splice::{Replaced, spliced};
    use proptest::prelude::*;

    /// Changes of a body of so many bytes, in its order.
    fn splices(cuts: &[(usize, usize, Vec<u8>)], length: usize) -> Vec<Splice> {
        let mut at = 0;
        let mut splices = Vec::new();
        for (skip, replaced, with) in cuts {
            let (keep, until) = (at + skip, at + skip + replaced);
            if until > length {
                break;
            }
            splices.push(Splice { keep, until, with: with.clone(), what: Replaced::Part });
            at = until;
        }
        splices
    }

    fn cuts() -> impl Strategy<Value = Vec<(usize, usize, Vec<u8>)>> {
        prop::collection::vec((0..5_usize, 0..5_usize, prop::collection::vec(b'A'..=b'Z', 0..5)), 0..4)
    }

    proptest! {
        #[test]
        fn changes_of_changes_lead_to_the_same_body(body in "[a-z]{0,30}", first in cuts(), second in cuts()) {
            let first = splices(&first, body.len());
            let leaving = spliced(body.as_bytes(), &first);
            let second = splices(&second, leaving.len());
            let pieces = applied(&applied(&[Piece::Kept(0, body.len())], &first), &second);
            let (mut at, mut after) = (0, Vec::new());
            let changes = changes(body.as_bytes(), &pieces);
            for change in &changes {
                after.extend_from_slice(&body.as_bytes()[at..change.at]);
                after.extend_from_slice(change.added.as_bytes());
                prop_assert_eq!(&body[change.at..change.at + change.removed.len()], &change.removed);
                prop_assert!(body[..change.at].ends_with(&change.before));
                at = change.at + change.removed.len();
            }
            after.extend_from_slice(&body.as_bytes()[at..]);
            prop_assert_eq!(after, spliced(&leaving, &second));
        }
    }
}
