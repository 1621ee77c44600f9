//! A request that comes to a router.

use crate::drive::{self, Place};
use crate::feedback;
use crate::host::{self, Action, Buffer, Headers, Status};
use crate::peer::Peer;
use crate::spend::{Known, Tab};
use crate::tallies;
use crate::view::Envoy;
use pointsman_engine::budget::Tokens;
use pointsman_engine::config::Hold;
use pointsman_engine::stream::answering::AnswerStream;
use pointsman_engine::stream::pairs::{self, Pairs};
use pointsman_engine::stream::room::Room;
use pointsman_engine::stream::router::{Manner, Reception, RouterStream, is_envoys_answer};
use pointsman_engine::stream::watch::{Complaints, Watch};
use pointsman_engine::{Policy, Received, names, steering};
use std::rc::Rc;
use std::sync::Arc;

thread_local! {
    /// One for the whole VM: all routers in it take their memory from the same place.
    static ROOM: Rc<Room> = Rc::default();
}

/// A configured router on one worker.
pub(crate) struct Router {
    policy: Arc<Policy>,
    manner: Manner,
    complaints: Complaints,
}

impl Router {
    pub(crate) fn new(policy: Arc<Policy>, hold: Hold) -> Self {
        feedback::open(&policy);
        let manner = Manner { hold, watch: Rc::new(Watch::default()), room: ROOM.with(Rc::clone) };
        Self { policy, manner, complaints: Complaints::default() }
    }

    pub(crate) fn policy_version(&self) -> &str {
        self.policy.version()
    }

    /// Looks at the requests that are held. Those returned show that bodies do not come.
    pub(crate) fn look(&self, is_unheard: impl Fn(u32) -> bool) -> Vec<u32> {
        let received = |context| (is_unheard(context) && host::act_for(context).is_ok()).then(host::received);
        let look = self.manner.watch.look(received, host::now);
        if look.rest {
            host::set_tick_period(0);
        }
        look.accused
    }
}

/// An LLM request whose body is being read.
pub(crate) struct Stream {
    plugin: Rc<Router>,
    context: u32,
    machine: RouterStream,
    /// The answer, where its body is read.
    answer: Option<Box<AnswerStream>>,
    /// What it has to pay.
    tab: Tab,
}

/// The first thing that happens to any request, on any path.
pub(crate) fn on_request_headers(
    plugin: &Rc<Router>,
    context: u32,
    end_of_stream: bool,
) -> (Action, Option<Box<Stream>>) {
    #[cfg(all(feature = "trap", target_arch = "wasm32"))]
    if host::header(Headers::RequestHeaders, "x-trap").is_some() {
        core::arch::wasm32::unreachable();
    }
    let map = host::headers(Headers::RequestHeaders);
    let Some(mut headers) = map.as_deref().ok().and_then(pairs::headers) else {
        return (refuse_here(context, "the request headers are out of reach"), None);
    };
    if strip(&mut headers, Headers::RequestHeaders, is_not_for_clients).is_err() {
        return (refuse_here(context, "a reserved request header could not be removed"), None);
    }
    let received = pointsman_engine::receive(
        &plugin.policy,
        &headers,
        &Peer::new(&plugin.policy),
        &Known(&plugin.policy),
        end_of_stream,
    );
    // Rules have seen them by now; who is behind the proxy is told of the model in the body alone.
    let steers = |name: &[u8]| plugin.policy.takes_out(name);
    if !matches!(received, Received::Pass(None)) {
        if strip(&mut headers, Headers::RequestHeaders, steers).is_err() {
            return (refuse_here(context, "a request header that names a model could not be removed"), None);
        }
        tallies::open(context, &plugin.policy);
    }
    let reading = match received {
        Received::Pass(record) => {
            if let Some(record) = record {
                let _ = drive::record(context, &record);
            }
            return (Action::Continue, None);
        }
        Received::Reply(reply) => return (Place::of(context).drive(&mut Reception::reply(reply)), None),
        Received::Read(reading) => reading,
    };
    let machine = RouterStream::new(reading, plugin.manner.clone());
    let mut stream =
        Box::new(Stream { plugin: Rc::clone(plugin), context, machine, answer: None, tab: Tab::default() });
    let action = stream.drive(|machine, envoy| machine.headers(envoy, end_of_stream));
    (action, (!stream.is_over()).then_some(stream))
}

