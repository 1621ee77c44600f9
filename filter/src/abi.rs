//! The proxy-wasm ABI 0.2.1, as far as Pointsman needs it.
//!
//! Only what is exported here is called: Envoy looks each callback up once and skips those that are missing, so leaving
//! one out (request metadata, response body, log, done …) is what makes a request cheap. `vm_start` is not needed.
//!
//! Every function below is safe to call with any arguments. [`crate::host`] gives them their meaning.

#![expect(unsafe_code, reason = "calls into and out of the host; the only module that does")]

mod memory;

use crate::dispatch;
pub(crate) use memory::Loan;
use std::num::NonZeroU32;

/// A status other than `OK`, as the host reported it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status(NonZeroU32);

impl Status {
    /// What the host handed over was not where it said.
    pub(crate) const INVALID_MEMORY: Self = Self::new(6);

    /// Somebody else has changed the shared value since it was read.
    pub(crate) const CAS_MISMATCH: Self = Self::new(8);

    const fn new(code: u32) -> Self {
        match NonZeroU32::new(code) {
            Some(code) => Self(code),
            None => Self(NonZeroU32::MIN),
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "host status {}", self.0)
    }
}

fn done(code: u32) -> Result<(), Status> {
    match NonZeroU32::new(code) {
        None => Ok(()),
        Some(code) => Err(Status(code)),
    }
}

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_log(level: u32, text: *const u8, size: usize) -> u32;
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

pub(crate) fn log(level: u32, text: &[u8]) -> Result<(), Status> {
    // SAFETY: the host reads `text` during the call and keeps no pointer.
    done(unsafe { proxy_log(level, text.as_ptr(), text.len()) })
}

pub(crate) fn current_time() -> Result<u64, Status> {
    let mut time = 0;
    // SAFETY: the host writes eight bytes to a live `u64`.
    done(unsafe { proxy_get_current_time_nanoseconds(&raw mut time) })?;
    Ok(time)
}

pub(crate) fn set_tick_period(milliseconds: u32) -> Result<(), Status> {
    // SAFETY: no memory crosses.
    done(unsafe { proxy_set_tick_period_milliseconds(milliseconds) })
}

pub(crate) fn set_effective_context(context: u32) -> Result<(), Status> {
    // SAFETY: no memory crosses; an unknown context is an error status.
    done(unsafe { proxy_set_effective_context(context) })
}

pub(crate) fn continue_stream(stream: u32) -> Result<(), Status> {
    // SAFETY: no memory crosses; the host acts after this callback has returned.
    done(unsafe { proxy_continue_stream(stream) })
}

pub(crate) fn get_buffer(buffer: u32, start: usize, max: usize) -> Result<Loan, Status> {
    // SAFETY: the host writes a pointer and a size, and what they name lies in the block it asked `memory` for.
    memory::receive(|data, size| unsafe { proxy_get_buffer_bytes(buffer, start, max, data, size) })
}

pub(crate) fn set_buffer(buffer: u32, start: usize, length: usize, with: &[u8]) -> Result<(), Status> {
    // SAFETY: the host reads `with` during the call and keeps no pointer.
    done(unsafe { proxy_set_buffer_bytes(buffer, start, length, with.as_ptr(), with.len()) })
}

pub(crate) fn get_header_map(map: u32) -> Result<Loan, Status> {
    // SAFETY: as in `get_buffer`.
    memory::receive(|data, size| unsafe { proxy_get_header_map_pairs(map, data, size) })
}

pub(crate) fn get_header(map: u32, name: &[u8]) -> Result<Loan, Status> {
    // SAFETY: as in `get_buffer`; the host reads `name` during the call.
    memory::receive(|data, size| unsafe { proxy_get_header_map_value(map, name.as_ptr(), name.len(), data, size) })
}

