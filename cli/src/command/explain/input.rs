//! What is explained: a request, a record, or a folder of both.

use crate::replay::{is_log, recorded};
use crate::request_file;
use pointsman_engine::{Exchange, Record};
use pointsman_source::reason;
use std::path::{Path, PathBuf};

/// One of what is explained.
pub(super) struct Input {
    /// Its file, and its line where a file has several.
    pub(super) name: String,
    pub(super) what: Result<What, String>,
}

pub(super) enum What {
    Request(Box<Exchange>),
    Record(Box<Record>),
}

/// All that stands at a path. A folder is as good as the files in it, without hidden ones and records without facts.
pub(super) fn all(path: &Path, default_path: &str) -> Result<Vec<Input>, String> {
    if !path.is_dir() {
        return of(path, path.display().to_string(), default_path);
    }
    let unread = |err| format!("`{}`: {}", path.display(), reason(&err));
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unread)? {
        files.push(entry.map_err(unread)?.path());
    }
    files.sort();
    let name = |file: &Path| file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    files.retain(|file| file.is_file() && !name(file).starts_with('.'));
    let each = files.iter().flat_map(|file| match of(file, name(file), default_path) {
        Ok(inputs) => inputs,
        Err(err) => vec![Input { name: name(file), what: Err(err) }],
    });
    // A decision that is kept beside its request holds nothing that it could be taken from again.
    let tells = |input: &Input| !matches!(&input.what, Ok(What::Record(record)) if record.facts.is_none());
    let inputs: Vec<Input> = each.filter(tells).collect();
    if inputs.is_empty() {
        return Err(format!("`{}`: no request in it, and no record with facts", path.display()));
    }
    Ok(inputs)
}

fn of(file: &Path, name: String, default_path: &str) -> Result<Vec<Input>, String> {
    let bytes = request_file::bytes(file)?;
    let lines: Vec<(usize, &[u8])> = bytes
        .split(|byte| *byte == b'\n')
        .zip(1..)
        .map(|(line, number)| (number, line.trim_ascii()))
        .filter(|(_, line)| !line.is_empty())
        .collect();
    let is_recorded = is_log(file) || lines.first().is_some_and(|(_, line)| record(file, line).is_some());
    if !is_recorded {
        // A record that somebody has laid out has more than one line.
        if let Some(record) = record(file, &bytes) {
            return Ok(vec![Input { name, what: Ok(What::Record(record)) }]);
        }
        let what = What::Request(Box::new(request_file::of(bytes, file, default_path)?));
        return Ok(vec![Input { name, what: Ok(what) }]);
    }
    let is_alone = lines.len() == 1;
    let input = |(number, line): &(usize, &[u8])| Input {
        name: if is_alone { name.clone() } else { format!("{name}:{number}") },
        what: record(file, line)
            .map(What::Record)
            .ok_or_else(|| format!("`{}`: line {number} is no record", file.display())),
    };
    Ok(lines.iter().map(input).collect())
}

/// A record, or the line of an access log that holds one, where the name says that a file is a log: any body could hold the text
/// of one.
fn record(file: &Path, text: &[u8]) -> Option<Box<Record>> {
    let record =
        if is_log(file) { recorded(text).map(|(record, _)| record) } else { serde_json::from_slice(text).ok() };
    record.map(Box::new)
}
