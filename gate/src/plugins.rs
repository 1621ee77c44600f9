//! From the context id Envoy calls with to the gate it means. A stream has no state here.

use crate::config;
use crate::drive::drive;
use pointsman_abi::{self as abi, Action, LogLevel};
use pointsman_host::configuration;
use pointsman_host::gate::Gate;
use std::cell::Cell;
use std::rc::Rc;

thread_local! {
    /// The gates of this VM, by the id of their root context: one for each configuration.
    static GATES: Cell<Vec<(u32, Rc<Gate>)>> = const { Cell::new(Vec::new()) };
    /// The stream context created last, and its plugin. Envoy creates a context right before its first callback, the request
    /// headers, and there is no other callback of a stream.
    static CREATED: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
}

fn with_gates<R>(act: impl FnOnce(&mut Vec<(u32, Rc<Gate>)>) -> R) -> R {
    let mut gates = GATES.take();
    let result = act(&mut gates);
    GATES.set(gates);
    result
}

fn gate(id: u32) -> Option<Rc<Gate>> {
    with_gates(|gates| gates.iter().find(|(known, _)| *known == id).map(|(_, gate)| Rc::clone(gate)))
}

pub(crate) fn on_context_create(context: u32, parent: u32) {
    if parent != 0 {
        CREATED.set((context, parent));
    }
}

pub(crate) fn on_configure(id: u32, size: usize) -> bool {
    if !configuration(size).is_ok_and(|json| config::is_gate(&json)) {
        return refused(config::REJECTED);
    }
    let Ok(new) = Gate::register(id) else {
        return refused("configuration rejected: Envoy gave no queue for the gate");
    };
    with_gates(|gates| {
        gates.retain(|(known, _)| *known != id);
        gates.push((id, Rc::new(new)));
    });
    true
}

/// Makes Envoy reject the configuration and keep the one it has.
fn refused(why: &str) -> bool {
    let _ = abi::log(LogLevel::Error, why.as_bytes());
    false
}

pub(crate) fn on_request_headers(context: u32, end_of_stream: bool) -> Action {
    let (created, parent) = CREATED.get();
    match gate(parent).filter(|_| created == context) {
        Some(gate) => drive(context, &mut gate.arrival(context, end_of_stream)),
        // An instance that was never configured holds nothing, and what waits for a gate cannot be routed without one.
        None => Action::Continue,
    }
}

pub(crate) fn on_queue_ready(id: u32, queue: u32) {
    if let Some(gate) = gate(id) {
        gate.on_queue_ready(queue, |context, delivery| {
            drive(context, delivery);
        });
    }
}

pub(crate) fn on_delete(context: u32) {
    with_gates(|gates| gates.retain(|(known, _)| *known != context));
}
