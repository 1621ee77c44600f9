//! The gate: holds the headers behind the router where Envoy cannot make the router itself hold them.
//!
//! Chain: router, gate, the rest. The router lets its headers go on, marked as undecided. The gate stops them, so that the
//! body still reaches the router but nothing reaches Envoy's own router. When the router has decided, it writes to the
//! gate's queue. The gate's root context is woken from the worker's event loop, *outside* any callback of the stream: a
//! resume from within the router's body callback would hang whenever that callback also carries the end of the stream.

use super::closing::Closing;
use super::installation::{GATE_FIRST_PROPERTY, HOLD_PROPERTY, UNDECIDED};
use super::letter::{self, ADDRESS_PROPERTY, Address, Letter};
use super::{Command, Failure, FilterStatus, HostAction, Machine, View};
use crate::names::CLUSTER_HEADER;
use std::cell::Cell;

/// A gate on one worker.
#[derive(Debug)]
pub struct Gate {
    queue: u32,
    /// Has it ever held a request? Then it stands behind its router.
    proven: Cell<bool>,
}

impl Gate {
    /// A gate that is woken through this queue, which wakes no other.
    #[must_use]
    pub fn new(queue: u32) -> Self {
        Self { queue, proven: Cell::new(false) }
    }

    /// The request headers of one of its contexts.
    pub fn headers<V: View>(&self, view: &V, context: u32, end_of_stream: bool) -> Arrival {
        let asked = !end_of_stream
            && view.header(CLUSTER_HEADER).is_some_and(|cluster| *cluster == *UNDECIDED)
            && view.property(HOLD_PROPERTY.as_bytes()).is_some();
        if asked {
            self.proven.set(true);
            Arrival::Publish(Address { queue: self.queue, context }.encode())
        } else if self.proven.get() {
            Arrival::Return(FilterStatus::Continue)
        } else {
            // Nothing to hold, or nobody has been here yet: a router behind this gate finds the note.
            Arrival::Note
        }
    }

    /// A letter that has come through a queue. `None` when there is nothing to deliver.
    #[must_use]
    pub fn letter<'a>(&self, queue: u32, letter: &'a [u8]) -> Option<Letter<'a>> {
        // A queue of a VM that has died can name a context of this one.
        if queue == self.queue { Letter::read(letter) } else { None }
    }
}

/// What the gate does with the headers of a request.
#[derive(Clone, Copy, Debug)]
pub enum Arrival {
    /// It leaves a note that nobody has asked it to hold.
    Note,
    /// It says where it can be reached, and holds. Should saying fail, the router finds no gate and refuses the request.
    Publish([u8; 9]),
    /// That was all.
    Return(FilterStatus),
}

impl<V: View> Machine<V> for Arrival {
    fn command(&self) -> Command<'_> {
        Command::Do(match self {
            Self::Note => HostAction::SetProperty { name: GATE_FIRST_PROPERTY, value: b"1" },
            Self::Publish(address) => HostAction::SetProperty { name: ADDRESS_PROPERTY, value: address },
            Self::Return(status) => return Command::Return(*status),
        })
    }

    fn shown(&mut self, _: &V, _: &[u8]) {}

    fn done(&mut self, _: &V, _: Result<(), Failure>) {
        *self = Self::Return(match self {
            Self::Note => FilterStatus::Continue,
            Self::Publish(_) => FilterStatus::PauseAll,
            Self::Return(status) => *status,
        });
    }
}

/// A letter that is being obeyed, on behalf of the context that it is for.
#[derive(Debug)]
pub enum Delivery<'a> {
    /// These edits are still to be made.
    Edit(&'a [u8]),
    /// All have been made: the headers go.
    Resume,
    /// They are on their way.
    Over,
    /// They could not be changed, and must not go.
    Refuse(Refusal),
}

/// An answer instead of headers that could not be changed.
#[derive(Debug)]
pub struct Refusal(Closing);

impl<'a> Delivery<'a> {
    /// Begins to obey a letter.
    #[must_use]
    pub fn new(letter: Letter<'a>) -> Self {
        Self::rest(letter.written())
    }

    fn rest(edits: &'a [u8]) -> Self {
        if edits.is_empty() { Self::Resume } else { Self::Edit(edits) }
    }
}

impl<V: View> Machine<V> for Delivery<'_> {
    fn command(&self) -> Command<'_> {
        match self {
            Self::Edit(edits) => match letter::take(edits) {
                Some((edit, _)) => Command::Do(HostAction::Edit(edit)),
                None => Command::Return(FilterStatus::Pause),
            },
            Self::Resume => Command::Do(HostAction::Resume),
            Self::Over => Command::Return(FilterStatus::Continue),
            Self::Refuse(refusal) => refusal.0.command(),
        }
    }

    fn shown(&mut self, _: &V, _: &[u8]) {}

    fn done(&mut self, view: &V, result: Result<(), Failure>) {
        *self = match (std::mem::replace(self, Self::Over), result) {
            (Self::Edit(edits), Ok(())) => Self::rest(letter::take(edits).map_or(&[][..], |(_, rest)| rest)),
            (Self::Resume, Ok(())) => Self::Over,
            (Self::Edit(_) | Self::Resume, Err(_)) => {
                let path = view.header(":path");
                let path = path.as_deref().unwrap_or_default();
                Self::Refuse(Refusal(Closing::quiet(path, "the gate could not change the request headers")))
            }
            (Self::Refuse(mut refusal), _) => {
                refusal.0.done();
                Self::Refuse(refusal)
            }
            (Self::Over, _) => Self::Over,
        };
    }
}
