//! What changes in the body, replaced when its bytes come by.

use super::{Phase, Task, UpstreamStream};
use crate::splice::Splice;
use crate::stream::installation::BODY_DOES_NOT_FIT;
use crate::stream::splice::SplicePlan;
use crate::stream::{Command, View};

/// The changes that a callback can make: all that they replace is there.
#[derive(Debug, Default)]
pub(super) struct Due(Vec<Splice>);

impl Due {
    /// What is still to be read of what the one in this place replaces.
    pub(super) fn wanted(&self, at: usize, replaced: &[u8]) -> Option<Command<'_>> {
        let splice = self.0.get(at)?;
        Some(Command::Show { at: splice.keep + replaced.len(), until: splice.keep + splice.compared() })
    }
}

impl UpstreamStream {
    /// Makes the first `due` changes, and lets go what this callback sees.
    pub(super) fn write<V: View>(&mut self, view: &V, due: usize) {
        let Phase::Before { splices, passed } = &mut self.phase else { return };
        let passed = std::mem::take(passed);
        let due = splices.drain(..due).map(|splice| Splice {
            keep: splice.keep.saturating_sub(passed),
            until: splice.until.saturating_sub(passed),
            ..splice
        });
        let due = Due(due.collect());
        self.phase = Phase::before(std::mem::take(splices), passed.saturating_add(self.size));
        self.compare(view, due, 0, Vec::new());
    }

    /// Makes the changes once all that they replace has been read, unless what stands there cannot be it.
    pub(super) fn compare<V: View>(&mut self, view: &V, due: Due, at: usize, replaced: Vec<u8>) {
        let (mut at, mut replaced) = (at, replaced);
        while let Some(splice) = due.0.get(at) {
            if replaced.len() < splice.compared() {
                self.task = Task::Compare { due, at, replaced };
                return;
            }
            if !splice.fits(&replaced) {
                return self.misinstalled(view, BODY_DOES_NOT_FIT);
            }
            at += 1;
            replaced.clear();
        }
        if !due.0.is_empty() {
            self.task = Task::Splice(SplicePlan::new(self.size, due.0));
        }
    }
}
