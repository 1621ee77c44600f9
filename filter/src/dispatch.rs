//! From the context id Envoy calls with to the plugin or stream it means.
//!
//! A stream's state is taken out while its callback runs and put back afterwards, so nothing is borrowed across a host
//! call. Requests that are none of Pointsman's business never get a state: for them every later callback is one lookup.

use crate::host::{self, Action, Headers};
use crate::meter;
use crate::plugin::Plugin;
use crate::router;
use crate::spread::Spread;
use crate::tallies;
use crate::upstream;
use crate::view::{Answered, Envoy};
use pointsman_engine::metric::Sample;
use pointsman_engine::stream::pairs::{self, Pairs};
use std::cell::Cell;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;

thread_local! {
    /// The plugins of this VM, by the id of their root context. A handful: one for each role and configuration.
    static PLUGINS: Cell<Vec<(u32, Plugin)>> = const { Cell::new(Vec::new()) };
    /// The streams that have a state.
    static STREAMS: Cell<Streams> = const { Cell::new(HashMap::with_hasher(BuildHasherDefault::new())) };
    /// The stream context created last, and its plugin. Envoy creates a context right before its first callback, the
    /// request headers, so there is no need to remember more.
    static CREATED: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
}

type Streams = HashMap<u32, Stream, BuildHasherDefault<Spread>>;

/// What a stream's context stands for.
enum Stream {
    /// A request in the router.
    Request(Box<router::Stream>),
    /// One attempt to send it.
    Attempt(Box<upstream::Stream>),
}

impl Stream {
    fn is_over(&self) -> bool {
        match self {
            Self::Request(stream) => stream.is_over(),
            // An attempt that has nothing left to write still waits for its answer.
            Self::Attempt(_) => false,
        }
    }
}

fn with_plugins<R>(act: impl FnOnce(&mut Vec<(u32, Plugin)>) -> R) -> R {
    let mut plugins = PLUGINS.take();
    let result = act(&mut plugins);
    PLUGINS.set(plugins);
    result
}

fn with_streams<R>(act: impl FnOnce(&mut Streams) -> R) -> R {
    let mut streams = STREAMS.take();
    let result = act(&mut streams);
    STREAMS.set(streams);
    result
}

fn plugin(id: u32) -> Option<Plugin> {
    with_plugins(|plugins| plugins.iter().find(|(known, _)| *known == id).map(|(_, plugin)| plugin.clone()))
}

fn take_stream(id: u32) -> Option<Stream> {
    with_streams(|streams| streams.remove(&id))
}

fn put_stream(id: u32, stream: Stream) {
    with_streams(|streams| streams.insert(id, stream));
}

pub(crate) fn on_context_create(context: u32, parent: u32) {
    if parent != 0 {
        CREATED.set((context, parent));
    }
}

pub(crate) fn on_configure(id: u32, size: usize) -> bool {
    let Some(new) = Plugin::configure(id, size) else {
        return false;
    };
    with_plugins(|plugins| {
        plugins.retain(|(known, _)| *known != id);
        plugins.push((id, new));
    });
    true
}

/// A router whose policy has what the environment of a test cannot give it.
#[cfg(test)]
pub(crate) fn install_router(id: u32, policy: std::sync::Arc<pointsman_engine::Policy>) {
    let router = router::Router::new(policy, pointsman_engine::config::Hold::Stop);
    with_plugins(|plugins| plugins.push((id, Plugin::Router(std::rc::Rc::new(router)))));
}

pub(crate) fn on_request_headers(context: u32, end_of_stream: bool) -> Action {
    let (created, parent) = CREATED.get();
    let (action, stream) = match plugin(parent).filter(|_| created == context) {
        Some(Plugin::Router(plugin)) => {
            let (action, stream) = router::on_request_headers(&plugin, context, end_of_stream);
            (action, stream.map(Stream::Request))
        }
        Some(Plugin::Upstream(plugin)) => {
            let (action, stream) = upstream::on_request_headers(&plugin, context, end_of_stream);
            (action, stream.map(Stream::Attempt))
        }
        Some(Plugin::Gate(plugin)) => (plugin.on_request_headers(context, end_of_stream), None),
        None => {
            log::error!("a request came to an instance that was never configured");
            (router::refuse_here(context, "this instance of Pointsman has no configuration"), None)
        }
    };
    if let Some(stream) = stream {
        put_stream(context, stream);
    }
    action
}

pub(crate) fn on_request_body(context: u32, size: usize, end_of_stream: bool) -> Action {
    resume(context, |stream| match stream {
        Stream::Request(stream) => stream.on_request_body(size, end_of_stream),
        Stream::Attempt(stream) => stream.on_request_body(size, end_of_stream),
    })
}

