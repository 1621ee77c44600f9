//! Which column of a sheet means what.

use super::sheet::Sheet;
use std::path::PathBuf;

/// What texts and labels are called in most data.
const TEXTS: [&str; 6] = ["text", "prompt", "query", "question", "input", "utterance"];
const LABELS: [&str; 8] = ["label", "intent", "category", "class", "task", "lang", "subject", "domain"];

/// The data, and which of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Data {
    /// Examples: CSV with the names of columns in the first line, or JSON lines (`.jsonl`), also packed (`.gz`)
    #[arg(required = true)]
    pub(crate) data: Vec<PathBuf>,
    /// The column with texts; by default text, prompt, query, question, input or utterance
    #[arg(long, value_name = "COLUMN")]
    pub(crate) text: Option<String>,
    /// The column with labels; by default label, intent, category, class, task, lang, subject or domain
    #[arg(long, value_name = "COLUMN")]
    pub(crate) label: Option<String>,
    /// Two columns of outcomes: whether the weak and the strong model were right, 0 to 1
    #[arg(long, value_name = "COLUMN", requires = "strong")]
    pub(crate) weak: Option<String>,
    /// The outcomes of the strong model
    #[arg(long, value_name = "COLUMN", requires = "weak")]
    pub(crate) strong: Option<String>,
    /// Only rows with one of these values in a column, may be repeated: COLUMN=VALUE,VALUE
    #[arg(long = "where", value_name = "COLUMN=VALUES")]
    pub(crate) keep: Vec<String>,
    /// Only rows with none of these values in a column, may be repeated
    #[arg(long = "where-not", value_name = "COLUMN=VALUES")]
    pub(crate) drop: Vec<String>,
}

impl Data {
    /// The rows that are meant.
    pub(crate) fn sheet(&self) -> Result<Sheet, String> {
        let mut sheet = Sheet::read(&self.data)?;
        self.keep.iter().try_for_each(|condition| sheet.keep(condition, true))?;
        self.drop.iter().try_for_each(|condition| sheet.keep(condition, false))?;
        Ok(sheet)
    }

    pub(crate) fn text(&self, sheet: &Sheet) -> Result<usize, String> {
        sheet.column("--text", self.text.as_deref(), &TEXTS)
    }

    pub(crate) fn label(&self, sheet: &Sheet) -> Result<usize, String> {
        sheet.column("--label", self.label.as_deref(), &LABELS)
    }

    /// The columns with outcomes of the weak and the strong model.
    pub(crate) fn pair(&self, sheet: &Sheet) -> Result<Option<(usize, usize)>, String> {
        let (Some(weak), Some(strong)) = (&self.weak, &self.strong) else {
            return Ok(None);
        };
        Ok(Some((sheet.column("--weak", Some(weak), &[])?, sheet.column("--strong", Some(strong), &[])?)))
    }
}

/// A number in a cell, from 0 to 1; nothing where the cell is empty.
pub(crate) fn quality(cell: &str, name: &str) -> Result<Option<f64>, String> {
    match cell.trim() {
        "" => Ok(None),
        "true" | "True" => Ok(Some(1.0)),
        "false" | "False" => Ok(Some(0.0)),
        number => match number.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Some(value)),
            _ => Err(format!("column `{name}`: `{number}` is not a number")),
        },
    }
}
