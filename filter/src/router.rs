//! One request on its way through the router.

mod answer;
mod peer;

use crate::dispatch;
use crate::edits::{self, ADDRESS_PROPERTY, Address};
use crate::feedback;
use crate::gate::{self, GATES};
use crate::host::{self, Action, Headers, Loan, Status};
use crate::installation::{self, GATE_FIRST, GATE_FIRST_PROPERTY, GATE_MISSING, HOLD_PROPERTY, UNDECIDED, Watch};
use crate::splice::{some, splice};
use peer::Peer;
use pointsman_engine::config::Hold;
use pointsman_engine::names::{self, CLUSTER_HEADER, PLAN_PROPERTY, RECORD_PROPERTY};
use pointsman_engine::{Edits, Policy, Reading, Received, Reply, Step};
use std::rc::Rc;
use std::sync::Arc;

/// How much of a refused request's body may still be on its way for the answer to wait for it.
const LARGEST_REST: u64 = 64 << 10;

/// By these a client can tell Envoy when and how often to try again. A chain is tried as the policy says: each model once,
/// one after the other. Two attempts at the same time would even share one header map, and with it path, host and key.
///
/// `x-envoy-max-retries` is not among them because a chain sets it; how long the whole may take stays the client's.
const RETRY_HEADERS: [&str; 6] = [
    "x-envoy-retry-on",
    "x-envoy-retry-grpc-on",
    "x-envoy-retriable-status-codes",
    "x-envoy-retriable-header-names",
    "x-envoy-upstream-rq-per-try-timeout-ms",
    "x-envoy-hedge-on-per-try-timeout",
];

/// A configured router on one worker.
pub(crate) struct Router {
    policy: Arc<Policy>,
    hold: Hold,
    pub(crate) watch: Watch,
}

impl Router {
    pub(crate) fn new(policy: Arc<Policy>, hold: Hold) -> Self {
        feedback::open();
        Self { policy, hold, watch: Watch::new() }
    }

    /// What is wrong with the chain, as far as it shows before the body.
    fn mistake(&self, context: u32) -> Option<&'static str> {
        match self.hold {
            Hold::Stop => (!self.watch.may_hold()).then_some(installation::FLAG_MISSING),
            Hold::Gate => {
                let unknown = !self.watch.is_sound();
                if unknown && host::shared(GATES).is_none() {
                    Some(GATE_MISSING)
                } else if unknown && host::property(GATE_FIRST_PROPERTY.as_bytes()).is_some() {
                    Some(GATE_FIRST)
                } else {
                    (dispatch::has_gate() && !installation::is_followed(context)).then_some(GATE_MISSING)
                }
            }
        }
    }
}

/// An LLM request whose body is being read.
pub(crate) struct Stream {
    plugin: Rc<Router>,
    reading: Box<Reading>,
    /// For an answer in the client's API, when the headers are out of reach.
    path: Box<[u8]>,
    /// What the client says the length of the body is, and how much of it has come.
    received: u64,
    /// The client has sent some of [`RETRY_HEADERS`].
    steers_retries: bool,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// Undecided. So many bytes of the body have been read; Envoy buffers and shows all of them each time.
    Held { read: usize, gate: Option<Address> },
    /// Decided; chunks pass by. Each callback sees only its own.
    Flowing,
    /// The body is complete by its content-length, and judged. Only its end is still to come.
    Complete,
    /// Refused. The answer waits for the end of the body, and nothing of the body is kept.
    Refused(Box<Reply>),
    /// The request is through; response headers are still to come.
    Answering,
    /// Nothing more to do.
    Over,
}

/// The first thing that happens to any request, on any path.
pub(crate) fn on_request_headers(
    plugin: &Rc<Router>,
    context: u32,
    end_of_stream: bool,
) -> (Action, Option<Box<Stream>>) {
    let map = host::headers(Headers::Request);
    let Some(mut headers) = map.as_ref().ok().and_then(|map| map.pairs()) else {
        return (installation::refuse_here("the request headers are out of reach"), None);
    };
    if strip_reserved(&mut headers, Headers::Request).is_err() {
        return (installation::refuse_here("a reserved request header could not be removed"), None);
    }
    let reading = match pointsman_engine::receive(
        &plugin.policy,
        &headers,
        &Peer(&plugin.policy),
        &|| feedback::live(&plugin.policy),
        end_of_stream,
    ) {
        Received::Pass(record) => {
            if let Some(record) = record {
                let _ = host::set_property(RECORD_PROPERTY, record.to_json().as_bytes());
            }
            return (Action::Continue, None);
        }
        Received::Reply(reply) => return (installation::answer(*reply), None),
        Received::Read(reading) => reading,
    };
    let header = |wanted: &[u8]| headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
    let mut stream = Box::new(Stream {
        plugin: Rc::clone(plugin),
        reading,
        path: header(b":path").unwrap_or_default().into(),
        received: 0,
        steers_retries: headers.iter().any(|(name, _)| steers_retries(name)),
        phase: Phase::Held { read: 0, gate: None },
    });
    let action = stream.on_request_headers(context, end_of_stream);
    (action, (!stream.is_over()).then_some(stream))
}

