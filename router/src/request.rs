//! What clients send: the endpoint, the envelope of headers, and the facts in the body.

pub(crate) mod conversation;
pub(crate) mod endpoint;
pub(crate) mod envelope;
pub(crate) mod facts;
mod field;
pub(crate) mod keywords;
pub(crate) mod lexer;
mod member;
mod name;
pub(crate) mod reader;
mod skim;
pub(crate) mod violation;

pub use violation::Violation;

#[cfg(test)]
mod tests;
