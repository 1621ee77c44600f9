//! `multipart/form-data` as it passes: a machine that can stop after any byte, and what it needs.
//!
//! A ground floor beside [`crate::json`]: it knows neither requests nor answers. RFC 2046 leaves much to those who read, and
//! servers read it in many ways; so what is read here is the one spelling that all of them read alike, and everything else is a
//! [`Fault`].

mod boundary;
mod disposition;
mod headers;
mod machine;
mod parameters;
mod search;
mod sink;
#[cfg(test)]
mod tests;

pub(crate) use boundary::Boundary;
pub(crate) use machine::Form;
pub(crate) use sink::{Fault, Part, Reads, Sink};
