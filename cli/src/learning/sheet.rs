//! Rows with named columns, out of CSV or JSON lines, compressed by gzip or not.

mod csv;
mod lines;

use flate2::read::MultiGzDecoder;
use pointsman_source::reason;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The most that is read of a file, unpacked.
const MOST: u64 = 2 << 30;

/// Rows with named columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sheet {
    pub(crate) names: Vec<String>,
    /// As many cells each as there are names.
    pub(crate) rows: Vec<Vec<String>>,
}

impl Sheet {
    /// All rows of some files, whose columns must be the same.
    pub(crate) fn read(files: &[PathBuf]) -> Result<Self, String> {
        let mut all: Option<Self> = None;
        for file in files {
            let sheet = one(file).map_err(|why| format!("`{}`: {why}", file.display()))?;
            match &mut all {
                None => all = Some(sheet),
                Some(all) => all.append(sheet).map_err(|why| format!("`{}`: {why}", file.display()))?,
            }
        }
        Ok(all.unwrap_or_default())
    }

    /// Columns of this sheet in those of the first: what the first has not is left out, what it has must be there.
    fn append(&mut self, other: Self) -> Result<(), String> {
        let places: Vec<Option<usize>> = self.names.iter().map(|name| other.place(name)).collect();
        if places.iter().all(Option::is_none) {
            return Err(format!("none of the columns {}", listed(&self.names)));
        }
        for row in other.rows {
            let cell = |place: &Option<usize>| place.and_then(|at| row.get(at)).cloned().unwrap_or_default();
            self.rows.push(places.iter().map(cell).collect());
        }
        Ok(())
    }

    /// Where a column stands.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|found| found == name)
    }

    /// The column that is meant: the one that is named, else the first of those that are usual.
    pub(crate) fn column(&self, option: &str, named: Option<&str>, usual: &[&str]) -> Result<usize, String> {
        let found = match named {
            Some(name) => self.place(name),
            None => usual.iter().find_map(|name| self.place(name)),
        };
        found.ok_or_else(|| match named {
            Some(name) => format!("{option}: no column `{name}`; there are {}", listed(&self.names)),
            None => format!("{option}: name one of the columns {}", listed(&self.names)),
        })
    }

    /// Only the rows in which a column has one of the values, or has none of them.
    pub(crate) fn keep(&mut self, condition: &str, wanted: bool) -> Result<(), String> {
        let option = if wanted { "--where" } else { "--where-not" };
        let (name, values) =
            condition.split_once('=').ok_or_else(|| format!("{option} `{condition}`: expected COLUMN=VALUE,VALUE"))?;
        let at = self.column(option, Some(name), &[])?;
        let values: Vec<&str> = values.split(',').collect();
        self.rows.retain(|row| row.get(at).is_some_and(|cell| values.contains(&cell.as_str())) == wanted);
        if self.rows.is_empty() { Err(format!("{option} `{condition}` leaves no row")) } else { Ok(()) }
    }
}

/// Names as a sentence has them.
pub(crate) fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The cell of a row.
pub(crate) fn cell(row: &[String], at: usize) -> &str {
    row.get(at).map_or("", String::as_str)
}

fn one(file: &Path) -> Result<Sheet, String> {
    let text = text(file)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let sheet = if name.contains(".json") { lines::parse(&text) } else { csv::parse(&text) }?;
    if sheet.rows.is_empty() { Err("no rows".to_owned()) } else { Ok(sheet) }
}

fn text(file: &Path) -> Result<String, String> {
    let opened = std::fs::File::open(file).map_err(|err| reason(&err))?;
    let mut bytes = Vec::new();
    let is_packed = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
    let read = if is_packed {
        MultiGzDecoder::new(opened).take(MOST + 1).read_to_end(&mut bytes)
    } else {
        opened.take(MOST + 1).read_to_end(&mut bytes)
    };
    if read.map_err(|err| reason(&err))? as u64 > MOST {
        return Err("larger than 2 GiB".to_owned());
    }
    String::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())
}
