//! Envoy: the configuration it is given, and the process that runs it.

pub(crate) mod access_log;
pub(crate) mod admin;
pub(crate) mod binary;
pub(crate) mod bootstrap;
mod chain;
mod cluster;
pub(crate) mod config;
mod credential;
pub(crate) mod filter;
mod limits;
mod listener;
pub(crate) mod mesh;
mod model;
pub(crate) mod needs;
pub(crate) mod process;
mod retry;
mod route;
mod upstream;
pub(crate) mod uptake;
pub(crate) mod xds;
pub(crate) mod yaml;
