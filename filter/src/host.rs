//! What the proxy can do for us, as safe functions with meaningful arguments.
//!
//! Every call can fail, and no failure is a panic: the caller decides what a request is worth when Envoy says no.

use crate::abi;
pub(crate) use crate::abi::{Loan, Status};

/// How much of a body crosses the VM boundary at once: memory stays flat, and a piece fits a core's cache.
pub(crate) const PIECE: usize = 64 << 10;

/// What a filter callback tells Envoy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Action {
    /// Go on to the next filter.
    Continue = 0,
    /// Headers: hold them, but let the body come (Envoy does so only with `allow_on_headers_stop_iteration`).
    /// Body and trailers: hold and buffer.
    Pause = 1,
    /// Headers: hold everything, until `resume_request`. Only meaningful in a headers callback.
    PauseAll = 4,
}

#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(crate) enum Level {
    Error = 4,
}

#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(crate) enum Headers {
    Request = 0,
    RequestTrailers = 1,
    Response = 2,
}

const REQUEST_BODY: u32 = 0;
const PLUGIN_CONFIGURATION: u32 = 7;
const REQUEST_STREAM: u32 = 0;

/// Writes a line to Envoy's log. There is nowhere to report a failure to.
pub(crate) fn log(level: Level, text: &str) {
    let _ = abi::log(level as u32, text.as_bytes());
}

/// Nanoseconds since 1970; 0 when the host has no clock.
pub(crate) fn now() -> u64 {
    abi::current_time().unwrap_or_default()
}

/// How often `on_tick` comes; 0 is never.
pub(crate) fn set_tick_period(milliseconds: u32) {
    let _ = abi::set_tick_period(milliseconds);
}

/// From here to the end of this callback, host calls act on that stream. Fails when it is gone.
pub(crate) fn act_for(context: u32) -> Result<(), Status> {
    abi::set_effective_context(context)
}

/// Lets held headers go, once this callback has returned.
pub(crate) fn resume_request() -> Result<(), Status> {
    abi::continue_stream(REQUEST_STREAM)
}

/// The plugin's configuration, while it is being configured.
pub(crate) fn configuration(size: usize) -> Result<Vec<u8>, Status> {
    let mut whole = Vec::new();
    while whole.len() < size {
        let piece = abi::get_buffer(PLUGIN_CONFIGURATION, whole.len(), PIECE.min(size - whole.len()))?;
        if piece.is_empty() {
            break;
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

/// At most [`PIECE`] bytes of the body that this callback can see.
pub(crate) fn body(start: usize, until: usize) -> Result<Loan, Status> {
    abi::get_buffer(REQUEST_BODY, start, until.saturating_sub(start).min(PIECE))
}

/// Replaces the first `length` bytes of the body that this callback can see.
pub(crate) fn replace_body_prefix(length: usize, with: &[u8]) -> Result<(), Status> {
    abi::set_buffer(REQUEST_BODY, 0, length, with)
}

/// Appends to the body that this callback can see.
pub(crate) fn append_body(with: &[u8]) -> Result<(), Status> {
    // Any start at or behind the end appends.
    abi::set_buffer(REQUEST_BODY, u32::MAX as usize, 0, with)
}

/// A header map as the host serialised it.
#[derive(Debug)]
pub(crate) struct HeaderMap(Loan);

pub(crate) fn headers(of: Headers) -> Result<HeaderMap, Status> {
    abi::get_header_map(of as u32).map(HeaderMap)
}

/// Names and values.
pub(crate) type Pairs<'a> = Vec<(&'a [u8], &'a [u8])>;

impl HeaderMap {
    /// Names and values, borrowed from the map.
    pub(crate) fn pairs(&self) -> Option<Pairs<'_>> {
        if self.0.is_empty() { Some(Vec::new()) } else { pairs(&self.0).map(|(pairs, _)| pairs) }
    }
}

/// The items of an attribute that is a list, `None` if it is anything else.
///
/// Envoy does not say which type an attribute has. A list looks like a map whose values are empty, to the last byte.
pub(crate) fn list(attribute: &[u8]) -> Option<Vec<&[u8]>> {
    let (pairs, rest) = pairs(attribute)?;
    let is_list = rest.is_empty() && pairs.iter().all(|(_, value)| value.is_empty());
    is_list.then(|| pairs.into_iter().map(|(item, _)| item).collect())
}

/// Names and values of an attribute that is a map, `None` if it is anything else.
pub(crate) fn map(attribute: &[u8]) -> Option<Pairs<'_>> {
    pairs(attribute).filter(|(_, rest)| rest.is_empty()).map(|(pairs, _)| pairs)
}

/// Reads a serialised map: a count, then two lengths for each pair, then name, NUL, value, NUL for each pair.
fn pairs(map: &[u8]) -> Option<(Pairs<'_>, &[u8])> {
    let (count, rest) = number(map)?;
    let (lengths, mut text) = rest.split_at_checked(count.checked_mul(8)?)?;
    let mut pairs = Vec::with_capacity(count);
    for pair in lengths.chunks_exact(8) {
        let (name_length, pair) = number(pair)?;
        let (value_length, _) = number(pair)?;
        let (name, value);
        (name, text) = terminated(text, name_length)?;
        (value, text) = terminated(text, value_length)?;
        pairs.push((name, value));
    }
    Some((pairs, text))
}

fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*number) as usize, rest))
}

