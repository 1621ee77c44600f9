//! What the proxy calls, and nothing more: what is not exported costs nothing. Answers and trailers are the router's to look at.

#![expect(unsafe_code, reason = "an export has a name of its own")]

use crate::plugins;

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
    plugins::on_context_create(context, parent);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(plugin: u32, size: usize) -> u32 {
    u32::from(plugins::on_configure(plugin, size))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(context: u32, _count: u32, end_of_stream: u32) -> u32 {
    plugins::on_request_headers(context, end_of_stream != 0) as u32
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_queue_ready(plugin: u32, queue: u32) {
    plugins::on_queue_ready(plugin, queue);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_delete(context: u32) {
    plugins::on_delete(context);
}
