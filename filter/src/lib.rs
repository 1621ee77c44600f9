//! Pointsman inside Envoy: a proxy-wasm module that reads, asks the engine, and applies what it says.
//!
//! It holds no policy. What a request means and where it goes is decided in `pointsman-engine`; this crate knows how
//! Envoy wants to be told.
//!
//! ```text
//! abi        the proxy-wasm ABI: imports, exports, memory that crosses the VM boundary (the only `unsafe`)
//! host       the same as safe functions
//! dispatch   context id -> plugin, stream
//! plugin     one configured instance, in one of its roles
//! router     one request: headers, body, trailers, response headers
//! gate       holds the headers behind the router when Envoy cannot hold them itself
//! upstream   one attempt: the model of the endpoint that Envoy has chosen
//! feedback   what providers say about their rate limits, shared by all workers
//! splice     changes in the middle of a body
//! edits      how the router's edits cross to the gate
//! installation   wrong filter chains: seen, said, answered
//! ```
//!
//! There is no SDK underneath, see `Cargo.toml` for why. Nothing here may panic: a trap ends every stream of a worker.

mod abi;
mod dispatch;
mod edits;
mod feedback;
mod gate;
mod host;
mod installation;
mod plugin;
mod router;
mod splice;
mod upstream;
