//! The host calls, in a proxy.

#![expect(unsafe_code, reason = "calls into the host")]

use crate::memory;
use crate::status::done;
use crate::{Buffer, Loan, LogLevel, Map, Metric, Status, Stream};

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_log(level: u32, text: *const u8, size: usize) -> u32;
    fn proxy_get_log_level(level: *mut u32) -> u32;
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
    fn proxy_set_effective_context(context: u32) -> u32;
    fn proxy_continue_stream(stream: u32) -> u32;

    fn proxy_get_buffer_bytes(buffer: u32, start: usize, max: usize, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_set_buffer_bytes(buffer: u32, start: usize, length: usize, data: *const u8, size: usize) -> u32;

    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_get_header_map_value(
        map: u32,
        key: *const u8,
        key_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_replace_header_map_value(map: u32, key: *const u8, key_size: usize, data: *const u8, size: usize) -> u32;
    fn proxy_remove_header_map_value(map: u32, key: *const u8, key_size: usize) -> u32;

    fn proxy_get_property(path: *const u8, path_size: usize, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_set_property(path: *const u8, path_size: usize, data: *const u8, size: usize) -> u32;

    fn proxy_get_shared_data(
        key: *const u8,
        key_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
        cas: *mut u32,
    ) -> u32;
    fn proxy_set_shared_data(key: *const u8, key_size: usize, data: *const u8, size: usize, cas: u32) -> u32;
    fn proxy_register_shared_queue(name: *const u8, name_size: usize, queue: *mut u32) -> u32;
    fn proxy_enqueue_shared_queue(queue: u32, data: *const u8, size: usize) -> u32;
    fn proxy_dequeue_shared_queue(queue: u32, data: *mut *mut u8, size: *mut usize) -> u32;

    fn proxy_define_metric(kind: u32, name: *const u8, name_size: usize, metric: *mut u32) -> u32;
    fn proxy_increment_metric(metric: u32, by: i64) -> u32;
    fn proxy_record_metric(metric: u32, value: u64) -> u32;

    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
}

unsafe extern "C" {
    /// Made by the linker. Naming it keeps the linker from wrapping every export in a call to it.
    fn __wasm_call_ctors();
}

/// Runs what the linker wants to run before anything else. For the module's `_initialize`, once.
pub fn initialise() {
    // SAFETY: made by the linker to be called once, first, and that is when the host calls `_initialize`. A second call
    // would run constructors again, of which Rust has none.
    unsafe { __wasm_call_ctors() }
}

/// Writes a line to the host's log.
pub fn log(level: LogLevel, text: &[u8]) -> Result<(), Status> {
    // SAFETY: the host reads `text` during the call and keeps no pointer.
    done(unsafe { proxy_log(level as u32, text.as_ptr(), text.len()) })
}

/// From which level on the host writes lines to its log.
pub fn log_level() -> Result<u32, Status> {
    let mut level = 0;
    // SAFETY: the host writes four bytes to a live `u32`.
    done(unsafe { proxy_get_log_level(&raw mut level) })?;
    Ok(level)
}

/// Nanoseconds since 1970.
pub fn current_time() -> Result<u64, Status> {
    let mut time = 0;
    // SAFETY: the host writes eight bytes to a live `u64`.
    done(unsafe { proxy_get_current_time_nanoseconds(&raw mut time) })?;
    Ok(time)
}

/// How often the plugin is woken, in milliseconds; 0 is never.
pub fn set_tick_period(milliseconds: u32) -> Result<(), Status> {
    // SAFETY: no memory crosses.
    done(unsafe { proxy_set_tick_period_milliseconds(milliseconds) })
}

/// From here to the end of this callback, calls act on that stream.
pub fn set_effective_context(context: u32) -> Result<(), Status> {
    // SAFETY: no memory crosses; an unknown context is an error status.
    done(unsafe { proxy_set_effective_context(context) })
}

/// Lets a held stream go, once this callback has returned.
pub fn continue_stream(stream: Stream) -> Result<(), Status> {
    // SAFETY: no memory crosses; the host acts after this callback has returned.
    done(unsafe { proxy_continue_stream(stream as u32) })
}

/// Bytes of a buffer, as many as there are.
pub fn get_buffer(buffer: Buffer, start: usize, max: usize) -> Result<Loan, Status> {
    // SAFETY: the host writes a pointer and a size, and what they name lies in the block it asked `memory` for.
    memory::receive(|data, size| unsafe { proxy_get_buffer_bytes(buffer as u32, start, max, data, size) })
}

/// Replaces bytes of a buffer: a prefix, or nothing behind its end.
pub fn set_buffer(buffer: Buffer, start: usize, length: usize, with: &[u8]) -> Result<(), Status> {
    // SAFETY: the host reads `with` during the call and keeps no pointer.
    done(unsafe { proxy_set_buffer_bytes(buffer as u32, start, length, with.as_ptr(), with.len()) })
}

/// A whole header map, serialised.
pub fn get_header_map(map: Map) -> Result<Loan, Status> {
    // SAFETY: as in `get_buffer`.
    memory::receive(|data, size| unsafe { proxy_get_header_map_pairs(map as u32, data, size) })
}

/// The first value of a header.
pub fn get_header(map: Map, name: &[u8]) -> Result<Loan, Status> {
    // SAFETY: as in `get_buffer`; the host reads `name` during the call.
    memory::receive(|data, size| unsafe {
        proxy_get_header_map_value(map as u32, name.as_ptr(), name.len(), data, size)
    })
}

/// Sets a header and drops its other values.
pub fn replace_header(map: Map, name: &[u8], value: &[u8]) -> Result<(), Status> {
    // SAFETY: the host reads both slices during the call and keeps no pointer.
    done(unsafe { proxy_replace_header_map_value(map as u32, name.as_ptr(), name.len(), value.as_ptr(), value.len()) })
}

/// Removes every value of a header.
pub fn remove_header(map: Map, name: &[u8]) -> Result<(), Status> {
    // SAFETY: the host reads `name` during the call and keeps no pointer.
    done(unsafe { proxy_remove_header_map_value(map as u32, name.as_ptr(), name.len()) })
}

/// An attribute of the stream, the parts of its path separated by NUL.
pub fn get_property(path: &[u8]) -> Result<Loan, Status> {
    // SAFETY: as in `get_buffer`; the host reads `path` during the call.
    memory::receive(|data, size| unsafe { proxy_get_property(path.as_ptr(), path.len(), data, size) })
}

/// Filter state of the stream.
pub fn set_property(path: &[u8], value: &[u8]) -> Result<(), Status> {
    // SAFETY: the host reads both slices during the call and keeps no pointer.
    done(unsafe { proxy_set_property(path.as_ptr(), path.len(), value.as_ptr(), value.len()) })
}

/// A value that all modules share, and the number to change it with.
pub fn get_shared_data(key: &[u8]) -> Result<(Loan, u32), Status> {
    let mut cas = 0;
    // SAFETY: as in `get_buffer`; the host also writes four bytes to a live `u32`.
    let value = memory::receive(|data, size| unsafe {
        proxy_get_shared_data(key.as_ptr(), key.len(), data, size, &raw mut cas)
    })?;
    Ok((value, cas))
}

/// Changes a shared value, unless somebody else has changed it since (`cas`, 0: whatever it was).
pub fn set_shared_data(key: &[u8], value: &[u8], cas: u32) -> Result<(), Status> {
    // SAFETY: the host reads both slices during the call and keeps no pointer.
    done(unsafe { proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), cas) })
}

