//! The proxy-wasm ABI 0.2.1, as far as the floor needs it. What the host hands over lies in one block that is used again
//! for each value, so it can only be looked at until the next call.

use crate::PIECE;
use std::cell::Cell;
use std::ptr::null_mut;

pub const CONTINUE: u32 = 0;
pub const PAUSE: u32 = 1;
pub const PAUSE_ALL: u32 = 4;

const REQUEST: u32 = 0;
const REQUEST_BODY: u32 = 0;
const PLUGIN_CONFIGURATION: u32 = 7;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_set_effective_context(context: u32) -> u32;
    fn proxy_continue_stream(stream: u32) -> u32;
    fn proxy_get_buffer_bytes(buffer: u32, start: usize, max: usize, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_set_buffer_bytes(buffer: u32, start: usize, length: usize, data: *const u8, size: usize) -> u32;
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_get_header_map_value(map: u32, key: *const u8, length: usize, data: *mut *mut u8, size: *mut usize)
    -> u32;
    fn proxy_replace_header_map_value(map: u32, key: *const u8, length: usize, data: *const u8, size: usize) -> u32;
    fn proxy_remove_header_map_value(map: u32, key: *const u8, length: usize) -> u32;
    fn proxy_get_property(path: *const u8, length: usize, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_set_property(path: *const u8, length: usize, data: *const u8, size: usize) -> u32;
    fn proxy_register_shared_queue(name: *const u8, length: usize, queue: *mut u32) -> u32;
    fn proxy_enqueue_shared_queue(queue: u32, data: *const u8, size: usize) -> u32;
    fn proxy_dequeue_shared_queue(queue: u32, data: *mut *mut u8, size: *mut usize) -> u32;
}

unsafe extern "C" {
    /// Made by the linker. Naming it keeps the linker from wrapping every export in a call to it.
    fn __wasm_call_ctors();
}

thread_local! {
    static BLOCK: Cell<*mut u8> = const { Cell::new(null_mut()) };
}

/// Shows what a host call hands over; nothing when it fails.
fn receive<R>(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32, look: impl FnOnce(&[u8]) -> R) -> R {
    let (mut start, mut size) = (null_mut(), 0);
    if call(&raw mut start, &raw mut size) != 0 || size == 0 {
        return look(b"");
    }
    // SAFETY: the host has just written `size` bytes to what `proxy_on_memory_allocate` gave it, and the next call that
    // could write there comes after `look`.
    look(unsafe { std::slice::from_raw_parts(start, size) })
}

pub fn now() -> u64 {
    let mut time = 0;
    // SAFETY: the host writes eight bytes to a live `u64`.
    unsafe { proxy_get_current_time_nanoseconds(&raw mut time) };
    time
}

pub fn act_for(context: u32) {
    // SAFETY: no memory crosses.
    unsafe { proxy_set_effective_context(context) };
}

pub fn resume() {
    // SAFETY: no memory crosses.
    unsafe { proxy_continue_stream(REQUEST) };
}

pub fn configuration<R>(size: usize, look: impl FnOnce(&str) -> R) -> R {
    // SAFETY: as in `receive`.
    let read = |data, length| unsafe { proxy_get_buffer_bytes(PLUGIN_CONFIGURATION, 0, size, data, length) };
    receive(read, |text| look(std::str::from_utf8(text).unwrap_or_default()))
}

pub fn body<R>(start: usize, max: usize, look: impl FnOnce(&[u8]) -> R) -> R {
    // SAFETY: as in `receive`.
    receive(|data, size| unsafe { proxy_get_buffer_bytes(REQUEST_BODY, start, max, data, size) }, look)
}

pub fn replace_body(length: usize, with: &[u8]) {
    // SAFETY: the host copies `with` during the call.
    unsafe { proxy_set_buffer_bytes(REQUEST_BODY, 0, length, with.as_ptr(), with.len()) };
}

pub fn header_map() {
    // SAFETY: as in `receive`.
    receive(|data, size| unsafe { proxy_get_header_map_pairs(REQUEST, data, size) }, |_| ());
}

pub fn header(name: &[u8]) {
    // SAFETY: as in `receive`; the host reads `name` during the call.
    let read = |data, size| unsafe { proxy_get_header_map_value(REQUEST, name.as_ptr(), name.len(), data, size) };
    receive(read, |_| ());
}

pub fn set_header(name: &[u8], value: &[u8]) {
    // SAFETY: the host copies both during the call.
    unsafe { proxy_replace_header_map_value(REQUEST, name.as_ptr(), name.len(), value.as_ptr(), value.len()) };
}

pub fn remove_header(name: &[u8]) {
    // SAFETY: the host reads the slice during the call.
    unsafe { proxy_remove_header_map_value(REQUEST, name.as_ptr(), name.len()) };
}

pub fn property<R>(name: &[u8], look: impl FnOnce(&[u8]) -> Option<R>) -> Option<R> {
    // SAFETY: as in `receive`; the host reads `name` during the call.
    receive(|data, size| unsafe { proxy_get_property(name.as_ptr(), name.len(), data, size) }, look)
}

pub fn set_property(name: &[u8], value: &[u8]) {
    // SAFETY: the host copies both during the call.
    unsafe { proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) };
}

pub fn register_queue(name: &[u8]) -> u32 {
    let mut queue = 0;
    // SAFETY: the host reads `name` and writes four bytes to a live `u32`.
    unsafe { proxy_register_shared_queue(name.as_ptr(), name.len(), &raw mut queue) };
    queue
}

pub fn enqueue(queue: u32, message: &[u8]) {
    // SAFETY: the host copies `message` during the call.
    unsafe { proxy_enqueue_shared_queue(queue, message.as_ptr(), message.len()) };
}

pub fn dequeue(queue: u32) -> Vec<u8> {
    // SAFETY: as in `receive`.
    receive(|data, size| unsafe { proxy_dequeue_shared_queue(queue, data, size) }, <[u8]>::to_vec)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    // SAFETY: made by the linker to be called once, first, and that is when the host calls `_initialize`.
    unsafe { __wasm_call_ctors() }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    if size > PIECE {
        return null_mut();
    }
    if BLOCK.get().is_null() {
        BLOCK.set(Vec::leak(vec![0; PIECE]).as_mut_ptr());
    }
    BLOCK.get()
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(context: u32, parent: u32) {
    crate::on_context_create(context, parent);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(plugin: u32, size: usize) -> u32 {
    u32::from(crate::on_configure(plugin, size))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(context: u32, _count: u32, _end_of_stream: u32) -> u32 {
    crate::on_request_headers(context)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_body(context: u32, size: usize, _end_of_stream: u32) -> u32 {
    crate::on_request_body(context, size)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_trailers(_context: u32, _count: u32) -> u32 {
    CONTINUE
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_headers(_context: u32, _count: u32, _end_of_stream: u32) -> u32 {
    CONTINUE
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_tick(_plugin: u32) {}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_queue_ready(plugin: u32, queue: u32) {
    crate::on_queue_ready(plugin, queue);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_delete(_context: u32) {}
