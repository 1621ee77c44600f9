//! Cases: requests, and what a policy is expected to make of each. `pointsman test` runs them by the engine of the proxy.

mod coverage;
mod expect;
mod file;
mod names;
mod probe;
pub(crate) mod report;
mod request;
mod suite;
pub(crate) mod watch;

pub(crate) use file::{find, read, schema};
pub(crate) use suite::Suite;