impl Stream {
    /// Tells the machine what has happened, and does what it commands.
    fn drive(&mut self, happened: impl FnOnce(&mut RouterStream, &Envoy)) -> Action {
        let envoy = Envoy { context: self.context };
        happened(&mut self.machine, &envoy);
        let (watch, complaints) = (Some(&*self.plugin.manner.watch), Some(&self.plugin.complaints));
        Place { watch, complaints, tab: Some(&self.tab), ..Place::of(self.context) }.drive(&mut self.machine)
    }

    pub(crate) fn on_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.drive(|machine, envoy| machine.body(envoy, size, end_of_stream))
    }

    pub(crate) fn on_request_trailers(&mut self) -> Action {
        self.drive(RouterStream::trailers)
    }

    pub(crate) fn on_response_headers(&mut self) {
        self.drive(RouterStream::answer);
        self.tab.answered(&Envoy { context: self.context });
        self.answer = self.machine.take_answer();
    }

    pub(crate) fn on_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        let Some(answer) = &mut self.answer else { return Action::Continue };
        answer.body(size, end_of_stream);
        let action = Place { body: Buffer::ResponseBody, ..Place::of(self.context) }.drive(&mut **answer);
        if answer.is_over() {
            self.answer = None;
        }
        action
    }

    /// The answer is over, and has taken so many tokens, if that is known.
    pub(crate) fn settle(&mut self, tokens: Option<Tokens>) {
        self.tab.settle(tokens);
    }

    pub(crate) fn reads_answer(&self) -> bool {
        self.answer.is_some()
    }

    /// Its body came and was not shown.
    pub(crate) fn on_accusation(&mut self) {
        self.drive(|machine, _| machine.accused());
    }

    pub(crate) fn is_unheard(&self) -> bool {
        self.machine.is_unheard()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.machine.is_over() && self.answer.is_none() && !self.tab.is_due()
    }
}

/// Answers a stream that has no machine to take the answer from.
pub(crate) fn refuse_here(context: u32, what: &'static str) -> Action {
    let path = host::header(Headers::RequestHeaders, ":path");
    Place::of(context).drive(&mut Reception::refusal(path.as_deref().unwrap_or_default(), what))
}

/// Every `x-pointsman-*` header is ours: whatever another party put there goes, before anybody can believe it. The same for
/// trailers, whatever the request is: a server may read them as headers.
pub(crate) fn strip_reserved(of: Headers) -> Result<(), Status> {
    let map = host::headers(of)?;
    let mut headers = pairs::headers(&map).ok_or(Status::INVALID_MEMORY)?;
    strip(&mut headers, of, names::is_reserved)
}

/// No provider speaks in Pointsman's name. Answers that Envoy gives by itself are left alone: some of them are ours, with
/// what we tell. No failure is worth an answer.
pub(crate) fn strip_answer(context: u32, of: Headers, headers: &mut Pairs<'_>) {
    if headers.iter().any(|(name, _)| names::is_reserved(name)) && !is_envoys_answer(&Envoy { context }) {
        let _ = strip(headers, of, names::is_reserved);
    }
}

/// What no client may say: what is ours, and what would steer Envoy.
fn is_not_for_clients(name: &[u8]) -> bool {
    names::is_reserved(name) || steering::is_steering(name)
}

fn strip(headers: &mut Pairs<'_>, of: Headers, is_stripped: impl Fn(&[u8]) -> bool) -> Result<(), Status> {
    if !headers.iter().any(|(name, _)| is_stripped(name)) {
        return Ok(());
    }
    for (name, _) in headers.extract_if(.., |(name, _)| is_stripped(name)) {
        host::remove_header(of, name)?;
    }
    Ok(())
}
