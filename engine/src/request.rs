//! What clients send: the endpoint, the envelope of headers, and the facts in the body.

pub(crate) mod endpoint;
pub(crate) mod envelope;
pub(crate) mod facts;
mod field;
pub(crate) mod flag;
mod form;
pub(crate) mod limit;
mod member;
pub(crate) mod members;
pub(crate) mod model;
pub(crate) mod named;
mod place;
pub(crate) mod reader;
pub(crate) mod reference;
pub(crate) mod session;
mod structure;
pub(crate) mod text;
mod top_level;
mod value;
pub(crate) mod violation;

pub(crate) use field::is_read;
pub use violation::Violation;

#[cfg(test)]
mod tests;
