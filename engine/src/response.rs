//! What models' servers answer, read as it passes: `documents` takes an answer apart, whatever its shape, and those who listen
//! make of it what they are for.
//!
//! ```text
//! documents   an answer as JSON documents: whole, in events, or in lines
//! ids         listens for the ids of responses
//! signing     an answer in which they are signed
//! limits      what headers say of rate limits
//! usage       listens for tokens, the end, the model and errors
//! ```

mod documents;
mod ids;
pub mod limits;
pub mod signing;
pub mod usage;
