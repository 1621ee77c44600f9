//! Kubernetes objects: what the mesh targets have in common.

pub(crate) mod http_route;
pub(crate) mod name;
mod object;
mod pull_policy;

pub(crate) use name::{is_host, is_sha256, object_name, problem};
pub(crate) use object::{Object, manifest};
pub(crate) use pull_policy::PullPolicy;
