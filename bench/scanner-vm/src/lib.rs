//! A bench-only filter: it scans the body it is sent again and again, in the VM, and answers with the time per scan.
//!
//! The scanner is named by the header `x-scanner`, the time to spend by `x-milliseconds`. The plugin configuration is a
//! policy. Nothing but the scan stands between two looks at the clock.

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, BufferType, ContextType, MapType};
use scanner::Scanner;
use std::hint::black_box;
use std::time::{Duration, SystemTime};

#[derive(Default)]
struct Root {
    policy: Vec<u8>,
}

impl Context for Root {}
impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        self.policy = self.get_plugin_configuration().unwrap_or_default();
        true
    }
    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Bench { policy: self.policy.clone(), scanner: String::new(), time: Duration::ZERO }))
    }
}

struct Bench {
    policy: Vec<u8>,
    scanner: String,
    time: Duration,
}

impl Context for Bench {}
impl HttpContext for Bench {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let header = |name| {
            let value = hostcalls::get_map_value_bytes(MapType::HttpRequestHeaders, name).ok().flatten();
            String::from_utf8(value.unwrap_or_default()).unwrap_or_default()
        };
        self.scanner = header("x-scanner");
        self.time = Duration::from_millis(header("x-milliseconds").parse().unwrap_or(0));
        if self.scanner.is_empty() { Action::Continue } else { Action::Pause }
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if self.scanner.is_empty() {
            return Action::Continue;
        }
        if end_of_stream {
            let body = hostcalls::get_buffer(BufferType::HttpRequestBody, 0, size).ok().flatten().unwrap_or_default();
            let (status, text) = match self.measure(&body) {
                Ok(nanoseconds) => (200, nanoseconds.to_string()),
                Err(error) => (400, error),
            };
            // A reply that the host refuses shows as a time-out on the other side.
            let _ = hostcalls::send_http_response(status, vec![], Some(text.as_bytes()));
        }
        Action::Pause
    }
}

fn now() -> Result<SystemTime, String> {
    hostcalls::get_current_time().map_err(|status| format!("no clock: {status:?}"))
}

impl Bench {
    /// Nanoseconds per scan.
    fn measure(&self, body: &[u8]) -> Result<f64, String> {
        let scanner = Scanner::named(&self.scanner, &self.policy)?;
        let (began, mut scans) = (now()?, 0_u32);
        loop {
            for _ in 0..8 {
                black_box(scanner.scan(black_box(body))?);
            }
            scans += 8;
            let spent = now()?.duration_since(began).unwrap_or_default();
            if spent >= self.time {
                return Ok(spent.as_nanos() as f64 / f64::from(scans));
            }
        }
    }
}

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Root::default()));
}}
