//! Envoy: the configuration it is given, and the process that runs it.

pub(crate) mod access_log;
pub(crate) mod admin;
pub(crate) mod binary;
pub(crate) mod bootstrap;
mod cluster;
pub(crate) mod filter;
pub(crate) mod process;
pub(crate) mod yaml;
