//! Changes in the middle of a body. Envoy can replace a prefix of what a callback sees and append to it, nothing else.

use super::{Command, HostAction, PIECE};
use crate::splice::Splice;

/// A prefix up to this size is replaced in one piece; above it the body is turned over piece by piece.
const LARGEST_PREFIX: usize = 1 << 20;

/// Changes under way.
#[derive(Debug)]
pub(super) struct SplicePlan {
    /// In the order of the body.
    changes: Vec<Splice>,
    /// How many of them have been made.
    made: usize,
    /// How much a callback can see.
    size: usize,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// What stands in front of the changes is read, to be written back around them. So far has the body been read.
    Prefix { prefix: Vec<u8>, at: usize },
    /// It has been read, and the changes are made in it.
    Replace(Vec<u8>),
    /// So much of what stands in front of the change still goes to the end.
    Before(usize),
    /// The new value goes to the end.
    Value,
    /// The old value is first now, and goes.
    Cut,
    /// So much of what stands behind all changes still goes to the end.
    Behind(usize),
}

impl SplicePlan {
    /// Splices the `size` bytes that a callback can see.
    pub(super) fn new(size: usize, changes: Vec<Splice>) -> Self {
        let (first, last) = (changes.first().map_or(0, |first| first.keep), changes.last().map_or(0, |last| last.keep));
        let stage = if last > LARGEST_PREFIX {
            // Without taking all that stands in front into the module: what is cut off at the front is appended at the end,
            // piece by piece, until the whole body has gone round.
            Stage::Before(first)
        } else {
            let grown: usize = changes.iter().map(|change| change.with.len()).sum();
            Stage::Prefix { prefix: Vec::with_capacity(last + grown), at: 0 }
        };
        let mut plan = Self { changes, made: 0, size, stage };
        plan.shown(b"");
        plan.skip();
        plan
    }

    /// What is to be done now, `None` when the body is spliced.
    pub(super) fn command(&self) -> Option<Command<'_>> {
        Some(match &self.stage {
            Stage::Prefix { at, .. } => Command::Show { at: *at, until: self.change()?.keep },
            Stage::Replace(prefix) => {
                Command::Do(HostAction::ReplacePrefix { length: self.changes.last()?.until, with: prefix })
            }
            Stage::Value => Command::Do(HostAction::Append(&self.change()?.with)),
            Stage::Cut => Command::Do(HostAction::ReplacePrefix { length: self.change()?.replaced(), with: b"" }),
            Stage::Behind(0) => return None,
            Stage::Before(left) | Stage::Behind(left) => Command::Do(HostAction::MoveToEnd((*left).min(PIECE))),
        })
    }

    /// The change that is being made.
    fn change(&self) -> Option<&Splice> {
        self.changes.get(self.made)
    }

    /// A piece that was asked for.
    pub(super) fn shown(&mut self, piece: &[u8]) {
        let Stage::Prefix { prefix, at } = &mut self.stage else { return };
        let mut piece = piece;
        while let Some(Splice { keep, until, with, .. }) = self.changes.get(self.made) {
            let wanted = keep.saturating_sub(*at).min(piece.len());
            prefix.extend_from_slice(piece.get(..wanted).unwrap_or_default());
            *at += wanted;
            if *at < *keep {
                return;
            }
            prefix.extend_from_slice(with);
            // Nothing is asked for behind the next change.
            (self.made, *at, piece) = (self.made + 1, *until, &[]);
        }
        self.stage = Stage::Replace(std::mem::take(prefix));
    }

    /// The step has been taken.
    pub(super) fn done(&mut self) {
        self.stage = match self.stage {
            Stage::Before(left) => Stage::Before(left.saturating_sub(PIECE)),
            Stage::Value => Stage::Cut,
            Stage::Cut => self.behind(),
            Stage::Behind(left) => Stage::Behind(left.saturating_sub(PIECE)),
            Stage::Prefix { .. } | Stage::Replace(_) => Stage::Behind(0),
        };
        self.skip();
    }

    /// Leaves out steps that would do nothing.
    fn skip(&mut self) {
        loop {
            self.stage = match (&self.stage, self.change()) {
                (Stage::Before(0), _) => Stage::Value,
                (Stage::Value, Some(change)) if change.with.is_empty() => Stage::Cut,
                (Stage::Cut, Some(change)) if change.replaced() == 0 => self.behind(),
                _ => return,
            };
        }
    }

    /// A change has been made: what stands behind it is in front of the next one, or of the end.
    fn behind(&mut self) -> Stage {
        let at = self.change().map_or(0, |change| change.until);
        self.made += 1;
        match self.change() {
            Some(next) => Stage::Before(next.keep.saturating_sub(at)),
            None => Stage::Behind(self.size.saturating_sub(at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::splice::{Replaced, spliced};
    use proptest::prelude::*;

    /// Splices a body as a host would, and returns it with the most bytes that were in the machine at once.
    fn run(body: &[u8], changes: &[Splice]) -> (Vec<u8>, usize) {
        let (mut body, mut most) = (body.to_vec(), 0);
        let mut plan = SplicePlan::new(body.len(), changes.to_vec());
        while let Some(command) = plan.command() {
            match command {
                Command::Show { at, until } => {
                    assert!(at < until);
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

    fn check(body: &[u8], changes: &[Splice]) {
        let (after, most) = run(body, changes);
        assert!(after == spliced(body, changes), "{changes:?}");
        assert!(most <= LARGEST_PREFIX + changes.iter().map(|change| change.with.len()).sum::<usize>());
    }

    fn change(keep: usize, until: usize, with: &str) -> Splice {
        Splice { keep, until, with: with.as_bytes().to_vec(), what: Replaced::Part }
    }

    #[test]
    fn the_value_changes_wherever_it_stands() {
        let body: Vec<u8> = (0..LARGEST_PREFIX + 3 * PIECE).map(|at| (at % 251) as u8).collect();
        for keep in [0, 1, PIECE - 1, PIECE, PIECE + 1, LARGEST_PREFIX, LARGEST_PREFIX + 1, body.len() - 9, body.len()]
        {
            for (length, with) in [(0, "new"), (5, ""), (5, "a value that is longer")] {
                let until = (keep + length).min(body.len());
                check(&body, &[change(keep, until, with)]);
                check(
                    &body,
                    &[change(0, 0, "{"), change(0, keep.min(3), "x"), change(keep.max(3), until.max(3), with)],
                );
            }
        }
        check(&body, &[]);
    }

    proptest! {
        #[test]
        fn any_changes_are_made(
            cuts in prop::collection::vec((0_usize..40, 0_usize..4, "[a-z]{0,3}"), 0..6), far in prop::sample::select(vec![0, LARGEST_PREFIX])
        ) {
            let (mut at, mut changes) = (far, Vec::new());
            for (gap, length, with) in cuts {
                changes.push(change(at + gap, at + gap + length, &with));
                at += gap + length;
            }
            let body: Vec<u8> = (0..at + 7).map(|at| (at % 251) as u8).collect();
            let (after, _) = run(&body, &changes);
            prop_assert!(after == spliced(&body, &changes));
        }
    }
}
