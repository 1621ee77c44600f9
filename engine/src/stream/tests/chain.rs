//! A request on its way through the filters of a proxy: the router, and the gate behind it where there is one.

use super::proxy::Proxy;
use super::{Headers, exchange};
use crate::config::Hold;
use crate::corridor::{Received, receive};
use crate::live::Live;
use crate::names::CLUSTER_HEADER;
use crate::policy::Policy;
use crate::stream::FilterStatus;
use crate::stream::gate::{Delivery, Gate};
use crate::stream::installation::{ROUTABLE_HEADER, UNDECIDED};
use crate::stream::router::{Manner, RouterStream};
use proptest::prelude::*;
use std::rc::Rc;
use std::sync::Arc;

/// How a request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With its last chunk, as in HTTP/2.
    WithLast,
    /// After it, on its own, as in HTTP/1 with chunks.
    Alone,
    /// With trailers, and no end of stream in any body callback.
    Trailers,
    /// Not at all: the client goes away.
    Reset,
    /// Not at all: the client waits.
    Open,
}

/// Which filters there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filters {
    /// A router that stops the headers itself.
    Stop,
    /// A router, and the gate behind it.
    Gate,
    /// A router, and two gates behind it.
    TwoGates,
    /// The gate in front of its router.
    GateFirst,
    /// One in front of it and one behind.
    BothSides,
    /// No gate in this chain, whatever there is in others.
    GateMissing,
}

/// How a request is sent.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) filters: Filters,
    pub(super) ending: Ending,
    /// After which callbacks the event loop delivers what lies in the queue; at the end it always does.
    pub(super) deliveries: Vec<bool>,
    pub(super) fails_at: Option<usize>,
    /// What the proxy says of the request, in place of what it says of others.
    pub(super) attribute: Option<(&'static [u8], &'static [u8])>,
}

impl Way {
    /// Nothing comes between, and nothing fails.
    pub(super) fn undisturbed(filters: Filters, ending: Ending) -> Self {
        Self { filters, ending, deliveries: vec![false; 12], fails_at: None, attribute: None }
    }
}

pub(super) fn way() -> impl Strategy<Value = Way> {
    let filters = prop_oneof![4 => Just(Filters::Stop), 4 => Just(Filters::Gate), 1 => Just(Filters::TwoGates),
        1 => Just(Filters::GateFirst), 1 => Just(Filters::BothSides), 1 => Just(Filters::GateMissing)];
    let ending = prop::sample::select(vec![Ending::WithLast, Ending::Alone, Ending::Trailers, Ending::Reset]);
    let deliveries = prop::collection::vec(any::<bool>(), 12);
    (filters, ending, deliveries)
        .prop_map(|(filters, ending, deliveries)| Way { deliveries, ..Way::undisturbed(filters, ending) })
}

/// What became of a request.
#[derive(Debug, Default)]
pub(super) struct Fate {
    pub(super) proxy: Proxy,
    /// The headers with which it went on, if it did.
    pub(super) headers: Option<Headers>,
    pub(super) body: Vec<u8>,
    pub(super) is_complete: bool,
    pub(super) was_reset: bool,
}

/// Each gate has a virtual machine of its own, and machines number their contexts alike.
const GATE_CONTEXT: u32 = 78;
/// Queues are numbered for the whole proxy.
const QUEUES: [u32; 2] = [5, 6];
/// What a gate of another chain, which runs at the same time, has in its queue.
const ELSEWHERE: u32 = 7;

struct Chain {
    fate: Fate,
    router: RouterStream,
    /// In the order of the chain.
    gates: [Gate; 2],
    way: Way,
    /// What the router keeps, and whether it pauses.
    kept: Vec<u8>,
    paused: bool,
    /// What waits behind the router until the headers go.
    behind: Vec<u8>,
    callbacks: usize,
}

/// Sends a request.
pub(super) fn send(policy: &Arc<Policy>, headers: &Headers, chunks: &[Vec<u8>], way: &Way) -> Fate {
    let mut proxy = Proxy::new(headers);
    proxy.fails_at = way.fails_at;
    if let Some((name, value)) = way.attribute {
        proxy.state.insert(name.to_vec(), value.to_vec());
    }
    let list: Vec<(&[u8], &[u8])> = headers.iter().map(|(name, value)| (&name[..], &value[..])).collect();
    let Received::Read(reading) = receive(policy, &list, &exchange(b"{}"), &Live::default, false) else {
        panic!("it is read")
    };
    let hold = if way.filters == Filters::Stop { Hold::Stop } else { Hold::Gate };
    let manner = Manner { hold, watch: Rc::clone(&proxy.watch), room: Rc::default() };
    let router = RouterStream::new(reading, manner);
    let fate = Fate { proxy, ..Fate::default() };
    let (kept, behind) = (Vec::new(), Vec::new());
    let mut chain = Chain {
        fate,
        router,
        gates: QUEUES.map(Gate::new),
        way: way.clone(),
        kept,
        paused: false,
        behind,
        callbacks: 0,
    };
    chain.headers();
    for (at, chunk) in chunks.iter().enumerate() {
        let last = at + 1 == chunks.len();
        chain.data(chunk, last && way.ending == Ending::WithLast);
    }
    match way.ending {
        Ending::WithLast => {}
        Ending::Alone => chain.data(&[], true),
        Ending::Trailers => chain.trailers(),
        Ending::Reset => chain.fate.was_reset = true,
        Ending::Open => {}
    }
    chain.deliver();
    chain.fate
}

