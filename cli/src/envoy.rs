//! Envoy: the configuration it is given, and the process that runs it.

pub(crate) mod access_log;
pub(crate) mod admin;
pub(crate) mod binary;
pub(crate) mod bootstrap;
mod chain;
mod cluster;
mod clusters;
pub(crate) mod config;
mod config_source;
mod cors;
mod credential;
pub(crate) mod filter;
mod limits;
pub(crate) mod listener;
pub(crate) mod mesh;
mod model;
pub(crate) mod needs;
mod overload;
pub(crate) mod process;
mod retry;
mod route;
mod stat_name;
mod tls;
pub(crate) mod typed;
mod upstream;
pub(crate) mod uptake;
pub(crate) mod xds;
