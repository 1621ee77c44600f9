//! What machines and Envoy say to each other, in the words of either.

use crate::{Action, Status};
use pointsman_engine::stream::{Failure, FilterStatus};

/// What a callback returns to Envoy.
#[must_use]
pub fn action(status: FilterStatus) -> Action {
    match status {
        FilterStatus::Continue => Action::Continue,
        FilterStatus::Pause => Action::Pause,
        FilterStatus::PauseAll => Action::PauseAll,
    }
}

/// A call that Envoy refused.
#[must_use]
pub fn failure(status: Status) -> Failure {
    Failure(status.code())
}
