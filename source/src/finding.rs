//! One thing wrong with a file, as `file:line:column: field: message`.

use crate::place::Position;
use pointsman_document::Visible;
use std::fmt;
use std::path::{Path, PathBuf};

/// One thing wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, as it was named.
    pub file: PathBuf,
    /// Where in it; nowhere if it could not be read at all.
    pub at: Option<Position>,
    /// The field, as `rules[2].route`; empty for a syntax error.
    pub path: String,
    /// What is wrong, as a sentence without its field.
    pub message: String,
}

impl Finding {
    /// What is wrong with a file as a whole.
    pub fn of_file(file: &Path, message: impl Into<String>) -> Self {
        Self { file: file.to_path_buf(), at: None, path: String::new(), message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some(at) = self.at {
            write!(f, "{}:{}:", at.line, at.column)?;
        }
        if !self.path.is_empty() {
            write!(f, " {}:", Visible(&self.path))?;
        }
        write!(f, " {}", Visible(&self.message))
    }
}
