//! OCI images of the module, made without a container tool.
//!
//! An image is of the "compat" variant of the Wasm image specification: one gzipped layer with the file `plugin.wasm`.
//! Both istio-agent and Envoy Gateway take the last layer of an image and look for that file. The same module, labels
//! and time give the same bytes, so a digest can be checked by whoever builds the image again.

mod blob;
mod created;
mod folder;
mod image;
mod layer;
mod layout;
mod reference;
mod referrer;

pub(crate) use blob::digest;
pub(crate) use created::Created;
pub(crate) use folder::replace;
pub(crate) use image::{About, Image};
pub(crate) use layout::{archive, layout};
pub(crate) use reference::Reference;
pub(crate) use referrer::Referrer;
