//! Does nothing. The SDK exports every callback, and Envoy calls each one that a module exports.

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;

struct Noop;
impl Context for Noop {}
impl HttpContext for Noop {}
impl RootContext for Noop {
    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Noop))
    }
}

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Noop));
}}