impl Stream {
    fn on_request_headers(&mut self, context: u32, end_of_stream: bool) -> Action {
        if end_of_stream {
            return self.read(0, true);
        }
        if let Some(mistake) = self.plugin.mistake(context) {
            return self.refuse(mistake);
        }
        match self.plugin.hold {
            Hold::Stop => {
                self.plugin.watch.hold(context);
                Action::Pause
            }
            Hold::Gate => {
                let marked = host::set_header(Headers::Request, CLUSTER_HEADER.as_bytes(), UNDECIDED);
                match marked.and_then(|()| host::set_property(HOLD_PROPERTY, b"1")) {
                    Ok(()) => Action::Continue,
                    Err(status) => self.fail("mark the request", status),
                }
            }
        }
    }

    /// Trailers end a request whose body callbacks did not.
    pub(crate) fn on_request_trailers(&mut self) -> Action {
        let read = if let Phase::Held { read, .. } = self.phase { read } else { 0 };
        self.on_request_body(read, true)
    }

    pub(crate) fn on_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        match (&self.phase, self.plugin.hold) {
            (Phase::Held { .. }, Hold::Stop) => {
                self.plugin.watch.is_sound_now();
                self.read(size, end_of_stream)
            }
            (&Phase::Held { read, gate }, Hold::Gate) => {
                let Some(gate) = gate.or_else(find_gate) else {
                    return self.refuse(GATE_MISSING);
                };
                self.plugin.watch.is_sound_now();
                self.phase = Phase::Held { read, gate: Some(gate) };
                self.read(size, end_of_stream)
            }
            (Phase::Flowing, _) => self.read(size, end_of_stream),
            (Phase::Complete, _) if size > 0 => self.refuse("the body goes on behind its content-length"),
            (Phase::Complete, _) => self.pass(true, end_of_stream),
            (Phase::Refused(_), _) => self.refused(size, end_of_stream),
            (Phase::Answering | Phase::Over, _) => Action::Continue,
        }
    }

    /// Feeds the engine what is new of the body, and does what it says.
    fn read(&mut self, size: usize, end_of_stream: bool) -> Action {
        let news = match self.feed(size, end_of_stream) {
            Ok(news) => news,
            Err(Refusal::Reply(reply)) => return self.deny(reply, size, end_of_stream),
            Err(Refusal::Host(status)) => return self.fail("read the body", status),
        };
        match (news.edits, &self.phase) {
            (Some(mut edits), phase) => {
                if self.steers_retries && edits.state.iter().any(|(name, _)| *name == PLAN_PROPERTY) {
                    edits.remove_headers.extend(RETRY_HEADERS);
                }
                let gate = if let Phase::Held { gate, .. } = phase { *gate } else { None };
                if let Err(status) = apply(gate, size, news.head.as_deref(), &edits) {
                    return self.fail("change the request", status);
                }
                let _ = host::set_property(RECORD_PROPERTY, edits.record.to_json().as_bytes());
                for (name, value) in &edits.state {
                    if let Err(status) = host::set_property(name, value.as_bytes()) {
                        return self.fail("leave a plan for the attempts", status);
                    }
                }
            }
            (None, Phase::Held { .. }) if news.complete => {
                return self.refuse("a request ended without a decision");
            }
            (None, &Phase::Held { gate, .. }) => {
                self.phase = Phase::Held { read: size, gate };
                return Action::Pause;
            }
            (None, _) => {}
        }
        self.pass(news.complete, end_of_stream)
    }

    /// Lets what this callback sees go on.
    fn pass(&mut self, complete: bool, end_of_stream: bool) -> Action {
        self.phase = match (end_of_stream, complete) {
            (true, _) if self.reading.expectation().is_none() => Phase::Over,
            (true, _) => Phase::Answering,
            (false, true) => Phase::Complete,
            (false, false) => Phase::Flowing,
        };
        Action::Continue
    }

    /// Refuses the request, whatever has become of it, at the end of its body.
    ///
    /// An answer in front of that end costs an HTTP/1 client its connection, for a proxy cannot tell what is left of the
    /// request from the next one. So a short rest is waited for. Whoever never sends it runs into Envoy's timeouts, as with
    /// any other request; whoever has much to send, or does not say how much, is answered at once.
    fn deny(&mut self, reply: Box<Reply>, size: usize, end_of_stream: bool) -> Action {
        let rest = self.reading.content_length().and_then(|length| length.checked_sub(self.received));
        let may_wait = !end_of_stream && rest.is_some_and(|rest| rest <= LARGEST_REST);
        // What lies in Envoy's buffer goes: it must never go on, and must not fill the buffer up to a 413.
        if may_wait && (size == 0 || host::replace_body_prefix(size, b"").is_ok()) {
            self.phase = Phase::Refused(reply);
            return Action::Pause;
        }
        self.phase = Phase::Over;
        installation::answer(*reply)
    }

    /// More of a refused request.
    fn refused(&mut self, size: usize, end_of_stream: bool) -> Action {
        let Phase::Refused(reply) = std::mem::replace(&mut self.phase, Phase::Over) else {
            return Action::Pause;
        };
        self.received = self.received.saturating_add(size as u64);
        self.deny(reply, size, end_of_stream)
    }

    fn feed(&mut self, size: usize, end_of_stream: bool) -> Result<News, Refusal> {
        let mut at = if let Phase::Held { read, .. } = self.phase { read } else { 0 };
        self.received = self.received.saturating_add(size.saturating_sub(at) as u64);
        let (mut edits, mut head) = (None, None);
        while at < size {
            let piece = host::body(at, size).and_then(some).map_err(Refusal::Host)?;
            at += piece.len();
            take(self.reading.push(&piece), &mut edits)?;
            if at == piece.len() {
                head = Some(piece);
            }
        }
        // HTTP/1 reports the end of the stream on its own, after the last byte. Waiting for that would let a complete but
        // broken body go first, so its length counts as its end too.
        let complete = end_of_stream || Some(self.received) == self.reading.content_length();
        if complete {
            take(self.reading.finish(), &mut edits)?;
        }
        Ok(News { edits, head, complete })
    }

    pub(crate) fn on_response_headers(&mut self) {
        match self.phase {
            Phase::Held { gate: None, .. } if self.plugin.hold == Hold::Gate && went_nowhere() => {
                self.refuse(GATE_MISSING);
            }
            Phase::Held { .. } | Phase::Refused(_) | Phase::Over => {}
            Phase::Flowing | Phase::Complete | Phase::Answering => self.hear(),
        }
    }

    /// Answers with a 500 that names the mistake, and ends the stream's part here.
    pub(crate) fn refuse(&mut self, what: &str) -> Action {
        self.phase = Phase::Over;
        self.plugin.watch.log(what);
        installation::answer(pointsman_engine::reply::installation(&self.path, what))
    }

    fn fail(&mut self, what: &str, status: Status) -> Action {
        self.refuse(&format!("Envoy did not let Pointsman {what}: {status}"))
    }

    /// Are its headers held, and has nothing of the body been shown?
    pub(crate) fn is_unheard(&self) -> bool {
        matches!(self.phase, Phase::Held { read: 0, .. })
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }
}

