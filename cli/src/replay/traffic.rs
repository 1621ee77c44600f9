//! Where traffic comes from: files of records, and folders of requests.

use pointsman_engine::Record;
use pointsman_source::reason;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The ends of names of files with a record in each line, and of files with a request.
const LINES: [&str; 3] = ["jsonl", "ndjson", "log"];
const REQUEST: &str = "http";

/// Traffic to replay.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// Files with a record in each line.
    pub(crate) records: Vec<PathBuf>,
    /// Files with a request each.
    pub(crate) requests: Vec<PathBuf>,
}

impl Traffic {
    /// What these paths stand for: a file is one of records, unless its name ends in `.http`; a folder is what is in it.
    pub(crate) fn of(paths: &[PathBuf]) -> Result<Self, String> {
        let mut traffic = Self::default();
        for path in paths {
            if !path.is_dir() {
                traffic.add(path.clone());
                continue;
            }
            let before = traffic.files();
            let unread = |err| format!("`{}`: {}", path.display(), reason(&err));
            let mut entries: Vec<PathBuf> = Vec::new();
            for entry in std::fs::read_dir(path).map_err(unread)? {
                entries.push(entry.map_err(unread)?.path());
            }
            entries.sort();
            let is_traffic = |path: &Path| ends(path, REQUEST) || is_log(path);
            entries
                .into_iter()
                .filter(|entry| entry.is_file() && is_traffic(entry))
                .for_each(|entry| traffic.add(entry));
            if traffic.files() == before {
                return Err(format!("`{}`: no `*.{REQUEST}` and no `*.jsonl` in it", path.display()));
            }
        }
        Ok(traffic)
    }

    fn add(&mut self, path: PathBuf) {
        if ends(&path, REQUEST) { self.requests.push(path) } else { self.records.push(path) }
    }

    fn files(&self) -> usize {
        self.records.len() + self.requests.len()
    }

    /// The name of a file by its number: those of records come first.
    pub(crate) fn name(&self, number: usize) -> String {
        let file = self.records.iter().chain(&self.requests).nth(number);
        file.map_or_else(String::new, |file| file.display().to_string())
    }

    /// How many bytes of records there are, where that is known before they are read.
    pub(crate) fn size(&self) -> Option<u64> {
        self.records
            .iter()
            .map(|file| std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file).map(|it| it.len()))
            .sum()
    }
}

fn ends(path: &Path, end: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(end))
}

/// Whether a file is one of records by its name.
pub(crate) fn is_log(file: &Path) -> bool {
    LINES.iter().any(|line| ends(file, line))
}

/// What a line holds: a record, and the id of its request if the line says one.
pub(crate) fn record(line: &[u8]) -> Option<(Record, Option<String>)> {
    if let Ok(record) = serde_json::from_slice::<Record>(line) {
        return Some((record, None));
    }
    // A line of an access log: the record stands in it, as an object or as a text.
    let Value::Object(members) = serde_json::from_slice(line).ok()? else { return None };
    let found = members.values().find_map(|value| match value {
        Value::String(text) if text.starts_with('{') => Record::from_json(text),
        Value::Object(_) => serde_json::from_value(value.clone()).ok(),
        _ => None,
    })?;
    const IDS: [&str; 4] = ["request_id", "requestId", "x-request-id", "id"];
    let id = IDS.iter().find_map(|name| members.get(*name)?.as_str()).map(str::to_owned);
    Some((found, id))
}
