//! A gate in the module that can be all roles.

use crate::drive::Place;
use crate::host::{Action, Status, gate};

/// A gate on one worker.
#[derive(Debug)]
pub(crate) struct Gate(gate::Gate);

impl Gate {
    pub(crate) fn register(id: u32) -> Result<Self, Status> {
        gate::Gate::register(id).map(Self)
    }

    pub(crate) fn on_request_headers(&self, context: u32, end_of_stream: bool) -> Action {
        Place::of(context).drive(&mut self.0.arrival(context, end_of_stream))
    }

    pub(crate) fn on_queue_ready(&self, queue: u32) {
        self.0.on_queue_ready(queue, |context, delivery| {
            Place::of(context).drive(delivery);
        });
    }
}
