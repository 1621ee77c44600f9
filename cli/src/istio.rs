//! Istio: the objects that put the module into a mesh, for `pointsman render istio`.

mod buffer;
mod destination;
mod envoy_filter;
mod failover;
mod gateway;
mod plugin;
mod render;
mod route;
pub(crate) mod settings;
mod stop;
mod version;
mod warnings;

pub(crate) use render::{Rendering, render};
pub(crate) use settings::Istio;
pub(crate) use warnings::warnings;
