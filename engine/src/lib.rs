//! The Pointsman engine: bytes and attributes of an LLM request in, a routing decision out.
//!
//! Pure: no host calls, I/O, clock, randomness or global state. The Wasm filter and the CLI both walk its
//! one [`corridor`], so what the CLI explains is what the proxy does.

#![warn(missing_docs)]

pub mod api;
pub mod attempt;
pub mod budget;
pub mod claim;
pub mod config;
pub mod corridor;
mod decide;
mod explain;
mod form;
mod json;
pub mod keys;
mod lanes;
pub mod live;
pub mod metric;
mod models;
pub mod names;
mod naming;
pub mod percent;
pub mod policy;
pub mod reason;
pub mod record;
#[cfg(any(test, feature = "replay"))]
mod replay;
pub mod reply;
mod request;
pub mod response;
mod rewrite;
pub mod signed_id;
mod splice;
pub mod steering;
pub mod stream;
#[cfg(any(test, feature = "trace"))]
pub mod trace;

#[cfg(test)]
mod tests;

pub use claim::Claim;
pub use corridor::{Answer, Caller, Expectation, Reading, Received, Step, receive};
pub use explain::{Exchange, explain};
pub use live::{Knowledge, Live};
pub use policy::Policy;
pub use reason::{Reason, Refusal};
pub use record::Record;
#[cfg(any(test, feature = "replay"))]
pub use replay::{Replay, Replayed};
pub use reply::Reply;
pub use request::Violation;
pub use request::envelope::HeaderList;
pub use rewrite::Edits;
pub use splice::{Splice, spliced};
#[cfg(any(test, feature = "trace"))]
pub use trace::trace;
