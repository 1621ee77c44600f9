//! A decision, applied step by step: the body here, the headers where they are held, then what others will read.

use super::{RouterStream, Task};
use crate::stream::installation::ROUTABLE_HEADER;
use crate::stream::letter::{self, HeaderEdit, header_edits};
use crate::stream::splice::SplicePlan;
use crate::stream::{Command, Failure, HostAction, View};

impl RouterStream {
    /// Begins to apply the decision that fell in this callback.
    pub(super) fn apply(&mut self) {
        self.reserve(0);
    }

    /// Sets aside what the request takes of the next of its budgets.
    fn reserve(&mut self, at: usize) {
        let bill = self.seen.edits.as_ref().and_then(|edits| edits.bill.as_ref());
        if bill.is_some_and(|bill| at < bill.charges().len()) {
            self.task = Task::Reserve { at };
        } else {
            self.begin();
        }
    }

    /// Nothing of the request has gone out yet: where others have been faster, it is refused.
    pub(super) fn reserved<V: View>(&mut self, view: &V, at: usize, result: Result<(), Failure>) {
        if result.is_ok() {
            return self.reserve(at + 1);
        }
        let Some(edits) = self.seen.edits.take() else { return };
        let charge = edits.bill.as_ref().and_then(|bill| bill.charges().get(at));
        if let Some(charge) = charge {
            let reply = self.reading.used_up(&edits.record, charge);
            self.turn_away(view, reply, self.seen.size, self.seen.end_of_stream);
        }
    }

    fn begin(&mut self) {
        let Some(edits) = &mut self.seen.edits else { return };
        let changes = std::mem::take(&mut edits.splices);
        if changes.is_empty() {
            self.edit();
        } else {
            self.task = Task::Splice(SplicePlan::new(self.seen.size, changes));
        }
    }

    /// The step that is to be taken now.
    pub(super) fn change(&self) -> Option<Command<'_>> {
        let edits = self.seen.edits.as_ref()?;
        Some(Command::Do(match &self.task {
            Task::Reserve { at } => {
                let bill = edits.bill.as_ref()?;
                HostAction::Reserve { bill, charge: bill.charges().get(*at)? }
            }
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
                // Last of all: from then on routes fit.
                let put_back = self.withheld.as_deref();
                let put_back = put_back.map(|value| HeaderEdit::Set(ROUTABLE_HEADER.as_bytes(), value));
                let edits = header_edits(edits, content_length.as_deref());
                let letter = letter::write(gate.context, edits.chain(put_back));
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
