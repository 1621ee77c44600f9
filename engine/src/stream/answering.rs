//! The body of an answer on its way to the client, where the policy has something in it changed.
//!
//! It begins with the headers of an answer that can be read, and each chunk goes on at once, changed. Where the host fails, the
//! answer is not read on: it is worth more than what would have been changed in it.

use super::splice::SplicePlan;
use super::{Command, Failure, FilterStatus, Machine, View};
use crate::response::amending::{Amending, Amendments};

/// The headers that are about the very bytes of an answer: they go where it can change.
pub(super) const OF_ITS_BYTES: [&str; 5] = ["content-length", "content-md5", "digest", "content-digest", "repr-digest"];

/// An answer whose body is read.
#[derive(Debug)]
pub struct AnswerStream {
    amending: Amending,
    /// How much of the body this callback can see, and how much of that has been read.
    size: usize,
    at: usize,
    is_last: bool,
    is_over: bool,
    task: Task,
}

#[derive(Debug)]
enum Task {
    Return,
    Read,
    Splice(SplicePlan),
}

impl AnswerStream {
    /// `None` for an answer in which nothing can be read: an error, another type, or compressed.
    pub(super) fn begin<V: View>(view: &V, amendments: Amendments) -> Option<Self> {
        let header = |name: &str| view.answer_header(name);
        if !header(":status")?.starts_with(b"2") {
            return None;
        }
        if header("content-encoding").is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
            return None;
        }
        let amending = Amending::of(amendments, &header("content-type")?)?;
        Some(Self { amending, size: 0, at: 0, is_last: false, is_over: false, task: Task::Return })
    }

    /// The next chunk.
    pub fn body(&mut self, size: usize, end_of_stream: bool) {
        (self.size, self.at, self.is_last) = (size, 0, end_of_stream);
        self.read_on();
    }

    /// Nothing more will be asked of it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    fn read_on(&mut self) {
        if self.at < self.size {
            self.task = Task::Read;
            return;
        }
        let changes = self.amending.finish(self.is_last);
        self.task = if changes.is_empty() { Task::Return } else { Task::Splice(SplicePlan::new(self.size, changes)) };
        self.is_over = self.is_last || self.amending.is_over();
        self.end();
    }

    /// A plan that has nothing to do is at its end.
    fn end(&mut self) {
        if let Task::Splice(plan) = &self.task
            && plan.command().is_none()
        {
            self.task = Task::Return;
        }
    }

    fn give_up(&mut self) {
        (self.task, self.is_over) = (Task::Return, true);
    }
}

impl<V: View> Machine<V> for AnswerStream {
    fn command(&self) -> Command<'_> {
        match &self.task {
            Task::Return => Command::Return(FilterStatus::Continue),
            Task::Read => Command::Show { at: self.at, until: self.size },
            Task::Splice(plan) => plan.command().unwrap_or(Command::Return(FilterStatus::Continue)),
        }
    }

    fn shown(&mut self, _: &V, piece: &[u8]) {
        match &mut self.task {
            _ if piece.is_empty() => self.give_up(),
            Task::Read => {
                self.amending.push(piece);
                self.at += piece.len();
                self.read_on();
            }
            Task::Splice(plan) => {
                plan.shown(piece);
                self.end();
            }
            Task::Return => {}
        }
    }

    fn done(&mut self, _: &V, result: Result<(), Failure>) {
        match &mut self.task {
            _ if result.is_err() => self.give_up(),
            Task::Splice(plan) => {
                plan.done();
                self.end();
            }
            Task::Read | Task::Return => {}
        }
    }
}
