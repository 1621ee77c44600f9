//! Says what a text is about: a class out of a model's labels with a calibrated score, or nothing.
//!
//! Pure, and the same to the bit on every machine: a score is a sum of small integers, and there is no floating point on
//! the way from a text to it. What a text costs is bounded however long it is.
//!
//! A [`Model`] is read from a file that was trained elsewhere (`pointsman train`), a [`Text`] is prepared once and can
//! be asked about by any number of models. Some models also look words up in an [`Embedding`], a table that they share.
//!
//! ```
//! use pointsman_classifier::{Model, Text};
//!
//! assert_eq!(Model::read(b"not a model", None).unwrap_err().to_string(), "not a model: it begins with other bytes");
//! let text = Text::new("What is the boiling point of water?", "", None);
//! assert!(text.features() > 100);
//! ```

mod answer;
mod dense;
mod embedding;
mod file;
mod grams;
mod hash;
mod hashed;
mod model;
mod normal;
mod piece;
mod probability;
mod root;
mod shape;
mod text;
#[cfg(feature = "train")]
pub mod train;

pub use answer::{Answer, Silence};
pub use embedding::{DIMENSIONS, Embedding};
pub use file::{Broken, Digest, MAX_FILE};
pub use grams::Kinds;
pub use model::{Calibration, Model};
pub use text::{REACH, Text, ends};
