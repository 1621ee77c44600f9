//! A decision, applied step by step: the body here, the headers where they are held, then what others will read.

use super::{RouterStream, Task};
use crate::names::PLAN_PROPERTY;
use crate::stream::letter::{self, header_edits};
use crate::stream::splice::SplicePlan;
use crate::stream::{Command, Failure, HostAction};

/// By these a client can tell Envoy when and how often to try again. A chain is tried as the policy says: each model once,
/// one after the other. Two attempts at the same time would even share one header map, and with it path, host and key.
///
/// `x-envoy-max-retries` is not among them because a chain sets it; how long the whole may take stays the client's.
const RETRY_HEADERS: [&str; 6] = [
    "x-envoy-retry-on",
    "x-envoy-retry-grpc-on",
    "x-envoy-retriable-status-codes",
    "x-envoy-retriable-header-names",
    "x-envoy-upstream-rq-per-try-timeout-ms",
    "x-envoy-hedge-on-per-try-timeout",
];

/// Whether a client steers retries by this header.
#[must_use]
pub fn steers_retries(name: &[u8]) -> bool {
    name.starts_with(b"x-envoy-") && RETRY_HEADERS.iter().any(|known| known.as_bytes() == name)
}

impl RouterStream {
    /// Begins to apply the decision that fell in this callback.
    pub(super) fn apply(&mut self) {
        let Some(edits) = &mut self.seen.edits else { return };
        if self.steers_retries && edits.state.iter().any(|(name, _)| *name == PLAN_PROPERTY) {
            edits.remove_headers.extend(RETRY_HEADERS);
        }
        match edits.splice.take() {
            Some(change) => self.task = Task::Splice(SplicePlan::new(self.seen.size, change)),
            None => self.edit(),
        }
    }

    /// The step that is to be taken now.
    pub(super) fn change(&self) -> Option<Command<'_>> {
        let edits = self.seen.edits.as_ref()?;
        Some(Command::Do(match &self.task {
            Task::Splice(plan) => return plan.command(),
            Task::Edit { at, content_length } => {
                HostAction::Edit(header_edits(edits, content_length.as_deref()).nth(*at)?)
            }
            Task::Send { queue, letter } => HostAction::Send { queue: *queue, letter },
            Task::Record => HostAction::Record(&edits.record),
            Task::Leave { at } => {
                let (name, value) = edits.state.get(*at)?;
                HostAction::SetProperty { name, value: value.as_bytes() }
            }
            _ => return None,
        }))
    }

    /// A step has been taken.
    pub(super) fn changed(&mut self, task: Task, result: Result<(), Failure>) {
        match (task, result) {
            (Task::Splice(mut plan), Ok(())) => {
                plan.done();
                if plan.command().is_some() { self.task = Task::Splice(plan) } else { self.edit() }
            }
            (Task::Edit { at, content_length }, Ok(())) => self.edit_next(at + 1, content_length),
            (Task::Send { .. }, Ok(())) => self.task = Task::Record,
            // A decision counts also where its record cannot be kept; an attempt without its plan does not.
            (Task::Record, _) => self.leave(0),
            (Task::Leave { at }, Ok(())) => self.leave(at + 1),
            (Task::Leave { .. }, Err(status)) => self.host_failed("leave a plan for the attempts", status),
            (_, Err(status)) => self.host_failed("change the request", status),
            (_, Ok(())) => {}
        }
    }

    fn edit(&mut self) {
        let Some(edits) = &self.seen.edits else { return };
        let content_length = edits.content_length.map(|length| length.to_string());
        match self.gate.get() {
            None => self.edit_next(0, content_length),
            Some(gate) => {
                let letter = letter::write(gate.context, header_edits(edits, content_length.as_deref()));
                self.task = Task::Send { queue: gate.queue, letter };
            }
        }
    }

    fn edit_next(&mut self, at: usize, content_length: Option<String>) {
        let Some(edits) = &self.seen.edits else { return };
        let more = header_edits(edits, content_length.as_deref()).nth(at).is_some();
        self.task = if more { Task::Edit { at, content_length } } else { Task::Record };
    }

    fn leave(&mut self, at: usize) {
        if self.seen.edits.as_ref().is_some_and(|edits| at < edits.state.len()) {
            self.task = Task::Leave { at };
        } else {
            self.seen.edits = None;
            self.pass(self.seen.complete, self.seen.end_of_stream);
        }
    }
}
