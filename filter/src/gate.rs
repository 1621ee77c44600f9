//! The gate: holds the headers behind the router where Envoy cannot make the router itself hold them.
//!
//! Chain: router, gate, the rest. The router lets its headers go on, marked as undecided. The gate stops them, so that the
//! body still reaches the router but nothing reaches Envoy's own router. When the router has decided, it writes to the
//! gate's queue. The gate's root context is woken from the worker's event loop, *outside* any callback of the stream: a
//! resume from within the router's body callback would hang whenever that callback also carries the end of the stream.

use crate::edits::{self, ADDRESS_PROPERTY, Address, HeaderEdit};
use crate::host::{self, Action, Headers, Status};
use crate::installation::{self, GATE_FIRST_PROPERTY, HOLD_PROPERTY, UNDECIDED};
use pointsman_engine::names::CLUSTER_HEADER;
use std::cell::Cell;

/// Counts gates in data that all modules share: a number of its own for each, and for the router a sign that there is one.
pub(crate) const GATES: &str = "pointsman.gates";

/// A gate on one worker.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Wakes this plugin and no other.
    queue: u32,
    /// Has it ever held a request? Then it stands behind its router.
    proven: Cell<bool>,
}

impl Gate {
    pub(crate) fn register(id: u32) -> Result<Self, Status> {
        let number = count_gate()?;
        // Queues share one name space in the whole process: workers, configurations and other modules. The time is there
        // because two workers can take the same number when the very first gates of a process register at once.
        let queue = host::register_queue(&format!("pointsman.gate.{id}.{number}.{}", host::now()))?;
        Ok(Self { queue, proven: Cell::new(false) })
    }

    pub(crate) fn on_request_headers(&self, context: u32, end_of_stream: bool) -> Action {
        let asked = !end_of_stream
            && host::header(Headers::Request, CLUSTER_HEADER).is_some_and(|cluster| *cluster == *UNDECIDED)
            && host::property(HOLD_PROPERTY.as_bytes()).is_some();
        if !asked {
            // Nothing to hold, or nobody has been here yet: a router behind this gate finds the note.
            if !self.proven.get() {
                let _ = host::set_property(GATE_FIRST_PROPERTY, b"1");
            }
            return Action::Continue;
        }
        self.proven.set(true);
        let address = Address { queue: self.queue, context };
        // Should this fail, the router finds no gate and refuses the request.
        let _ = host::set_property(ADDRESS_PROPERTY, &address.encode());
        Action::PauseAll
    }

    /// One letter for each call: Envoy makes one call for each letter.
    pub(crate) fn on_queue_ready(&self, queue: u32) {
        // A queue of a VM that has died can name a context of this one.
        if queue != self.queue {
            return;
        }
        let Ok(letter) = host::dequeue(queue) else {
            return;
        };
        let Some((context, edits)) = edits::read(&letter) else {
            return;
        };
        if host::act_for(context).is_err() {
            return; // The client has gone.
        }
        if edits.iter().try_for_each(apply).and_then(|()| host::resume_request()).is_err() {
            installation::refuse_here("the gate could not change the request headers");
        }
    }
}

pub(crate) fn apply(edit: &HeaderEdit<'_>) -> Result<(), Status> {
    match edit {
        HeaderEdit::Set(name, value) => host::set_header(Headers::Request, name, value),
        HeaderEdit::Remove(name) => host::remove_header(Headers::Request, name),
    }
}

/// Takes a number that no other gate in this process has.
fn count_gate() -> Result<u64, Status> {
    loop {
        let (number, cas) = match host::shared(GATES) {
            Some((value, cas)) => (value.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)), cas),
            None => (0, 0),
        };
        let next = number.wrapping_add(1);
        match host::set_shared(GATES, &next.to_le_bytes(), cas) {
            Ok(()) => return Ok(next),
            Err(status) if status == Status::CAS_MISMATCH => {}
            Err(status) => return Err(status),
        }
    }
}
