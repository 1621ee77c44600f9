//! What becomes of an answer on its way to the client.

use super::{Phase, RouterStream, Task};
use crate::attempt::Tried;
use crate::config::Hold;
use crate::corridor::{Answer, Reading};
use crate::names::ATTEMPT_PROPERTY;
use crate::record::Record;
use crate::stream::answering::{AnswerStream, OF_ITS_BYTES};
use crate::stream::installation::{GATE_MISSING, REFUSED_ATTEMPT};
use crate::stream::{Command, Failure, FilterStatus, HostAction, View};

/// Says how an answer came to be. `via_upstream` when a provider gave it, and not Envoy by itself.
const ANSWER_DETAILS: &[u8] = b"response\0code_details";

/// Did a provider answer, and not Envoy by itself?
pub fn is_providers_answer<V: View>(view: &V) -> bool {
    view.property(ANSWER_DETAILS).is_some_and(|details| *details == *b"via_upstream")
}

/// Did Envoy answer by itself, for us or for another filter? Where it does not say, a provider may have.
pub fn is_envoys_answer<V: View>(view: &V) -> bool {
    view.property(ANSWER_DETAILS).is_some_and(|details| *details != *b"via_upstream")
}

/// Did Envoy answer by itself because the undecided request has no cluster to go to?
fn went_nowhere<V: View>(view: &V) -> bool {
    let details = view.property(ANSWER_DETAILS);
    details.is_some_and(|details| matches!(&*details, b"cluster_not_found" | b"route_not_found"))
}

/// What is done with an answer: its limits are noted, the record completed, our headers set.
#[derive(Debug)]
pub(super) enum Passing {
    /// It will not have the length and the digest that it says.
    Unmeasure {
        at: usize,
    },
    Listen,
    Record {
        record: Box<Record>,
        answer: Answer,
    },
    Label {
        answer: Answer,
        at: usize,
    },
}

impl Passing {
    pub(super) fn command<'a>(&'a self, reading: &'a Reading) -> Command<'a> {
        Command::Do(match self {
            Self::Unmeasure { at } => match OF_ITS_BYTES.get(*at) {
                Some(name) => HostAction::Unlabel(name),
                None => return Command::Return(FilterStatus::Continue),
            },
            Self::Listen => {
                let (owner, model) = heard(reading).unwrap_or_default();
                HostAction::Listen { owner, model, proven: false }
            }
            Self::Record { record, .. } => HostAction::Record(record),
            Self::Label { answer, at } => match answer.headers.get(*at) {
                Some((name, value)) => HostAction::Label(name, value),
                None => return Command::Return(FilterStatus::Continue),
            },
        })
    }
}

/// The model whose provider's limits this answer may speak of, and whose policy wants to know.
fn heard(reading: &Reading) -> Option<(&str, &str)> {
    let expected = reading.expectation()?;
    Some((expected.owner(), expected.heard()?))
}

impl RouterStream {
    /// The response headers.
    pub fn answer<V: View>(&mut self, view: &V) {
        self.task = Task::Return(FilterStatus::Continue);
        match self.phase {
            Phase::Held { .. } if self.manner.hold == Hold::Gate && self.gate.get().is_none() && went_nowhere(view) => {
                self.misinstalled(GATE_MISSING);
            }
            Phase::Held { .. } | Phase::Refused(_) | Phase::Over => {}
            Phase::Flowing | Phase::Complete | Phase::Answering => self.hear(view),
        }
    }

    fn hear<V: View>(&mut self, view: &V) {
        if matches!(self.phase, Phase::Answering) {
            self.phase = Phase::Over;
        }
        self.answer = self.amended(view);
        if self.answer.is_some() {
            self.task = Task::Pass(Passing::Unmeasure { at: 0 });
        } else {
            self.note(view);
        }
    }

    /// The body of the answer, if something in it is to change.
    fn amended<V: View>(&self, view: &V) -> Option<Box<AnswerStream>> {
        let expected = self.reading.expectation().filter(|expected| expected.amends())?;
        let amendments = if expected.is_direct() {
            expected.amendments(!is_envoys_answer(view), None)
        } else {
            let tried = view.property(ATTEMPT_PROPERTY.as_bytes());
            expected.amendments(is_providers_answer(view), tried.as_deref().and_then(Tried::read).as_ref())
        };
        AnswerStream::begin(view, amendments?).map(Box::new)
    }

    /// The body of the answer, if it is read: from here on it is a machine of its own.
    pub fn take_answer(&mut self) -> Option<Box<AnswerStream>> {
        self.answer.take()
    }

    fn note<V: View>(&mut self, view: &V) {
        let Some(expected) = self.reading.expectation() else { return };
        if !expected.is_direct() {
            self.complete(view);
        } else if expected.heard().is_some() {
            self.task = Task::Pass(Passing::Listen);
        } else {
            self.label_direct();
        }
    }

    /// Completes the record of a chain: which attempt, and whose answer.
    fn complete<V: View>(&mut self, view: &V) {
        let tried = view.property(ATTEMPT_PROPERTY.as_bytes());
        let tried = tried.as_deref();
        let Some(expected) = self.reading.expectation() else { return };
        let mut answer = expected.answered(is_providers_answer(view), tried.and_then(Tried::read).as_ref());
        match answer.record.take() {
            Some(record) if tried != Some(REFUSED_ATTEMPT) => {
                self.task = Task::Pass(Passing::Record { record, answer });
            }
            _ => self.label(answer),
        }
    }

    /// A step with the answer has been taken. None is worth refusing an answer for.
    pub(super) fn passed<V: View>(&mut self, view: &V, passing: Passing, result: Result<(), Failure>) {
        match passing {
            // One whose length stays must not change.
            Passing::Unmeasure { .. } if result.is_err() => {
                self.answer = None;
                self.note(view);
            }
            Passing::Unmeasure { at } if at + 1 < OF_ITS_BYTES.len() => {
                self.task = Task::Pass(Passing::Unmeasure { at: at + 1 });
            }
            Passing::Unmeasure { .. } => self.note(view),
            Passing::Listen => self.label_direct(),
            Passing::Record { answer, .. } => self.label(answer),
            Passing::Label { answer, at } => self.task = Task::Pass(Passing::Label { answer, at: at + 1 }),
        }
    }

    fn label_direct(&mut self) {
        if let Some(expected) = self.reading.expectation() {
            self.label(expected.answered(true, None));
        }
    }

    fn label(&mut self, answer: Answer) {
        self.task = match answer.headers.is_empty() {
            true => Task::Return(FilterStatus::Continue),
            false => Task::Pass(Passing::Label { answer, at: 0 }),
        };
    }
}
