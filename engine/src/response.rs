//! What models' servers answer, read as it passes: `documents` takes an answer apart, whatever its shape, and those who listen
//! make of it what they are for.
//!
//! ```text
//! documents   an answer as JSON documents: whole, or in events
//! ids         listens for the ids of responses
//! signing     an answer in which they are signed
//! limits      what headers say of rate limits
//! ```

mod documents;
mod ids;
pub mod limits;
pub mod signing;
