//! One attempt to send a request: the model of the endpoint that Envoy has chosen is written into it.
//!
//! Runs among the upstream filters of a cluster, once for each attempt. The endpoint's metadata says which model it stands
//! for; the plan that the router has left says what that model needs, and which models the request may go to at all.
//! Every attempt starts from the plan: Envoy hands all attempts the same header map, so what one has set, the next finds.
//!
//! This role asks for headers by name, never for all of them, and the names are the constants of this file and of the
//! engine. None of them holds a key: those of clients are removed in front of it, those of providers are added behind it.
//!
//! Nothing is ever paused at the headers. Places and length are known from the plan, so the headers are right at once, and
//! what changes in the body is replaced when its bytes come by.

mod body;
mod mark;
mod opening;

use super::closing::Closing;
use super::installation::{BODY_DOES_NOT_FIT, OTHER_VM_ID};
use super::splice::SplicePlan;
use super::{Command, Failure, FilterStatus, HostAction, Machine, View};
use crate::splice::{Replaced, Splice};
use body::Due;
use opening::Opening;
use std::borrow::Cow;

/// An attempt under way.
#[derive(Debug, Default)]
pub struct UpstreamStream {
    model: String,
    /// Whose policy the router decided by.
    owner: String,
    /// What the provider says about its limits is about everybody's requests, and not about one client's key, or copies.
    hears: bool,
    phase: Phase,
    /// What this callback can see of the body.
    size: usize,
    task: Task,
}

#[derive(Debug, Default)]
enum Phase {
    /// These changes are still to come. So many bytes have gone by; they are not shown again.
    Before { splices: Vec<Splice>, passed: usize },
    /// All is written; the rest passes.
    Through,
    /// Nothing has gone out, or nothing more may.
    #[default]
    Closed,
}

/// What the current callback is doing.
#[derive(Debug)]
enum Task {
    /// It is over.
    Return(FilterStatus),
    /// The headers of this attempt are written over those of the one before.
    Open(Opening),
    /// What these changes are about to replace is read, one after the other,
    Compare { due: Due, at: usize, replaced: Vec<u8> },
    /// and replaced.
    Splice(SplicePlan),
    /// What the answer says of limits is noted.
    Listen,
    /// There is nowhere to note it.
    Complain,
    /// An answer of ours.
    Close(Closing),
}

impl Phase {
    fn before(splices: Vec<Splice>, passed: usize) -> Self {
        if splices.is_empty() { Self::Through } else { Self::Before { splices, passed } }
    }
}

impl Default for Task {
    fn default() -> Self {
        Self::Return(FilterStatus::Pause)
    }
}

impl UpstreamStream {
    /// The headers of an attempt.
    #[must_use]
    pub fn begin<V: View>(view: &V, end_of_stream: bool) -> Self {
        let mut stream = Self::default();
        if view.property(mark::MARK).is_some_and(|metadata| mark::is_sink(&metadata)) {
            // Nothing of the request goes anywhere, and nothing of it is changed.
            stream.phase = Phase::Through;
            stream.task = Task::Return(FilterStatus::Continue);
            return stream;
        }
        match opening::open(view, end_of_stream) {
            Ok(begun) => {
                stream.hears = begun.hears;
                (stream.model, stream.owner) = (begun.model, begun.owner);
                // The path alone can name the model, and is written with the headers.
                stream.phase = Phase::before(begun.splices, 0);
                stream.task = Task::Open(begun.opening);
            }
            Err(mistake) => stream.misinstalled(view, mistake),
        }
        stream
    }

    /// The next bytes of the body.
    pub fn body<V: View>(&mut self, view: &V, size: usize, end_of_stream: bool) {
        self.size = size;
        self.task = Task::Return(FilterStatus::Continue);
        let Phase::Before { splices, passed } = &mut self.phase else { return };
        let seen = passed.saturating_add(size);
        let due = splices.iter().take_while(|splice| splice.until <= seen).count();
        match splices.get_mut(due) {
            Some(_) if end_of_stream => self.misinstalled(view, BODY_DOES_NOT_FIT),
            Some(next) if next.keep < seen && next.what != Replaced::Name => {
                // What goes may be long: what is here of it goes now.
                let (until, what) = (next.until, Replaced::Rest);
                next.until = seen;
                splices.insert(due + 1, Splice { keep: seen, until, with: Vec::new(), what });
                self.write(view, due + 1);
            }
            // A name lies across two chunks. Envoy keeps this one and shows it again in front of the next.
            Some(next) if next.keep < seen => self.task = Task::Return(FilterStatus::Pause),
            _ => self.write(view, due),
        }
    }

