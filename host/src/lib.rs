//! What the proxy can do for us, as safe functions with meaningful arguments.
//!
//! Every call can fail, and no failure is a panic: the caller decides what a request is worth when Envoy says no. Beside them
//! stands what both modules need: [`view`], what machines ask, [`machine`], what they say and hear, and [`gate`], a gate with
//! its queue.

pub mod gate;
pub mod machine;
pub mod view;

use pointsman_abi as abi;
pub use pointsman_abi::{Action, Buffer, Loan, Map as Headers, Metric, Status};
use pointsman_engine::stream::{PIECE, pairs};

/// Nanoseconds since 1970; 0 when the host has no clock.
pub fn now() -> u64 {
    abi::current_time().unwrap_or_default()
}

/// How often `on_tick` comes; 0 is never.
pub fn set_tick_period(milliseconds: u32) {
    let _ = abi::set_tick_period(milliseconds);
}

/// From here to the end of this callback, host calls act on that stream. Fails when it is gone.
pub fn act_for(context: u32) -> Result<(), Status> {
    abi::set_effective_context(context)
}

/// Lets held headers go, once this callback has returned.
pub fn resume_request() -> Result<(), Status> {
    abi::continue_stream(abi::Stream::Request)
}

/// The plugin's configuration, while it is being configured.
pub fn configuration(size: usize) -> Result<Vec<u8>, Status> {
    let mut whole = Vec::new();
    while whole.len() < size {
        let piece = abi::get_buffer(Buffer::PluginConfiguration, whole.len(), PIECE.min(size - whole.len()))?;
        if piece.is_empty() {
            break;
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

/// At most [`PIECE`] bytes of the body that this callback can see.
pub fn body(of: Buffer, start: usize, until: usize) -> Result<Loan, Status> {
    abi::get_buffer(of, start, until.saturating_sub(start).min(PIECE))
}

/// Replaces the first `length` bytes of the body that this callback can see.
pub fn replace_body_prefix(of: Buffer, length: usize, with: &[u8]) -> Result<(), Status> {
    abi::set_buffer(of, 0, length, with)
}

/// Appends to the body that this callback can see.
pub fn append_body(of: Buffer, with: &[u8]) -> Result<(), Status> {
    // Any start at or behind the end appends.
    abi::set_buffer(of, u32::MAX as usize, 0, with)
}

/// A header map as the host serialised it.
pub fn headers(of: Headers) -> Result<Loan, Status> {
    abi::get_header_map(of)
}

/// The first value of a header; `None` also when the map is not there any more.
pub fn header(of: Headers, name: &str) -> Option<Loan> {
    abi::get_header(of, name.as_bytes()).ok()
}

/// Sets a header and drops its other values. In the request this also makes Envoy choose the route anew: modules that
/// speak ABI 0.2.1, as this one does, need no call of `clear_route_cache`.
pub fn set_header(of: Headers, name: &[u8], value: &[u8]) -> Result<(), Status> {
    abi::replace_header(of, name, value)
}

/// Removes every value of a header.
pub fn remove_header(of: Headers, name: &[u8]) -> Result<(), Status> {
    abi::remove_header(of, name)
}

/// An attribute of the stream; the parts of its path are separated by NUL.
pub fn property(path: &[u8]) -> Option<Loan> {
    abi::get_property(path).ok()
}

/// Filter state of the stream, under `wasm.<name>`.
pub fn set_property(name: &str, value: &[u8]) -> Result<(), Status> {
    abi::set_property(name.as_bytes(), value)
}

/// A value that all modules in this proxy share, and the number to change it with.
pub fn shared(key: &str) -> Option<(Loan, u32)> {
    abi::get_shared_data(key.as_bytes()).ok()
}

/// Changes a shared value, unless somebody else has changed it since (`cas`, 0: whatever it was).
pub fn set_shared(key: &str, value: &[u8], cas: u32) -> Result<(), Status> {
    abi::set_shared_data(key.as_bytes(), value, cas)
}

/// A queue that wakes the current plugin through `on_queue_ready`, from the worker's event loop.
pub fn register_queue(name: &str) -> Result<u32, Status> {
    abi::register_queue(name.as_bytes())
}

pub fn enqueue(queue: u32, message: &[u8]) -> Result<(), Status> {
    abi::enqueue(queue, message)
}

pub fn dequeue(queue: u32) -> Result<Loan, Status> {
    abi::dequeue(queue)
}

/// A metric of the proxy; all workers that define one of this name share it.
pub fn define_metric(kind: Metric, name: &str) -> Result<u32, Status> {
    abi::define_metric(kind, name.as_bytes())
}

/// Adds to a counter.
pub fn increment_metric(metric: u32, by: i64) -> Result<(), Status> {
    abi::increment_metric(metric, by)
}

/// Sets a gauge, or puts a value into a histogram.
pub fn record_metric(metric: u32, value: u64) -> Result<(), Status> {
    abi::record_metric(metric, value)
}

/// Answers the client without an upstream; an upstream request that has begun is reset.
pub fn send_local_response(status: u16, headers: &[(&'static str, String)], body: &[u8]) -> Result<(), Status> {
    let headers = pairs::write(headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())));
    abi::send_local_response(u32::from(status), b"pointsman", &headers, body)
}

/// Bytes of this request that Envoy has received, its headers included.
pub fn received() -> u64 {
    let size = property(b"request\0total_size");
    size.and_then(|size| size.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))).unwrap_or_default()
}