pub(crate) fn on_request_trailers(context: u32) -> Action {
    // Those of an attempt have been through the router, and an attempt asks for no header but its own.
    if !is_attempt(context) && router::strip_reserved(Headers::RequestTrailers).is_err() {
        return router::refuse_here(context, "a reserved request trailer could not be removed");
    }
    resume(context, |stream| match stream {
        Stream::Request(stream) => stream.on_request_trailers(),
        Stream::Attempt(stream) => stream.on_request_trailers(),
    })
}

fn is_attempt(context: u32) -> bool {
    with_streams(|streams| matches!(streams.get(&context), Some(Stream::Attempt(_))))
}

pub(crate) fn on_response_headers(context: u32) {
    let hear = || {
        resume(context, |stream| {
            match stream {
                Stream::Request(stream) => stream.on_response_headers(),
                Stream::Attempt(stream) => stream.on_response_headers(),
            }
            Action::Continue
        });
    };
    // An attempt asks for no header but its own, and nobody counts it.
    if is_attempt(context) {
        return hear();
    }
    // No state is needed for this: also what passed unread is answered by somebody.
    stripped(context, Headers::ResponseHeaders, |headers| {
        hear();
        tallies::answered(&Answered { envoy: Envoy { context }, headers });
    });
}

/// Shows what a provider says in a map, without what it may not say.
fn stripped<R>(context: u32, of: Headers, show: impl FnOnce(&Pairs<'_>) -> R) -> R {
    let map = host::headers(of);
    let mut headers = map.as_deref().ok().and_then(pairs::headers).unwrap_or_default();
    router::strip_answer(context, of, &mut headers);
    show(&headers)
}

/// Only some answers have somebody who reads them: for all others this is one lookup.
pub(crate) fn on_response_body(context: u32, size: usize, end_of_stream: bool) -> Action {
    // What the provider said, and not what becomes of it.
    tallies::read(context, size);
    if end_of_stream {
        ended(context, true);
    }
    if !is_read(context) {
        return Action::Continue;
    }
    resume(context, |stream| match stream {
        Stream::Request(stream) => stream.on_response_body(size, end_of_stream),
        Stream::Attempt(_) => Action::Continue,
    })
}

/// The stream is over, and what is said of it now stands in the access log.
pub(crate) fn on_log(context: u32) {
    ended(context, false);
}

/// Is this a request of whose answer the body is read?
fn is_read(context: u32) -> bool {
    with_streams(|streams| matches!(streams.get(&context), Some(Stream::Request(stream)) if stream.reads_answer()))
}

pub(crate) fn on_response_trailers(context: u32) {
    if !is_attempt(context) {
        stripped(context, Headers::ResponseTrailers, |_| ());
    }
    ended(context, true);
}

/// A request has ended, if it has not before: what is due is paid by what its answer took.
fn ended(context: u32, is_complete: bool) {
    let Some(tokens) = tallies::end(context, is_complete) else { return };
    resume(context, |stream| {
        if let Stream::Request(stream) = stream {
            stream.settle(tokens);
        }
        Action::Continue
    });
}

/// Runs a callback of a stream that has a state; all others go on.
fn resume(context: u32, callback: impl FnOnce(&mut Stream) -> Action) -> Action {
    let Some(mut stream) = take_stream(context) else {
        return Action::Continue;
    };
    let action = callback(&mut stream);
    if !stream.is_over() {
        put_stream(context, stream);
    }
    action
}

pub(crate) fn on_tick(id: u32) {
    let Some(Plugin::Router(plugin)) = plugin(id) else {
        return;
    };
    for context in plugin.look(is_unheard) {
        if let Some(Stream::Request(mut stream)) = take_stream(context)
            && host::act_for(context).is_ok()
        {
            stream.on_accusation();
        }
    }
}

/// Is this a request whose headers are held, and of whose body nothing has been shown?
fn is_unheard(context: u32) -> bool {
    with_streams(|streams| matches!(streams.get(&context), Some(Stream::Request(stream)) if stream.is_unheard()))
}

pub(crate) fn on_queue_ready(id: u32, queue: u32) {
    if let Some(Plugin::Gate(plugin)) = plugin(id) {
        plugin.on_queue_ready(queue);
    }
}

pub(crate) fn on_delete(context: u32) {
    ended(context, false);
    if take_stream(context).is_none() {
        with_plugins(|plugins| {
            let gone: Vec<_> = plugins.extract_if(.., |(known, _)| *known == context).collect();
            let left: Vec<_> = plugins.iter().filter_map(|(_, plugin)| plugin.policy_version()).collect();
            let versions = gone.iter().filter_map(|(_, plugin)| plugin.policy_version());
            versions
                .filter(|version| !left.contains(version))
                .for_each(|version| meter::count(&Sample::policy(version, false)));
        });
    }
}