/// Applies a decision: the body here, the headers where they are held.
fn apply(gate: Option<Address>, size: usize, head: Option<&[u8]>, edits: &Edits) -> Result<(), Status> {
    if let Some(change) = &edits.splice {
        splice(size, head.unwrap_or_default(), change)?;
    }
    let length = edits.content_length.map(|length| length.to_string());
    let mut headers = edits::header_edits(edits, length.as_deref());
    match gate {
        None => headers.try_for_each(|edit| gate::apply(&edit)),
        Some(gate) => host::enqueue(gate.queue, &edits::write(gate.context, headers)),
    }
}

/// What a callback's share of the body has brought.
struct News {
    /// The decision, if it fell just now. It holds only because nothing behind it in this callback was refused.
    edits: Option<Box<Edits>>,
    /// The first piece of what this callback could see, if it was read: most splices fall into it.
    head: Option<Loan>,
    /// The body is complete.
    complete: bool,
}

enum Refusal {
    Reply(Box<Reply>),
    Host(Status),
}

fn take(step: Step, decided: &mut Option<Box<Edits>>) -> Result<(), Refusal> {
    match step {
        Step::Hold | Step::Flow => Ok(()),
        Step::Route(edits) => {
            *decided = Some(edits);
            Ok(())
        }
        Step::Reply(reply) => Err(Refusal::Reply(reply)),
    }
}

/// Every `x-pointsman-*` header is ours: whatever another party put there goes, before anybody can believe it.
fn strip_reserved(headers: &mut Vec<(&[u8], &[u8])>, of: Headers) -> Result<(), Status> {
    if !headers.iter().any(|(name, _)| names::is_reserved(name)) {
        return Ok(());
    }
    for (name, _) in headers.extract_if(.., |(name, _)| names::is_reserved(name)) {
        host::remove_header(of, name)?;
    }
    Ok(())
}

fn steers_retries(name: &[u8]) -> bool {
    name.starts_with(b"x-envoy-") && RETRY_HEADERS.iter().any(|known| known.as_bytes() == name)
}

/// The same for trailers, whatever the request is: a server may read them as headers.
pub(crate) fn strip_trailers() -> Result<(), &'static str> {
    let map = host::headers(Headers::RequestTrailers);
    let mut trailers = map.as_ref().ok().and_then(|map| map.pairs()).ok_or("the request trailers are out of reach")?;
    strip_reserved(&mut trailers, Headers::RequestTrailers)
        .map_err(|_| "a reserved request trailer could not be removed")
}

fn find_gate() -> Option<Address> {
    Address::decode(&host::property(ADDRESS_PROPERTY.as_bytes())?)
}

/// Did Envoy answer by itself because the undecided request has no cluster to go to?
fn went_nowhere() -> bool {
    let details = host::property(b"response\0code_details");
    details.is_some_and(|details| matches!(&*details, b"cluster_not_found" | b"route_not_found"))
}
