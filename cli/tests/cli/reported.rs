//! What people report of gateways, `corpus/reported/`: each request has the decision that its row says.

use crate::program::{pointsman, project};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fs;

/// A row of `outcomes.json`; `corpus/reported/README.md` says what a field means.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Row {
    file: String,
    policy: String,
    /// Another path than the file's.
    path: Option<String>,
    /// Another request of the same conversation.
    same_model_as: Option<String>,
    record: Option<Map<String, Value>>,
    #[serde(default)]
    not_yet_right: bool,
}

impl Row {
    fn explain(&self, file: &str) -> Value {
        let at = |name: &str| format!("corpus/reported/{name}");
        let (policy, request) = (at(&format!("{}.yaml", self.policy)), at(file));
        let mut arguments = vec!["explain", &policy, "--request", &request, "--output", "json"];
        arguments.extend(self.path.iter().flat_map(|path| ["--path", path]));
        let outcome = pointsman(&arguments);
        assert_eq!(outcome.code, Some(0), "{self:?}: {}", outcome.stderr);
        serde_json::from_str(&outcome.stdout).unwrap()
    }

    /// What is wrong with the decision.
    fn fault(&self) -> Option<String> {
        let record = self.explain(&self.file);
        let Some(expected) = &self.record else {
            return (!record.is_null()).then(|| format!("{record} instead of no LLM call"));
        };
        let wrong = expected.iter().find(|(key, value)| record[key.as_str()] != **value);
        if let Some((key, value)) = wrong {
            return Some(format!("`{key}` is {} instead of {value} in {record}", record[key.as_str()]));
        }
        let other = self.same_model_as.as_ref().map(|other| self.explain(other));
        other.filter(|other| other["model"] != record["model"]).map(|other| format!("{record} after {other}"))
    }
}

fn rows() -> Vec<Row> {
    let text = fs::read(project().join("corpus/reported/outcomes.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// A row that has become right has to say so, so that it stays right.
#[test]
fn requests_that_people_report_have_the_right_decision() {
    let said: Vec<String> = rows()
        .iter()
        .filter_map(|row| match (row.fault(), row.not_yet_right) {
            (Some(fault), false) => Some(format!("{} {:?}: {fault}", row.file, row.path)),
            (None, true) => Some(format!("{} {:?}: is right by now", row.file, row.path)),
            _ => None,
        })
        .collect();
    assert!(said.is_empty(), "\n{}", said.join("\n"));
}

#[test]
fn every_reported_request_has_a_row() {
    let mut files = BTreeSet::new();
    for folder in fs::read_dir(project().join("corpus/reported")).unwrap().map(|entry| entry.unwrap().path()) {
        for file in fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
            if file.extension().is_some_and(|extension| extension == "http") {
                let name = |part: Option<&std::ffi::OsStr>| part.unwrap().to_string_lossy().into_owned();
                files.insert(format!("{}/{}", name(folder.file_name()), name(file.file_name())));
            }
        }
    }
    let rows: BTreeSet<String> = rows().into_iter().map(|row| row.file).collect();
    assert_eq!(rows, files);
}