impl Chain {
    fn is_over(&self) -> bool {
        !self.fate.proxy.replies.is_empty()
    }

    fn headers(&mut self) {
        if matches!(self.way.filters, Filters::GateFirst | Filters::BothSides) {
            assert_eq!(self.gate_headers(0), FilterStatus::Continue, "nobody has asked it to hold");
        }
        self.router.headers(&self.fate.proxy, false);
        let status = self.fate.proxy.drive(&mut self.router, &mut Vec::new());
        if self.is_over() {
            return;
        }
        match (self.way.filters, status) {
            (Filters::Stop, FilterStatus::Pause) => {}
            (Filters::Gate | Filters::TwoGates, FilterStatus::Continue) => {
                assert_eq!(self.gate_headers(0), FilterStatus::PauseAll, "the gate holds");
                self.fate.proxy.holds_headers = false;
            }
            (Filters::GateMissing, FilterStatus::Continue) => self.went_on_undecided(),
            other => panic!("{other:?}"),
        }
    }

    fn gate_headers(&mut self, gate: usize) -> FilterStatus {
        let mut arrival = self.gates[gate].headers(&self.fate.proxy, GATE_CONTEXT, false);
        self.fate.proxy.drive(&mut arrival, &mut Vec::new())
    }

    /// No route fits, whatever they look at: Envoy's router answers, unless a filter in front of it waits for the first bytes of
    /// the body.
    fn went_on_undecided(&mut self) {
        assert_eq!(self.fate.proxy.value(CLUSTER_HEADER).map(String::into_bytes).as_deref(), Some(UNDECIDED));
        assert_eq!(self.fate.proxy.value(ROUTABLE_HEADER), None, "some route could fit an undecided request");
        self.fate.proxy.holds_headers = false;
        if self.way.deliveries[0] {
            let details = (b"response\0code_details".to_vec(), b"route_not_found".to_vec());
            self.fate.proxy.state.extend([details]);
            self.router.answer(&self.fate.proxy);
            self.fate.proxy.drive(&mut self.router, &mut Vec::new());
            assert!(self.is_over(), "an undecided request was answered by nobody");
        }
    }

    fn data(&mut self, chunk: &[u8], end_of_stream: bool) {
        if self.is_over() {
            return;
        }
        // A router that pauses sees all again.
        let mut seen = if self.paused { std::mem::take(&mut self.kept) } else { Vec::new() };
        seen.extend_from_slice(chunk);
        self.router.body(&self.fate.proxy, seen.len(), end_of_stream);
        self.act(seen, end_of_stream);
    }

    fn trailers(&mut self) {
        if self.is_over() {
            return;
        }
        let seen = std::mem::take(&mut self.kept);
        self.router.trailers(&self.fate.proxy);
        self.act(seen, true);
    }

    fn act(&mut self, mut seen: Vec<u8>, end_of_stream: bool) {
        let status = self.fate.proxy.drive(&mut self.router, &mut seen);
        if self.is_over() {
            return;
        }
        self.paused = status == FilterStatus::Pause;
        if self.paused {
            self.kept = seen;
        } else {
            if self.way.filters == Filters::Stop {
                self.go();
            }
            self.behind.extend(seen);
            self.fate.is_complete |= end_of_stream;
        }
        self.callbacks += 1;
        if self.way.deliveries.get(self.callbacks).copied().unwrap_or_default() {
            self.deliver();
        }
        self.flow();
    }

    /// The headers go on.
    fn go(&mut self) {
        if self.fate.headers.is_none() {
            self.fate.headers = Some(self.fate.proxy.headers.clone());
        }
        self.fate.proxy.holds_headers = false;
    }

    fn flow(&mut self) {
        if self.fate.headers.is_some() {
            self.fate.body.append(&mut self.behind);
        }
    }

    /// The worker's event loop wakes the gate.
    fn deliver(&mut self) {
        while let Some((queue, letter)) = self.fate.proxy.queue.pop_front() {
            let gate = QUEUES.iter().position(|own| *own == queue).expect("a queue of this chain");
            assert!(
                Gate::new(ELSEWHERE).letter(queue, &letter).is_none(),
                "another gate has a context of that number, too"
            );
            let letter = self.gates[gate].letter(queue, &letter).expect("a letter for this gate");
            assert_eq!((gate, letter.context), (0, GATE_CONTEXT), "the gate that holds the request");
            // A context that is gone cannot be acted for.
            if self.is_over() || self.fate.was_reset {
                continue;
            }
            self.fate.proxy.holds_headers = true;
            self.fate.proxy.drive(&mut Delivery::new(letter), &mut Vec::new());
            if std::mem::take(&mut self.fate.proxy.resumed) {
                if self.way.filters == Filters::TwoGates {
                    assert_eq!(self.gate_headers(1), FilterStatus::Continue, "it is decided");
                }
                self.go();
            }
        }
        self.flow();
    }
}
