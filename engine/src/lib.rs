//! The Pointsman engine: bytes and attributes of an LLM request in, a routing decision out.
//!
//! Pure: no host calls, I/O, clock, randomness or global state. The Wasm filter and the CLI both walk its
//! one [`corridor`], so what the CLI explains is what the proxy does.

pub mod api;
pub mod attempt;
pub mod config;
pub mod corridor;
mod decide;
mod explain;
pub mod feedback;
mod models;
pub mod names;
mod order;
pub mod policy;
mod record;
pub mod reply;
mod request;
mod rewrite;

#[cfg(test)]
mod tests;

pub use corridor::{Answer, Caller, HeaderList, Reading, Received, Step, receive};
pub use explain::{Exchange, explain};
pub use policy::Policy;
pub use reply::Reply;
pub use request::Violation;
pub use rewrite::{Edits, Splice};
