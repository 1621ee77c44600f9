//! How models for prompts are trained, judged and put to use: everything that reads examples and outcomes.
//!
//! What a model says of a text is the classifier's; here stands what only the command line needs.

pub(crate) mod calibration;
pub(crate) mod card;
pub(crate) mod classification;
pub(crate) mod columns;
pub(crate) mod curve;
pub(crate) mod examples;
pub(crate) mod fitting;
pub(crate) mod outcomes;
pub(crate) mod picture;
pub(crate) mod pool;
pub(crate) mod routers;
pub(crate) mod rules;
pub(crate) mod sheet;
pub(crate) mod training;
pub(crate) mod words;
