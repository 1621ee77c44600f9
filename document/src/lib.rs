//! What operators write, made into values that cannot be invalid.
//!
//! A file is a [`Document`]: a tree as it was written. What may stand in it is declared once, with [`object!`],
//! [`names!`] and [`text!`]; each declaration gives the Rust type, its reader ([`Read`]) and its JSON Schema
//! ([`schema`]). A reader never stops at the first mistake: each goes to the [`Report`], with its [`Path`] and, where
//! there is one, the name that was probably meant.
//!
//! Pure, and part of the module: no files, no positions in a text. Who has the text finds the place by the path.
//! ```
//! use pointsman_document::{Document, Path, Read, Report, object};
//!
//! object! {
//!     /// A server.
//!     pub struct Server {
//!         /// Its name.
//!         "name" => name: String,
//!         /// Where it listens.
//!         "port" => port: u16 = 80u32,
//!     }
//! }
//!
//! let document = Document::from_json(br#"{"nmae": "a", "port": "b"}"#)?;
//! let mut report = Report::default();
//! let server = Server::read(&document, &Path::Root, &mut report);
//! let errors: Vec<_> = report.finish(server).unwrap_err().iter().map(ToString::to_string).collect();
//! assert_eq!(errors, [
//!     "nmae: unknown field; did you mean `name`?",
//!     "name: is required",
//!     "port: expected a whole number, found a string",
//! ]);
//! # Ok::<(), pointsman_document::DocumentErrors>(())
//! ```

mod document;
pub mod duration;
mod error;
mod map;
mod members;
mod named;
mod number;
mod object;
pub mod order;
mod path;
pub mod read;
mod report;
pub mod schema;
mod sequence;
pub mod suggest;
pub mod text;
mod visible;

pub use document::Document;
pub use error::{DocumentError, DocumentErrorKind, DocumentErrors, did_you_mean};
pub use map::Map;
pub use members::Members;
pub use named::Named;
pub use number::{MAX_WHOLE, Price, Whole};
pub use path::Path;
pub use read::{Read, choose, schema_of, wrong_type};
pub use report::Report;
pub use schema::Definitions;
pub use sequence::Some1;
pub use visible::Visible;

/// A schema is a JSON value. Here for what the macros make.
pub use serde_json::Value;
