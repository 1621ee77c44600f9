//! Wrong filter chains: seen, said once in a while, answered with a 500. Never a hang, never an unrouted request.
//!
//! | mistake | how it shows |
//! | --- | --- |
//! | `hold: stop` without `allow_on_headers_stop_iteration` | bytes of a body arrive, but no body callback comes |
//! | `hold: gate`, no gate in this proxy | no gate has ever counted itself in shared data |
//! | `hold: gate`, no gate in this chain | no context of this VM follows the router's |
//! | the same, and the gates elsewhere have another VM | the gate's address is missing when the body comes, or Envoy finds no route |
//! | the gate stands before its router | the gate finds nothing to hold and leaves a note; the router reads it |
//! | `role: upstream` on a cluster that no chain or copy goes to | there is no plan |
//! | `role: upstream` with another `vm_id` than its router | there is no table of demotions (said only; no request is refused) |
//! | an endpoint without metadata, or with that of a model the request must not go to | the plan does not name its model |

use crate::host::{self, Action, Headers, Level};
use pointsman_engine::Reply;
use pointsman_engine::names::RECORD_PROPERTY;
use std::cell::Cell;

/// The cluster of a request that is still undecided. No cluster can have this name: routes by header find nothing.
pub(crate) const UNDECIDED: &[u8] = b"pointsman-undecided";
/// Filter state in which a router asks the gate behind it to hold. A client can send the undecided header; it cannot
/// write filter state.
pub(crate) const HOLD_PROPERTY: &str = "pointsman_hold";
/// Filter state a gate leaves on requests that it finds nobody to have asked it to hold.
pub(crate) const GATE_FIRST_PROPERTY: &str = "pointsman_gate_first";

pub(crate) const FLAG_MISSING: &str = "Pointsman runs with `hold: stop`, but Envoy does not show it request bodies: set `allow_on_headers_stop_iteration: true` on its filter (Envoy 1.35 or newer), or use `hold: gate`";
pub(crate) const GATE_MISSING: &str = "Pointsman runs with `hold: gate`, but there is no gate right behind it: add an instance of the module with `role: gate`";
pub(crate) const GATE_FIRST: &str = "Pointsman's gate stands in front of its router: put it right behind the router";

pub(crate) const NO_PLAN: &str = "Pointsman's `role: upstream` found no plan for this attempt: its cluster is for requests that Pointsman's router sends to a chain of models, and for copies";
pub(crate) const ENDPOINT_UNMARKED: &str = "Pointsman's `role: upstream` does not know which model this endpoint serves: mark it with the metadata `pointsman: { model: ... }`";
pub(crate) const MODEL_NOT_IN_PLAN: &str = "Pointsman's `role: upstream` refused an endpoint whose model is not in the plan of this request: its cluster does not fit the policy";
pub(crate) const BODY_DOES_NOT_FIT: &str = "the body has changed between Pointsman's router and the attempt: nothing may stand between them that changes bodies";

pub(crate) const OTHER_VM_ID: &str = "Pointsman's `role: upstream` shares no data with a router, so what providers say about their rate limits is lost: give both the same `vm_config.vm_id` (a VM of its own takes another `vm_config.configuration`)";

/// What a refused attempt leaves in place of its number and model: the record is then that of the refusal.
pub(crate) const REFUSED_ATTEMPT: &[u8] = b"refused";

/// How often a mistake is written to the log.
const LOG_EVERY: u64 = 60 * SECOND;
/// How often one request is held after all, to see whether the installation has been mended.
const PROBE_EVERY: u64 = 10 * SECOND;
const SECOND: u64 = 1_000_000_000;
/// The watch over held requests, in milliseconds.
const TICK: u32 = 200;
/// Ticks without a new byte after which a request with a body, but without a body callback, is evidence. A filter in
/// front that collects the body lets bytes arrive too, and must not be mistaken for a missing flag.
const STILL: u32 = 5;

/// Answers the current stream, which has no state to take the answer from.
pub(crate) fn refuse_here(what: &str) -> Action {
    let path = host::header(Headers::Request, ":path");
    answer(pointsman_engine::reply::installation(path.as_deref().unwrap_or_default(), what))
}

/// Answers the client instead of an upstream, and says so in the access log.
pub(crate) fn answer(mut reply: Reply) -> Action {
    let _ = host::set_property(RECORD_PROPERTY, reply.record.to_json().as_bytes());
    reply.headers.push(("content-type", "application/json".to_owned()));
    if let Err(status) = host::send_local_response(reply.status, &reply.headers, &reply.body) {
        host::log(Level::Error, &format!("Envoy did not take an answer: {status}"));
    }
    Action::Pause
}

