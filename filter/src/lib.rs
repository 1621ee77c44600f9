//! Pointsman inside Envoy: a proxy-wasm module that reads, asks the engine, and applies what it says.
//!
//! It holds no policy, and it does not know what a callback means either: both are the engine's. This crate feeds the
//! engine's machines what Envoy says, and does in Envoy what they command.
//!
//! ```text
//! exports    what Envoy calls
//! dispatch   context id -> plugin, stream
//! plugin     one configured instance, in one of its roles
//! router     a request that comes to a router
//! gate       a gate, and its queue
//! upstream   an attempt that comes to the upstream role
//! tallies    requests whose end matters
//! meter      the proxy's own statistics
//! drive      commands of a machine, done in Envoy
//! peer       who is calling
//! feedback   what providers say about their rate limits, shared by all workers
//! spend      what requests take of budgets, shared by all workers
//! host       the ABI with meaningful arguments, and `view`, what machines ask (`pointsman-host`)
//! logger     the `log` facade over Envoy's log
//! ```
//!
//! Nothing here may panic: a trap ends every stream of a worker.

#![cfg_attr(
    not(any(test, target_arch = "wasm32")),
    expect(dead_code, reason = "a native build has nobody who would call it; its tests do")
)]
#![cfg_attr(
    all(target_arch = "wasm32", not(feature = "answers")),
    expect(dead_code, reason = "nobody calls what looks at answers")
)]

mod dispatch;
mod drive;
mod exports;
mod feedback;
mod gate;
mod logger;
mod meter;
mod peer;
mod plugin;
mod router;
mod spend;
mod spread;
mod tallies;
mod upstream;

use pointsman_host as host;
use pointsman_host::view;

#[cfg(test)]
mod tests;
