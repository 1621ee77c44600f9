//! Requests that go nowhere: refused by the policy, or by what is wrong with the installation.

use super::{Phase, RouterStream, Task};
use crate::reply::Reply;
use crate::stream::closing::Closing;
use crate::stream::{Failure, FilterStatus, View};
use std::borrow::Cow;

/// How much of a refused request's body may still be on its way for the answer to wait for it.
const LARGEST_REST: u64 = 64 << 10;

const PROTOCOL: &[u8] = b"request\0protocol";

impl RouterStream {
    /// Refuses the request, whatever has become of it, at the end of its body.
    ///
    /// An answer in front of that end costs an HTTP/1 client its connection, for a proxy cannot tell what is left of the
    /// request from the next one. So a short rest is waited for. Whoever never sends it runs into Envoy's timeouts, as with
    /// any other request; whoever has much to send, or does not say how much, is answered at once. So is a request that has
    /// sent all it has announced, unless its end is sure to be reported yet.
    pub(super) fn turn_away<V: View>(&mut self, view: &V, reply: Box<Reply>, size: usize, end_of_stream: bool) {
        let rest = self.reading.content_length().and_then(|length| length.checked_sub(self.received));
        let is_last = |rest| rest > LARGEST_REST || (rest == 0 && !self.ends_by_itself(view));
        if end_of_stream || rest.is_none_or(is_last) {
            self.answer_with(Closing::new(reply));
        } else if size > 0 {
            // What lies in Envoy's buffer goes: it must never go on, and must not fill the buffer up to a 413.
            self.seen.size = size;
            self.task = Task::Discard(reply);
        } else {
            self.wait(reply);
        }
    }

    /// Waits for the rest of a refused request.
    pub(super) fn wait(&mut self, reply: Box<Reply>) {
        self.phase = Phase::Refused(reply);
        self.task = Task::Return(FilterStatus::Pause);
    }

    /// More of a refused request.
    pub(super) fn drain<V: View>(&mut self, view: &V, size: usize, end_of_stream: bool) {
        self.task = Task::Return(FilterStatus::Pause);
        if let Phase::Refused(reply) = std::mem::replace(&mut self.phase, Phase::Over) {
            self.received = self.received.saturating_add(size as u64);
            self.turn_away(view, reply, size, end_of_stream);
        }
    }

    /// Answers, and ends the stream's part here.
    pub(super) fn answer_with(&mut self, closing: Closing) {
        self.phase = Phase::Over;
        self.task = Task::Close(closing);
    }

    /// Answers with a 500 that names the mistake.
    pub(super) fn misinstalled(&mut self, mistake: impl Into<Cow<'static, str>>) {
        self.answer_with(Closing::mistake(self.reading.family(), mistake.into()));
    }

    pub(super) fn host_failed(&mut self, what: &str, status: Failure) {
        self.misinstalled(format!("Envoy did not let Pointsman {what}: {status}"));
    }

    /// Whether Envoy reports the end of a body all of whose bytes are there in a callback of its own, in any case. HTTP/1 does,
    /// right behind the last byte. Not so for an upgrade, whose end is the connection's, and in HTTP/2 the client may keep it to
    /// itself.
    fn ends_by_itself<V: View>(&self, view: &V) -> bool {
        !self.reading.is_upgrade() && view.property(PROTOCOL).is_some_and(|protocol| protocol.starts_with(b"HTTP/1"))
    }
}
