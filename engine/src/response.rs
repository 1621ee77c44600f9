//! What models' servers answer, as far as the requests to come need to know it.

pub mod limits;
