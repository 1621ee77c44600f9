//! An answer of ours, instead of an upstream's.

use super::installation::REFUSED_ATTEMPT;
use super::{Command, FilterStatus, HostAction};
use crate::api::Family;
use crate::names::ATTEMPT_PROPERTY;
use crate::reply::{self, Reply};
use std::borrow::Cow;

/// An answer on its way to the client: said in the log if it is about a wrong installation, said in the access log, sent.
#[derive(Debug)]
pub(super) struct Closing {
    reply: Box<Reply>,
    mistake: Option<Cow<'static, str>>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Complain,
    /// Only an attempt does this: the router's last look at the request must not take it for one that was made.
    MarkAttempt,
    Record,
    Answer,
    Over,
}

impl Closing {
    pub(super) fn new(mut reply: Box<Reply>) -> Self {
        reply.headers.push(("content-type", "application/json".to_owned()));
        Self { reply, mistake: None, stage: Stage::Record }
    }

    /// The answer to a wrong installation.
    pub(super) fn mistake(family: Family, mistake: Cow<'static, str>) -> Self {
        let reply = Box::new(reply::installation(family, &mistake));
        Self { mistake: Some(mistake), stage: Stage::Complain, ..Self::new(reply) }
    }

    /// The same for whoever called this path, without a line in the log.
    pub(super) fn quiet(path: &[u8], mistake: &'static str) -> Self {
        Self { stage: Stage::Record, ..Self::mistake(reply::family(path), mistake.into()) }
    }

    /// The same, for an attempt.
    pub(super) fn of_attempt(path: &[u8], mistake: Cow<'static, str>) -> Self {
        Self { stage: Stage::MarkAttempt, ..Self::mistake(reply::family(path), mistake) }
    }

    pub(super) fn command(&self) -> Command<'_> {
        Command::Do(match self.stage {
            Stage::MarkAttempt => HostAction::SetProperty { name: ATTEMPT_PROPERTY, value: REFUSED_ATTEMPT },
            Stage::Complain => HostAction::Complain(self.mistake.as_deref().unwrap_or_default()),
            Stage::Record => HostAction::Record(&self.reply.record),
            Stage::Answer => HostAction::Answer(&self.reply),
            Stage::Over => return Command::Return(FilterStatus::Pause),
        })
    }

    /// Goes on whatever came of the step: the client gets an answer also where its record cannot be kept.
    pub(super) fn done(&mut self) {
        self.stage = match self.stage {
            Stage::MarkAttempt => Stage::Complain,
            Stage::Complain => Stage::Record,
            Stage::Record => Stage::Answer,
            Stage::Answer | Stage::Over => Stage::Over,
        };
    }
}

/// An answer to a request that has no machine: nothing of it could be read, or all of it was settled by its headers.
#[derive(Debug)]
pub struct Reception(Closing);

impl Reception {
    /// An answer of the policy.
    #[must_use]
    pub fn reply(reply: Box<Reply>) -> Self {
        Self(Closing::new(reply))
    }

    /// The answer to something that a proxy should never do.
    #[must_use]
    pub fn refusal(path: &[u8], mistake: &'static str) -> Self {
        Self(Closing::quiet(path, mistake))
    }
}

impl<V: super::View> super::Machine<V> for Reception {
    fn command(&self) -> Command<'_> {
        self.0.command()
    }

    fn shown(&mut self, _: &V, _: &[u8]) {}

    fn done(&mut self, _: &V, _: Result<(), super::Failure>) {
        self.0.done();
    }
}