/// Does another instance of this module come after this one in the stream's filter chain?
///
/// Envoy makes the contexts of a stream one after the other before it calls any of them, and numbers them in that order.
/// So while headers are being read, the next number is either the next instance in the same chain or not taken yet.
pub(crate) fn is_followed(context: u32) -> bool {
    let followed = host::act_for(context.wrapping_add(1)).is_ok();
    // Failing to return cannot happen: this context is in the middle of a callback.
    let _ = host::act_for(context);
    followed
}

/// What a plugin knows about the chain it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    /// Nothing yet.
    None,
    /// A request was held as it should be. From here on nothing is watched any more.
    Sound,
    /// Bodies do not come.
    Broken,
}

/// Writes mistakes to the log, at most one a minute.
pub(crate) struct Complaints {
    next: Cell<u64>,
}

impl Complaints {
    pub(crate) const fn new() -> Self {
        Self { next: Cell::new(0) }
    }

    pub(crate) fn log(&self, what: &str) {
        let now = host::now();
        if now >= self.next.get() {
            self.next.set(now.saturating_add(LOG_EVERY));
            host::log(Level::Error, &format!("wrong installation: {what}"));
        }
    }
}

/// Watches over the first requests of a router, until one of them has shown that the chain is right.
pub(crate) struct Watch {
    proof: Cell<Proof>,
    held: Cell<Vec<Held>>,
    complaints: Complaints,
    next_probe: Cell<u64>,
}

/// A request whose headers are held.
#[derive(Debug)]
struct Held {
    context: u32,
    /// Bytes received when the headers were held, and at the last tick.
    at_first: u64,
    at_last: u64,
    still: u32,
}

impl Watch {
    pub(crate) const fn new() -> Self {
        Self {
            proof: Cell::new(Proof::None),
            held: Cell::new(Vec::new()),
            complaints: Complaints::new(),
            next_probe: Cell::new(0),
        }
    }

    pub(crate) fn is_sound(&self) -> bool {
        self.proof.get() == Proof::Sound
    }

    /// A body callback came for a held request, or a gate answered.
    pub(crate) fn is_sound_now(&self) {
        if self.proof.replace(Proof::Sound) != Proof::Sound && !self.held.take().is_empty() {
            host::set_tick_period(0);
        }
    }

    /// May this request be held? Not when bodies are known not to come, but for one probe every now and then.
    pub(crate) fn may_hold(&self) -> bool {
        if self.proof.get() != Proof::Broken {
            return true;
        }
        let now = host::now();
        let probe = now >= self.next_probe.get();
        if probe {
            self.next_probe.set(now.saturating_add(PROBE_EVERY));
        }
        probe
    }

    /// Watches a request whose headers have just been held.
    pub(crate) fn hold(&self, context: u32) {
        if self.is_sound() {
            return;
        }
        let bytes = received();
        let mut held = self.held.take();
        if held.is_empty() {
            host::set_tick_period(TICK);
        }
        held.push(Held { context, at_first: bytes, at_last: bytes, still: 0 });
        self.held.set(held);
    }

    /// Looks at the held requests. Those returned show that bodies do not come.
    pub(crate) fn tick(&self, is_unheard: impl Fn(u32) -> bool) -> Vec<u32> {
        let mut held = self.held.take();
        held.retain(|request| is_unheard(request.context) && host::act_for(request.context).is_ok());
        for request in &mut held {
            request.look();
        }
        let evidence = held.iter().any(|request| request.still >= STILL);
        let accused = if evidence { std::mem::take(&mut held) } else { Vec::new() };
        if held.is_empty() {
            host::set_tick_period(0);
        }
        self.held.set(held);
        if evidence {
            self.proof.set(Proof::Broken);
            self.next_probe.set(host::now().saturating_add(PROBE_EVERY));
        }
        accused.into_iter().map(|request| request.context).collect()
    }

    /// Writes a mistake to the log, at most once a minute.
    pub(crate) fn log(&self, what: &str) {
        self.complaints.log(what);
    }
}

impl Held {
    fn look(&mut self) {
        if host::act_for(self.context).is_err() {
            return;
        }
        let bytes = received();
        if bytes > self.at_first && bytes == self.at_last {
            self.still += 1;
        } else {
            self.still = 0;
        }
        self.at_last = bytes;
    }
}

/// Bytes of this request that Envoy has received, its headers included.
fn received() -> u64 {
    let size = host::property(b"request\0total_size");
    size.and_then(|size| size.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))).unwrap_or_default()
}
