//! What models' servers answer, read as it passes: `documents` takes an answer apart, whatever its shape, and those who listen
//! make of it what they are for.
//!
//! ```text
//! documents   an answer as JSON documents: whole, in events, or in lines
//! amending    an answer in which something changes as it passes, made by these together:
//! ids         listens for the ids of responses
//! signing     signs them
//! model_names writes the model's name as the client has asked for it
//! extra_usage takes out what a stream tells only because the proxy has asked
//! limits      what headers say of rate limits
//! usage       listens for tokens, the end, the model and errors
//! ```

pub mod amending;
mod documents;
mod extra_usage;
mod ids;
pub mod limits;
pub(crate) mod model_names;
pub mod signing;
pub mod usage;
