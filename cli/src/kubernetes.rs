//! Kubernetes objects as text: what the mesh targets have in common.

pub(crate) mod http_route;
pub(crate) mod name;
pub(crate) mod object;

pub(crate) use name::{object_name, problem};
pub(crate) use object::{Object, manifest};
