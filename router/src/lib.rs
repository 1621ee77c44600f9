//! The Pointsman engine.
#![allow(dead_code)]
pub mod api;
pub mod names;
pub mod reply;
pub mod request;
