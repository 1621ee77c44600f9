//! YAML and JSON files as documents that know where each value stands, so that a finding can point at it.
//!
//! The values are a [`Document`], the same that the module reads from JSON; the places are a tree of their own beside it.
//! Only [`Source::read`] opens a file: who has the text already calls [`Source::parse`].
//! ```
//! use pointsman_source::{Format, Part, Source};
//!
//! let source = Source::parse("policy.yaml", "models:\n- nmae: small\n", Format::Yaml)?;
//! let finding = source.finding("models[0].nmae", Part::Key, "unknown field");
//! assert_eq!(finding.to_string(), "policy.yaml:2:3: models[0].nmae: unknown field");
//! # Ok::<(), pointsman_source::Finding>(())
//! ```

mod finding;
mod format;
mod json;
mod parts;
mod place;
mod scalar;
mod yaml;

pub use finding::Finding;
pub use format::format;
pub use place::{Part, Place, Position};

use pointsman_document::Document;
use std::path::{Path, PathBuf};

/// A document that was read and parsed, out of one file or put together of several.
#[derive(Debug)]
pub struct Source {
    /// What stands in it. Keys may repeat: whoever reads the document decides what that means.
    pub document: Document,
    /// Where it stands: of the same shape.
    pub place: Place,
    files: Vec<File>,
}

/// A file, as it was named, and its text.
#[derive(Debug, Clone)]
pub struct File {
    /// Its name.
    pub name: PathBuf,
    /// The text, comments included.
    pub text: String,
}

/// How a document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON, RFC 8259.
    Json,
    /// YAML 1.2, one document.
    Yaml,
}

impl Format {
    /// Of a file of this name: JSON when it ends in `.json`, else YAML.
    pub fn of(file: &Path) -> Self {
        let is_json = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        if is_json { Self::Json } else { Self::Yaml }
    }
}

impl Source {
    /// Reads `file`: JSON when its name ends in `.json`, else YAML.
    pub fn read(file: &Path) -> Result<Self, Finding> {
        let bytes = std::fs::read(file).map_err(|err| Finding::of_file(file, reason(&err)))?;
        Self::parse_file(file, bytes)
    }

    /// The same for who has read it already.
    pub fn parse_file(file: &Path, bytes: Vec<u8>) -> Result<Self, Finding> {
        let text = String::from_utf8(bytes).map_err(|_| Finding::of_file(file, "is not UTF-8 text"))?;
        Self::parse(file, &text, Format::of(file))
    }

    /// Parses `text`, which findings call `file`.
    pub fn parse(file: impl Into<PathBuf>, text: &str, format: Format) -> Result<Self, Finding> {
        let file = file.into();
        let parsed = match format {
            Format::Json => json::parse(text),
            Format::Yaml => yaml::parse(text),
        };
        match parsed {
            Ok(Placed { document, place }) => {
                Ok(Self { document, place, files: vec![File { name: file, text: text.to_owned() }] })
            }
            Err(err) => {
                let err = unmerged(text).unwrap_or(err);
                Err(Finding { file, at: Some(err.at), path: String::new(), message: err.message })
            }
        }
    }
}

/// A value and where it stands.
#[derive(Debug, Clone)]
struct Placed {
    document: Document,
    place: Place,
}

/// What the text itself has wrong.
#[derive(Debug)]
struct SyntaxError {
    at: Position,
    message: String,
}

/// Nesting beyond this is refused, so that no tree can exhaust the stack.
const MAX_DEPTH: usize = 128;

fn too_deep(at: Position) -> SyntaxError {
    SyntaxError { at, message: format!("nested deeper than {MAX_DEPTH} levels") }
}

/// What a merge has left in the text: no parser knows these lines, and each stumbles over another part of them.
fn unmerged(text: &str) -> Option<SyntaxError> {
    let begins = |mark: &str| {
        let is_mark = |line: &str| line.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
        text.lines().position(is_mark)
    };
    let line = begins("<<<<<<<").or_else(|| begins(">>>>>>>"))? + 1;
    let message = "a conflict of a merge is left here: keep one side, and remove the lines with `<<<<<<<`, `=======` and `>>>>>>>`";
    Some(SyntaxError { at: Position { line, column: 1 }, message: message.into() })
}

/// An I/O error without the `(os error 2)` that only a programmer can read.
pub fn reason(err: &std::io::Error) -> String {
    let text = err.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.chars().take(1).flat_map(char::to_lowercase).chain(text.chars().skip(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_merge_has_left_is_named_as_such() {
        let check = |text: &str, format: Format, place: &str| {
            let finding = Source::parse("f", text, format).expect_err(text).to_string();
            assert!(finding.starts_with(&format!("{place} a conflict of a merge is left here: ")), "{finding}");
        };
        let list = "models:\n<<<<<<< HEAD\n- name: a\n=======\n- name: b\n>>>>>>> other\n";
        check(list, Format::Yaml, "f:2:1:");
        check("<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> other\n", Format::Yaml, "f:1:1:");
        check("a:\n  b: 1\n<<<<<<<\n  c: 1\n=======\n  c: 2\n>>>>>>>\n", Format::Yaml, "f:3:1:");
        check("a: 1\n>>>>>>> other\nb: 2\n", Format::Yaml, "f:2:1:");
        check("{\n<<<<<<< HEAD\n\"a\": 1\n=======\n\"a\": 2\n>>>>>>> other\n}\n", Format::Json, "f:2:1:");
        assert!(Source::parse("f", "a: |\n <<<<<<< HEAD\n", Format::Yaml).is_ok());
    }
}
