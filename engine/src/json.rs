//! JSON as it passes: a lexer that can stop after any byte, and what it needs.
//!
//! The ground floor. It knows neither requests nor answers: who reads them brings a [`Sink`], and makes of a
//! [`Fault`] what such a fault means there.

mod escape;
mod fault;
mod lexer;
mod lookalike;
mod name;
mod nesting;
mod number;
mod partial;
mod sink;
mod skim;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use fault::Fault;
pub(crate) use lexer::Lexer;
pub(crate) use name::Name;
pub(crate) use nesting::MAX_DEPTH;
pub(crate) use number::Numeral;
pub(crate) use partial::Partial;
pub(crate) use sink::{Container, Literal, Sink, Want};
pub(crate) use write::written;
