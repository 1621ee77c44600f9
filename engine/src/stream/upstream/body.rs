//! The model's value, replaced when its bytes come by.

use super::{Phase, Task, UpstreamStream};
use crate::splice::Splice;
use crate::stream::installation::BODY_DOES_NOT_FIT;
use crate::stream::splice::SplicePlan;
use crate::stream::{Command, View};

impl UpstreamStream {
    /// What is still to be read of the value, in this callback's bytes.
    pub(super) fn wanted(&self, replaced: &[u8]) -> Option<Command<'_>> {
        let Phase::Before { splice, passed } = &self.phase else { return None };
        let at = splice.keep.saturating_sub(*passed) + replaced.len();
        Some(Command::Show { at, until: splice.until.saturating_sub(*passed) })
    }

    /// Replaces the value once it has been read, unless what stands there cannot be one.
    pub(super) fn compare<V: View>(&mut self, view: &V, replaced: Vec<u8>) {
        let Phase::Before { splice, passed } = &mut self.phase else { return };
        let (keep, until) = (splice.keep.saturating_sub(*passed), splice.until.saturating_sub(*passed));
        if keep + replaced.len() < until {
            self.task = Task::Compare { replaced };
        } else if splice.fits(&replaced) {
            let with = std::mem::take(&mut splice.with);
            self.task = Task::Splice(SplicePlan::new(self.size, Splice { keep, until, with }));
        } else {
            self.misinstalled(view, BODY_DOES_NOT_FIT);
        }
    }
}
