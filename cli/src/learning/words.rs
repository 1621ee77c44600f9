//! The table of words that comes with the program, so that no model has to carry it.

use pointsman_classifier::{Embedding, Model};
use std::path::Path;

static TABLE: &[u8] = include_bytes!("../../../models/words.table");

/// The table, read.
pub(crate) fn table() -> Result<Embedding, String> {
    Embedding::read(TABLE).map_err(|broken| format!("the table of words: {broken}"))
}

/// A model's file.
pub(crate) fn model(file: &Path, table: &Embedding) -> Result<Model, String> {
    let named = |why: String| format!("`{}`: {why}", file.display());
    let bytes = std::fs::read(file).map_err(|err| named(pointsman_source::reason(&err)))?;
    Model::read(&bytes, Some(table)).map_err(|broken| named(broken.to_string()))
}
