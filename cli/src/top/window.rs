//! What has happened of late: the growth between looks, for as long as it matters.

use super::figures::Groups;
use super::look::Look;
use std::collections::VecDeque;
use std::time::Duration;

/// Long enough for quantiles, which Envoy brings up to date every five seconds, and short enough to see what happens.
const LENGTH: Duration = Duration::from_secs(10);

/// The looks of the last seconds, or the last one where they are further apart.
#[derive(Debug, Default)]
pub(crate) struct Window {
    /// When the last look was, since some beginning.
    last: Duration,
    grown: VecDeque<(Duration, Groups)>,
}

/// What has happened, and in what time.
#[derive(Debug, PartialEq)]
pub(crate) struct Recent {
    pub(super) groups: Groups,
    pub(super) seconds: f64,
}

impl Window {
    /// Takes in a look, which was at this time since some beginning.
    pub(crate) fn take(&mut self, look: &mut Look, at: Duration) {
        let passed = at.saturating_sub(self.last);
        self.last = at;
        // A look without growth is a first one: of before, nothing is known.
        match look.grown.take().filter(|_| !passed.is_zero()) {
            Some(grown) => self.grown.push_back((passed, grown)),
            None => self.grown.clear(),
        }
        while self.grown.len() > 1 && self.length() > LENGTH {
            self.grown.pop_front();
        }
    }

    pub(crate) fn recent(&self) -> Option<Recent> {
        let mut groups = Groups::default();
        self.grown.iter().for_each(|(_, grown)| groups.merge(grown));
        (!self.grown.is_empty()).then(|| Recent { groups, seconds: self.length().as_secs_f64() })
    }

    fn length(&self) -> Duration {
        self.grown.iter().map(|(passed, _)| *passed).sum()
    }
}
