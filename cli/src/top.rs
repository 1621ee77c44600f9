//! What one Envoy counts of requests and answers, as a table: for a terminal that is looked at, and for scripts.
//!
//! Reading (`exposition`, `look`) knows nothing of showing (`table`, `report`, `screen`), and between them stand values:
//! figures since the proxy started, and by how much they have grown of late (`window`).

mod buckets;
mod exposition;
mod figures;
mod look;
mod number;
pub(crate) mod report;
pub(crate) mod screen;
mod table;
pub(crate) mod terminal;
pub(crate) mod view;
pub(crate) mod watch;
mod window;

#[cfg(test)]
mod tests;

pub(crate) use figures::By;
pub(crate) use table::Column;
