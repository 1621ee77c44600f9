//! The body of a request, fed to the engine.

use super::{Phase, RouterStream, Task};
use crate::corridor::Step;
use crate::reply::Reply;
use crate::stream::{FilterStatus, View};

impl RouterStream {
    /// A callback can see so much of the body.
    pub(super) fn see(&mut self, size: usize, end_of_stream: bool) {
        let at = if let Phase::Held { read } = self.phase { read } else { 0 };
        self.received = self.received.saturating_add(size.saturating_sub(at) as u64);
        self.seen = super::Seen { size, end_of_stream, at, ..Default::default() };
    }

    /// Asks for the next piece, unless all has been read.
    pub(super) fn read_on<V: View>(&mut self, view: &V) {
        if self.seen.at < self.seen.size {
            self.task = Task::Read;
        } else {
            self.all_read(view);
        }
    }

    /// Feeds the engine a piece.
    pub(super) fn read<V: View>(&mut self, view: &V, piece: &[u8]) {
        self.seen.at += piece.len();
        match self.take(|stream| stream.reading.push(piece)) {
            Ok(()) => self.read_on(view),
            Err(reply) => self.turn_away(view, reply, self.seen.size, self.seen.end_of_stream),
        }
    }

    fn all_read<V: View>(&mut self, view: &V) {
        // HTTP/1 reports the end of the stream on its own, after the last byte. Waiting for that would let a complete but
        // broken body go first, so its length counts as its end too.
        self.seen.complete = self.seen.end_of_stream || Some(self.received) == self.reading.content_length();
        if self.seen.complete
            && let Err(reply) = self.take(|stream| stream.reading.finish())
        {
            return self.turn_away(view, reply, self.seen.size, self.seen.end_of_stream);
        }
        match &mut self.phase {
            _ if self.seen.edits.is_some() => self.apply(),
            Phase::Held { .. } if self.seen.complete => self.misinstalled("a request ended without a decision"),
            Phase::Held { read } => {
                *read = self.seen.size;
                self.task = Task::Return(FilterStatus::Pause);
            }
            _ => self.pass(self.seen.complete, self.seen.end_of_stream),
        }
    }

    fn take(&mut self, step: impl FnOnce(&mut Self) -> Step) -> Result<(), Box<Reply>> {
        let step = step(self);
        if let (Step::Route(_) | Step::Reply(_), Some(share)) = (&step, &mut self.share) {
            share.shrink(self.reading.kept());
        }
        match step {
            Step::Hold | Step::Flow => {}
            Step::Route(edits) => self.seen.edits = Some(edits),
            Step::Reply(reply) => return Err(reply),
        }
        Ok(())
    }

    /// Lets what this callback sees go on.
    pub(super) fn pass(&mut self, complete: bool, end_of_stream: bool) {
        self.phase = match (end_of_stream, complete) {
            (true, _) if self.reading.expectation().is_none() => Phase::Over,
            (true, _) => Phase::Answering,
            (false, true) => Phase::Complete,
            (false, false) => Phase::Flowing,
        };
        self.task = Task::Return(FilterStatus::Continue);
    }
}
