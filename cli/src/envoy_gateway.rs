//! Envoy Gateway: the objects that put the module into one of its gateways, for `pointsman render envoy-gateway`.

mod backend;
mod plugin;
mod render;
pub(crate) mod settings;
mod traffic;

pub(crate) use render::render;
pub(crate) use settings::EnvoyGateway;
