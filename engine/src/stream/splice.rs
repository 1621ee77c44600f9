//! Changes in the middle of a body. Envoy can replace a prefix of what a callback sees and append to it, nothing else.

use super::{Command, HostAction, PIECE};
use crate::splice::Splice;

/// A prefix up to this size is replaced in one piece; above it the body is turned over piece by piece.
const LARGEST_PREFIX: usize = 1 << 20;

/// A splice under way.
#[derive(Debug)]
pub(super) struct SplicePlan {
    change: Splice,
    /// How much stands behind the old value.
    behind: usize,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// What stands in front of the value is read, to be written back in front of the new one.
    Prefix(Vec<u8>),
    /// It has been read, and the new value stands behind it.
    Replace(Vec<u8>),
    /// So much of what stands in front of the value still goes to the end.
    Before(usize),
    /// The new value goes to the end.
    Value,
    /// The old value is first now, and goes.
    Cut,
    /// So much of what stands behind it still goes to the end.
    Behind(usize),
}

impl SplicePlan {
    /// Splices the `size` bytes that a callback can see.
    pub(super) fn new(size: usize, change: Splice) -> Self {
        let behind = size.saturating_sub(change.until);
        let stage = if change.keep > LARGEST_PREFIX {
            // Without taking all that stands in front into the module: what is cut off at the front is appended at the end,
            // piece by piece, until the whole body has gone round.
            Stage::Before(change.keep)
        } else {
            Stage::Prefix(Vec::with_capacity(change.keep + change.with.len()))
        };
        let mut plan = Self { change, behind, stage };
        plan.shown(b"");
        plan
    }

    /// What is to be done now, `None` when the body is spliced.
    pub(super) fn command(&self) -> Option<Command<'_>> {
        let Splice { keep, until, with } = &self.change;
        Some(match &self.stage {
            Stage::Prefix(prefix) => Command::Show { at: prefix.len(), until: *keep },
            Stage::Replace(prefix) => Command::Do(HostAction::ReplacePrefix { length: *until, with: prefix }),
            Stage::Before(left) => Command::Do(HostAction::MoveToEnd((*left).min(PIECE))),
            Stage::Value => Command::Do(HostAction::Append(with)),
            Stage::Cut => Command::Do(HostAction::ReplacePrefix { length: until.saturating_sub(*keep), with: b"" }),
            Stage::Behind(0) => return None,
            Stage::Behind(left) => Command::Do(HostAction::MoveToEnd((*left).min(PIECE))),
        })
    }

    /// A piece that was asked for.
    pub(super) fn shown(&mut self, piece: &[u8]) {
        let Splice { keep, with, .. } = &self.change;
        if let Stage::Prefix(prefix) = &mut self.stage {
            let wanted = keep.saturating_sub(prefix.len()).min(piece.len());
            prefix.extend_from_slice(piece.get(..wanted).unwrap_or_default());
            if prefix.len() == *keep {
                prefix.extend_from_slice(with);
                self.stage = Stage::Replace(std::mem::take(prefix));
            }
        }
    }

    /// The step has been taken.
    pub(super) fn done(&mut self) {
        self.stage = match self.stage {
            Stage::Before(left) if left > PIECE => Stage::Before(left - PIECE),
            Stage::Before(_) => Stage::Value,
            Stage::Value => Stage::Cut,
            Stage::Cut => Stage::Behind(self.behind),
            Stage::Behind(left) => Stage::Behind(left.saturating_sub(PIECE)),
            Stage::Prefix(_) | Stage::Replace(_) => Stage::Behind(0),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Splices a body as a host would, and returns it with the most bytes that were in the machine at once.
    fn run(body: &[u8], keep: usize, until: usize, with: &str) -> (Vec<u8>, usize) {
        let (mut body, mut most) = (body.to_vec(), 0);
        let mut plan = SplicePlan::new(body.len(), Splice { keep, until, with: with.as_bytes().to_vec() });
        while let Some(command) = plan.command() {
            match command {
                Command::Show { at, until } => {
                    plan.shown(&body[at..until.min(at + PIECE)]);
                    continue;
                }
                Command::Do(HostAction::ReplacePrefix { length, with }) => {
                    most = most.max(with.len());
                    body.splice(..length, with.iter().copied());
                }
                Command::Do(HostAction::Append(with)) => body.extend_from_slice(with),
                Command::Do(HostAction::MoveToEnd(length)) => {
                    assert!((1..=PIECE).contains(&length));
                    body.rotate_left(length);
                }
                other => panic!("{other:?} is no part of a splice"),
            }
            plan.done();
        }
        (body, most)
    }

    #[test]
    fn the_value_changes_wherever_it_stands() {
        let body: Vec<u8> = (0..LARGEST_PREFIX + 3 * PIECE).map(|at| (at % 251) as u8).collect();
        for keep in [0, 1, PIECE - 1, PIECE, PIECE + 1, LARGEST_PREFIX, LARGEST_PREFIX + 1, body.len() - 9, body.len()]
        {
            for (length, with) in [(0, "new"), (5, ""), (5, "a value that is longer")] {
                let until = (keep + length).min(body.len());
                let (after, most) = run(&body, keep, until, with);
                assert!(after == [&body[..keep], with.as_bytes(), &body[until..]].concat(), "{keep} {until} {with}");
                assert!(most <= LARGEST_PREFIX + with.len());
            }
        }
    }
}
