//! Kubernetes objects as text: what the mesh targets have in common.

mod document;
pub(crate) mod http_route;
pub(crate) mod name;
pub(crate) mod object;

pub(crate) use document::document;
pub(crate) use name::{is_host, is_sha256, object_name, problem};
pub(crate) use object::{Object, manifest};
