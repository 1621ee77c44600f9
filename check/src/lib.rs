//! A policy as its author wrote it: its files put together, its variables filled in, and every error and finding at its line;
//! and requests to try it with, as people write them.
//!
//! The engine and the proxy know one document, and whether it is valid. Everything that an author is told besides is here, for
//! the command line and for the playground alike.

pub mod findings;
pub mod policy_file;
pub mod request_file;

pub use findings::{Allowance, Finding};
pub use policy_file::{PolicyFile, Values};
