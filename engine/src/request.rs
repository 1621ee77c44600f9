//! What clients send: the endpoint, the envelope of headers, and the facts in the body.

pub(crate) mod conversation;
pub(crate) mod endpoint;
pub(crate) mod envelope;
pub(crate) mod facts;
mod field;
pub(crate) mod keywords;
mod member;
mod place;
pub(crate) mod reader;
mod spelling;
pub(crate) mod violation;

pub use violation::Violation;

#[cfg(test)]
mod tests;