fn terminated(text: &[u8], length: usize) -> Option<(&[u8], &[u8])> {
    let (value, rest) = text.split_at_checked(length)?;
    Some((value, rest.strip_prefix(b"\0")?))
}

/// The first value of a header; `None` also when the map is not there any more.
pub(crate) fn header(of: Headers, name: &str) -> Option<Loan> {
    abi::get_header(of as u32, name.as_bytes()).ok()
}

/// Sets a header and drops its other values. In the request this also makes Envoy choose the route anew: modules that
/// speak ABI 0.2.1, as this one does, need no call of `clear_route_cache`.
pub(crate) fn set_header(of: Headers, name: &[u8], value: &[u8]) -> Result<(), Status> {
    abi::replace_header(of as u32, name, value)
}

/// Removes every value of a header.
pub(crate) fn remove_header(of: Headers, name: &[u8]) -> Result<(), Status> {
    abi::remove_header(of as u32, name)
}

/// An attribute of the stream; the parts of its path are separated by NUL.
pub(crate) fn property(path: &[u8]) -> Option<Loan> {
    abi::get_property(path).ok()
}

/// Filter state of the stream, under `wasm.<name>`.
pub(crate) fn set_property(name: &str, value: &[u8]) -> Result<(), Status> {
    abi::set_property(name.as_bytes(), value)
}

/// A value that all modules in this proxy share, and the number to change it with.
pub(crate) fn shared(key: &str) -> Option<(Loan, u32)> {
    abi::get_shared_data(key.as_bytes()).ok()
}

/// Changes a shared value, unless somebody else has changed it since (`cas`, 0: whatever it was).
pub(crate) fn set_shared(key: &str, value: &[u8], cas: u32) -> Result<(), Status> {
    abi::set_shared_data(key.as_bytes(), value, cas)
}

/// A queue that wakes the current plugin through `on_queue_ready`, from the worker's event loop.
pub(crate) fn register_queue(name: &str) -> Result<u32, Status> {
    abi::register_queue(name.as_bytes())
}

pub(crate) fn enqueue(queue: u32, message: &[u8]) -> Result<(), Status> {
    abi::enqueue(queue, message)
}

pub(crate) fn dequeue(queue: u32) -> Result<Loan, Status> {
    abi::dequeue(queue)
}

/// Answers the client without an upstream; an upstream request that has begun is reset.
pub(crate) fn send_local_response(status: u16, headers: &[(&'static str, String)], body: &[u8]) -> Result<(), Status> {
    abi::send_local_response(u32::from(status), b"pointsman", &serialise(headers), body)
}

fn serialise(headers: &[(&'static str, String)]) -> Vec<u8> {
    let mut map = Vec::new();
    let length = |text: &str| (text.len() as u32).to_le_bytes();
    map.extend((headers.len() as u32).to_le_bytes());
    for (name, value) in headers {
        map.extend(length(name));
        map.extend(length(value));
    }
    for (name, value) in headers {
        map.extend(name.bytes());
        map.push(0);
        map.extend(value.bytes());
        map.push(0);
    }
    map
}