    /// Trailers end a body whose callbacks did not.
    pub fn trailers<V: View>(&mut self, view: &V) {
        self.task = Task::Return(FilterStatus::Continue);
        if let Phase::Before { .. } = self.phase {
            self.misinstalled(view, BODY_DOES_NOT_FIT);
        }
    }

    /// The response headers.
    pub fn answer(&mut self) {
        self.task = if self.hears { Task::Listen } else { Task::Return(FilterStatus::Continue) };
    }

    /// It was refused before anything of it went out.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    /// Ends the request, not only this attempt: another one would meet the same installation.
    fn misinstalled<V: View>(&mut self, view: &V, mistake: impl Into<Cow<'static, str>>) {
        let path = view.header(":path");
        let closing = Closing::of_attempt(path.as_deref().unwrap_or_default(), mistake.into());
        self.phase = Phase::Closed;
        self.task = Task::Close(closing);
    }

    fn host_failed<V: View>(&mut self, view: &V, what: &str, status: Failure) {
        self.misinstalled(view, format!("Envoy did not let Pointsman {what}: {status}"));
    }
}

impl<V: View> Machine<V> for UpstreamStream {
    fn command(&self) -> Command<'_> {
        Command::Do(match &self.task {
            Task::Return(status) => return Command::Return(*status),
            // A step that does not exist is never forwarded.
            Task::Open(opening) => return opening.command().unwrap_or(Command::Return(FilterStatus::Pause)),
            Task::Compare { due, at, replaced } => {
                return due.wanted(*at, replaced).unwrap_or(Command::Return(FilterStatus::Pause));
            }
            Task::Splice(plan) => return plan.command().unwrap_or(Command::Return(FilterStatus::Pause)),
            Task::Listen => HostAction::Listen { owner: &self.owner, model: &self.model, proven: true },
            Task::Complain => HostAction::Complain(OTHER_VM_ID),
            Task::Close(closing) => return closing.command(),
        })
    }

    fn shown(&mut self, view: &V, piece: &[u8]) {
        match &mut self.task {
            Task::Compare { .. } | Task::Splice(_) if piece.is_empty() => {
                self.host_failed(view, "write the model of an attempt", Failure::NOTHING_THERE);
            }
            Task::Compare { due, at, replaced } => {
                replaced.extend_from_slice(piece);
                let (due, at, replaced) = (std::mem::take(due), *at, std::mem::take(replaced));
                self.compare(view, due, at, replaced);
            }
            Task::Splice(plan) => plan.shown(piece),
            _ => {}
        }
    }

    fn done(&mut self, view: &V, result: Result<(), Failure>) {
        let task = std::mem::take(&mut self.task);
        self.task = match (task, result) {
            (Task::Return(status), _) => Task::Return(status),
            (Task::Open(mut opening), result) => match opening.done(result) {
                Err((what, status)) => return self.host_failed(view, what, status),
                Ok(()) if opening.command().is_some() => Task::Open(opening),
                Ok(()) => Task::Return(FilterStatus::Continue),
            },
            (Task::Compare { .. } | Task::Splice(_), Err(status)) => {
                return self.host_failed(view, "write the model of an attempt", status);
            }
            (task @ Task::Compare { .. }, Ok(())) => task,
            (Task::Splice(mut plan), Ok(())) => {
                plan.done();
                if plan.command().is_some() { Task::Splice(plan) } else { Task::Return(FilterStatus::Continue) }
            }
            (Task::Listen, Err(_)) => Task::Complain,
            (Task::Listen, Ok(())) | (Task::Complain, _) => Task::Return(FilterStatus::Continue),
            (Task::Close(mut closing), _) => {
                closing.done();
                Task::Close(closing)
            }
        };
    }
}
