//! A gate on one worker, and its queue.

use crate::view::Envoy;
use crate::{Status, act_for, dequeue, now, register_queue, set_shared, shared};
use pointsman_engine::stream::gate::{self, Arrival, Delivery};

/// Counts gates in data that all modules of a `vm_id` share: a number of its own for each.
const GATES: &str = "pointsman.gates";

/// A gate on one worker. Whoever makes one drives its machines.
#[derive(Debug)]
pub struct Gate(gate::Gate);

impl Gate {
    /// The gate of a plugin that has just been configured.
    pub fn register(plugin: u32) -> Result<Self, Status> {
        let number = count_gate()?;
        // Queues share one name space in the whole process: workers, configurations and other modules. The time is there
        // because two workers can take the same number when the very first gates of a process register at once.
        let queue = register_queue(&format!("pointsman.gate.{plugin}.{number}.{}", now()))?;
        Ok(Self(gate::Gate::new(queue)))
    }

    /// The request headers of one of its contexts.
    pub fn arrival(&self, context: u32, end_of_stream: bool) -> Arrival {
        self.0.headers(&Envoy { context }, context, end_of_stream)
    }

    /// Takes one letter from the queue, and delivers it on behalf of the context that it is for. One for each call: Envoy makes
    /// one call for each letter.
    pub fn on_queue_ready(&self, queue: u32, deliver: impl FnOnce(u32, &mut Delivery<'_>)) {
        let letter = dequeue(queue);
        if let Some(letter) = letter.as_deref().ok().and_then(|letter| self.0.letter(queue, letter))
            // It cannot be acted for when the client has gone.
            && act_for(letter.context).is_ok()
        {
            deliver(letter.context, &mut Delivery::new(letter));
        }
    }
}

/// Takes a number that no other gate of this `vm_id` has.
fn count_gate() -> Result<u64, Status> {
    loop {
        let (number, cas) = match shared(GATES) {
            Some((value, cas)) => (value.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)), cas),
            None => (0, 0),
        };
        let next = number.wrapping_add(1);
        match set_shared(GATES, &next.to_le_bytes(), cas) {
            Ok(()) => return Ok(next),
            Err(status) if status == Status::CAS_MISMATCH => {}
            Err(status) => return Err(status),
        }
    }
}
