//! The proxy-wasm ABI 0.2.1, as far as Pointsman needs it: host calls as safe functions, and memory that crosses.
//!
//! In the module the host is the proxy. Elsewhere it is whoever has been put in its place ([`native`]), so that the filter's
//! own code runs in a plain `cargo test`.
//!
//! Every function is safe to call with any arguments, and every call can fail; no failure is a panic. What the host calls,
//! the module exports itself: only what is exported is called, so the exports belong to the filter.

mod memory;
mod status;
mod types;

#[cfg(target_arch = "wasm32")]
mod calls;
#[cfg(not(target_arch = "wasm32"))]
pub mod native;

#[cfg(target_arch = "wasm32")]
pub use calls::*;
pub use memory::{Loan, allocate};
#[cfg(not(target_arch = "wasm32"))]
pub use native::calls::*;
pub use status::Status;
pub use types::{Action, Buffer, LogLevel, Map, Metric, Stream};
