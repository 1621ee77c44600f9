//! The Pointsman engine: bytes and attributes of an LLM request in, a routing decision out.
//!
//! Pure: no host calls, I/O, clock, randomness or global state. The Wasm filter and the CLI both walk its
//! one [`corridor`], so what the CLI explains is what the proxy does.

pub mod api;
pub mod config;
pub mod corridor;
mod decide;
mod models;
pub mod names;
pub mod policy;
mod record;
mod reply;
mod request;
mod rewrite;

pub use corridor::{Caller, HeaderList, Reading, Received, Step, receive};
pub use policy::Policy;
pub use reply::{Reply, installation};
pub use request::Violation;
pub use rewrite::{Edits, Splice};