pub(crate) fn replace_header(map: u32, name: &[u8], value: &[u8]) -> Result<(), Status> {
    // SAFETY: the host reads both slices during the call and keeps no pointer.
    done(unsafe { proxy_replace_header_map_value(map, name.as_ptr(), name.len(), value.as_ptr(), value.len()) })
}

pub(crate) fn remove_header(map: u32, name: &[u8]) -> Result<(), Status> {
    // SAFETY: the host reads `name` during the call and keeps no pointer.
    done(unsafe { proxy_remove_header_map_value(map, name.as_ptr(), name.len()) })
}

pub(crate) fn get_property(path: &[u8]) -> Result<Loan, Status> {
    // SAFETY: as in `get_buffer`; the host reads `path` during the call.
    memory::receive(|data, size| unsafe { proxy_get_property(path.as_ptr(), path.len(), data, size) })
}

pub(crate) fn set_property(path: &[u8], value: &[u8]) -> Result<(), Status> {
    // SAFETY: the host reads both slices during the call and keeps no pointer.
    done(unsafe { proxy_set_property(path.as_ptr(), path.len(), value.as_ptr(), value.len()) })
}

pub(crate) fn get_shared_data(key: &[u8]) -> Result<(Loan, u32), Status> {
    let mut cas = 0;
    // SAFETY: as in `get_buffer`; the host also writes four bytes to a live `u32`.
    let value = memory::receive(|data, size| unsafe {
        proxy_get_shared_data(key.as_ptr(), key.len(), data, size, &raw mut cas)
    })?;
    Ok((value, cas))
}

pub(crate) fn set_shared_data(key: &[u8], value: &[u8], cas: u32) -> Result<(), Status> {
    // SAFETY: the host reads both slices during the call and keeps no pointer.
    done(unsafe { proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), cas) })
}

pub(crate) fn register_queue(name: &[u8]) -> Result<u32, Status> {
    let mut queue = 0;
    // SAFETY: the host reads `name` and writes four bytes to a live `u32`.
    done(unsafe { proxy_register_shared_queue(name.as_ptr(), name.len(), &raw mut queue) })?;
    Ok(queue)
}

pub(crate) fn enqueue(queue: u32, message: &[u8]) -> Result<(), Status> {
    // SAFETY: the host copies `message` during the call.
    done(unsafe { proxy_enqueue_shared_queue(queue, message.as_ptr(), message.len()) })
}

pub(crate) fn dequeue(queue: u32) -> Result<Loan, Status> {
    // SAFETY: as in `get_buffer`.
    memory::receive(|data, size| unsafe { proxy_dequeue_shared_queue(queue, data, size) })
}

pub(crate) fn send_local_response(status: u32, details: &[u8], headers: &[u8], body: &[u8]) -> Result<(), Status> {
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

// What Envoy calls.

/// Says which ABI this module speaks: the host looks for the name.
#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    // SAFETY: made by the linker to be called once, first, and that is when the host calls `_initialize`.
    unsafe { __wasm_call_ctors() }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    memory::allocate(size)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(context: u32, parent: u32) {
    dispatch::on_context_create(context, parent);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(plugin: u32, size: usize) -> u32 {
    u32::from(dispatch::on_configure(plugin, size))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(context: u32, _count: u32, end_of_stream: u32) -> u32 {
    dispatch::on_request_headers(context, end_of_stream != 0) as u32
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_body(context: u32, size: usize, end_of_stream: u32) -> u32 {
    dispatch::on_request_body(context, size, end_of_stream != 0) as u32
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_trailers(context: u32, _count: u32) -> u32 {
    dispatch::on_request_trailers(context) as u32
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_headers(context: u32, _count: u32, _end_of_stream: u32) -> u32 {
    dispatch::on_response_headers(context);
    0
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_tick(plugin: u32) {
    dispatch::on_tick(plugin);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_queue_ready(plugin: u32, queue: u32) {
    dispatch::on_queue_ready(plugin, queue);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_delete(context: u32) {
    dispatch::on_delete(context);
}
