//! Reading: what Envoy's admin interface answered, as values. Nothing is judged here.

pub(crate) mod answers;
mod discovered;
pub(super) mod dump;
pub(super) mod filter;
pub(super) mod instance;
pub(super) mod tree;
