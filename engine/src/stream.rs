//! What a role of the module does at each callback of a stream, as machines over values.
//!
//! A callback goes in, [`Command`]s come out, one at a time; the host does what each says and tells how it went. The
//! machines know nothing of a host but what these values name, so the subtlest code of the filter — hold mode, size, end of
//! stream and answer, in any order — runs under a plain `cargo test` against a model of Envoy's filter manager.
//!
//! ```text
//! router         one request: held, read, decided, changed, answered
//! gate           holds the headers behind the router, and delivers the router's letter
//! upstream       one attempt: the model of the endpoint that Envoy has chosen
//! letter         how header edits cross to the gate
//! room           what all open requests may keep together
//! tally          how a request ended, for those who count
//! answering      the body of an answer that something is changed in
//! splice         changes in the middle of a body, step by step
//! closing        an answer of ours instead of an upstream's
//! installation   wrong filter chains: names and sentences
//! watch          whether held requests are ever heard again; how often a mistake is logged
//! summary        a decision as one line of the log
//! pairs          maps as proxy-wasm hosts write them
//! ```
//!
//! A machine is driven in a loop:
//!
//! ```text
//! machine.body(view, size, end_of_stream), then for each machine.command():
//!   Show { at, until }  ->  machine.shown(view, piece)
//!   Do(action)          ->  machine.done(view, result)
//!   Return(status)     ->  the callback is over
//! ```

pub mod answering;
mod closing;
pub mod gate;
pub mod installation;
pub mod letter;
pub mod pairs;
pub mod room;
pub mod router;
mod splice;
pub mod summary;
pub mod tally;
pub mod upstream;
pub mod watch;

#[cfg(test)]
mod tests;

use crate::budget::{Bill, Charge};
use crate::record::Record;
use crate::reply::Reply;
use letter::HeaderEdit;
use std::fmt;
use std::ops::Deref;

/// How much of a body crosses to the machine at once: memory stays flat, and a piece fits a core's cache.
pub const PIECE: usize = 64 << 10;

/// What a machine wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// Show `body[at..until]` of what this callback can see, or the beginning of it: at most [`PIECE`] bytes.
    Show {
        /// The first byte.
        at: usize,
        /// The first byte behind it.
        until: usize,
    },
    /// Do this, and say whether it could be done.
    Do(HostAction<'a>),
    /// The callback is over, and this is what it returns.
    Return(FilterStatus),
}

/// What a callback tells the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterStatus {
    /// Go on to the next filter.
    Continue,
    /// Headers: hold them, but let the body come. Body and trailers: hold and buffer.
    Pause,
    /// Headers: hold them and all that follows, until the request is resumed.
    PauseAll,
}

/// What a machine has the host do to the stream it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostAction<'a> {
    /// Replace the first `length` bytes of the body that this callback can see: the request's, or the answer's.
    ReplacePrefix {
        /// How many bytes go.
        length: usize,
        /// What takes their place.
        with: &'a [u8],
    },
    /// Append to the body that this callback can see.
    Append(&'a [u8]),
    /// Move so many bytes, at most [`PIECE`], from the front of the body to its end.
    MoveToEnd(usize),
    /// Change a header of the request.
    Edit(HeaderEdit<'a>),
    /// Put a value into the filter state of the stream.
    SetProperty {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: &'a [u8],
    },
    /// Put the record of a decision there, and say it in the log.
    Record(&'a Record),
    /// Send a letter to a gate.
    Send {
        /// The gate's queue.
        queue: u32,
        /// The letter.
        letter: &'a [u8],
    },
    /// The headers are held from here on: watch whether the body comes.
    Watch {
        /// How long the body is, if the client has said so.
        length: Option<u64>,
    },
    /// The body of a held request has come: nothing needs to be watched any more.
    Heard,
    /// A wrong installation was met: say so in the log, once in a while.
    Complain(&'a str),
    /// Answer the client instead of an upstream.
    Answer(&'a Reply),
    /// Set aside what the request takes of one of its budgets. Fails where others have used it up since it was decided.
    Reserve {
        /// What it takes of all of them.
        bill: &'a Bill,
        /// The one.
        charge: &'a Charge,
    },
    /// Note what a model's provider says of its limits. Fails when there is nowhere to note it.
    Listen {
        /// Whose policy it is noted for.
        owner: &'a str,
        /// The model.
        model: &'a str,
        /// The answer is known to be the provider's; otherwise that is looked up, should it say anything.
        proven: bool,
    },
    /// Let held headers go, once this callback has returned.
    Resume,
    /// Set a header of the answer.
    Label(&'static str, &'a str),
    /// Remove a header of the answer.
    Unlabel(&'static str),
}

/// What a machine asks the host, when it needs it and not before: every answer costs a call. Nothing here changes anything.
pub trait View {
    /// Bytes of the host.
    type Bytes: Deref<Target = [u8]>;

    /// An attribute or filter state of the stream; the parts of a path are separated by NUL.
    fn property(&self, path: &[u8]) -> Option<Self::Bytes>;
    /// The first value of a request header; `None` also when the headers have gone on.
    fn header(&self, name: &str) -> Option<Self::Bytes>;
    /// The first value of a header of the answer.
    fn answer_header(&self, name: &str) -> Option<Self::Bytes>;
    /// Nanoseconds since 1970.
    fn now(&self) -> u64;
}

/// A status other than success, as the host reported it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure(pub u32);

impl Failure {
    /// The host had less to show than it said.
    const NOTHING_THERE: Self = Self(6);
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "host status {}", self.0)
    }
}

/// What all machines have in common once a callback has begun.
pub trait Machine<V: View> {
    /// What is to be done now. It stays the same until the machine has been told what came of it.
    fn command(&self) -> Command<'_>;
    /// The bytes that [`Command::Show`] asked for.
    fn shown(&mut self, view: &V, piece: &[u8]);
    /// What came of [`Command::Do`], or the failure of a [`Command::Show`].
    fn done(&mut self, view: &V, result: Result<(), Failure>);
}
