//! A gate, and its queue.

use crate::drive::Place;
use crate::host::{self, Action, Status};
use crate::view::Envoy;
use pointsman_engine::stream::gate::{self, Delivery};

/// Counts gates in data that all modules of a `vm_id` share: a number of its own for each.
const GATES: &str = "pointsman.gates";

/// A gate on one worker.
#[derive(Debug)]
pub(crate) struct Gate(gate::Gate);

impl Gate {
    pub(crate) fn register(id: u32) -> Result<Self, Status> {
        let number = count_gate()?;
        // Queues share one name space in the whole process: workers, configurations and other modules. The time is there
        // because two workers can take the same number when the very first gates of a process register at once.
        let queue = host::register_queue(&format!("pointsman.gate.{id}.{number}.{}", host::now()))?;
        Ok(Self(gate::Gate::new(queue)))
    }

    pub(crate) fn on_request_headers(&self, context: u32, end_of_stream: bool) -> Action {
        let mut arrival = self.0.headers(&Envoy { context }, context, end_of_stream);
        Place::of(context).drive(&mut arrival)
    }

    /// One letter for each call: Envoy makes one call for each letter.
    pub(crate) fn on_queue_ready(&self, queue: u32) {
        let letter = host::dequeue(queue);
        if let Some(letter) = letter.as_deref().ok().and_then(|letter| self.0.letter(queue, letter))
            // It cannot be acted for when the client has gone.
            && host::act_for(letter.context).is_ok()
        {
            Place::of(letter.context).drive(&mut Delivery::new(letter));
        }
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