/// A queue that wakes the plugin.
pub fn register_queue(name: &[u8]) -> Result<u32, Status> {
    let mut queue = 0;
    // SAFETY: the host reads `name` and writes four bytes to a live `u32`.
    done(unsafe { proxy_register_shared_queue(name.as_ptr(), name.len(), &raw mut queue) })?;
    Ok(queue)
}

/// Puts a message into a queue.
pub fn enqueue(queue: u32, message: &[u8]) -> Result<(), Status> {
    // SAFETY: the host copies `message` during the call.
    done(unsafe { proxy_enqueue_shared_queue(queue, message.as_ptr(), message.len()) })
}

/// Takes a message out of a queue.
pub fn dequeue(queue: u32) -> Result<Loan, Status> {
    // SAFETY: as in `get_buffer`.
    memory::receive(|data, size| unsafe { proxy_dequeue_shared_queue(queue, data, size) })
}

/// A metric of the proxy, made if there is none of that name yet.
pub fn define_metric(kind: Metric, name: &[u8]) -> Result<u32, Status> {
    let mut metric = 0;
    // SAFETY: the host copies `name` during the call and writes four bytes to a live `u32`.
    done(unsafe { proxy_define_metric(kind as u32, name.as_ptr(), name.len(), &raw mut metric) })?;
    Ok(metric)
}

/// Adds to a counter or gauge.
pub fn increment_metric(metric: u32, by: i64) -> Result<(), Status> {
    // SAFETY: no memory crosses; an unknown metric is an error status.
    done(unsafe { proxy_increment_metric(metric, by) })
}

/// Sets a gauge, or puts a value into a histogram.
pub fn record_metric(metric: u32, value: u64) -> Result<(), Status> {
    // SAFETY: as in `increment_metric`.
    done(unsafe { proxy_record_metric(metric, value) })
}

/// Answers the client without an upstream. Headers are serialised as a map is.
pub fn send_local_response(status: u32, details: &[u8], headers: &[u8], body: &[u8]) -> Result<(), Status> {
    const NOT_GRPC: i32 = -1;
    // SAFETY: the host copies the three slices during the call.
    done(unsafe {
        proxy_send_local_response(
            status,
            details.as_ptr(),
            details.len(),
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            NOT_GRPC,
        )
    })
}
