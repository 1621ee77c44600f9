//! What the proxy calls.
//!
//! Only what is exported here is called: Envoy looks each callback up once and skips those that are missing, so leaving
//! one out (metadata, done …) is what makes a request cheap. `vm_start` is not needed.

#![expect(unsafe_code, reason = "an export has a name of its own")]

use crate::dispatch;

/// Says which ABI this module speaks: the host looks for the name.
#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    pointsman_abi::initialise();
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    pointsman_abi::allocate(size)
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

#[cfg(feature = "answers")]
#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_body(context: u32, size: usize, end_of_stream: u32) -> u32 {
    dispatch::on_response_body(context, size, end_of_stream != 0) as u32
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_trailers(context: u32, _count: u32) -> u32 {
    dispatch::on_response_trailers(context);
    0
}

#[cfg(feature = "answers")]
#[unsafe(no_mangle)]
extern "C" fn proxy_on_log(context: u32) {
    dispatch::on_log(context);
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
