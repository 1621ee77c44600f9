//! The tables as they are written; `corpus/README.md` says what a field means.

use crate::bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Outcome {
    Passes,
    Untouched,
    /// By Envoy's codec, which is not here.
    Rejected,
    Refused {
        status: u16,
        reason: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Attempt {
    pub(crate) name: String,
    pub(crate) outcome: Outcome,
    #[serde(rename = "inHttp1")]
    _in_http1: Option<Outcome>,
    #[serde(rename = "inHttp2")]
    _in_http2: Option<Outcome>,
    once_model_is_read: Option<Outcome>,
    #[serde(default = "post")]
    pub(crate) method: String,
    #[serde(default = "chat")]
    pub(crate) path: String,
    #[serde(default = "json")]
    headers: Vec<(String, Bytes)>,
    #[serde(default = "plain")]
    body: Option<Bytes>,
    cut_at: Option<Vec<usize>>,
    cut_every: Option<usize>,
}

fn post() -> String {
    "POST".into()
}

fn chat() -> String {
    "/v1/chat/completions".into()
}

fn json() -> Vec<(String, Bytes)> {
    vec![("content-type".into(), Bytes::from("application/json"))]
}

fn plain() -> Option<Bytes> {
    Some(Bytes::from(r#"{"messages":[{"role":"user","content":"hi"}],"model":"open"}"#))
}

impl Attempt {
    pub(crate) fn outcome_under(&self, policy: &str) -> &Outcome {
        self.once_model_is_read.as_ref().filter(|_| policy == "model-decides").unwrap_or(&self.outcome)
    }

    /// Names in lower case, as Envoy has them.
    pub(crate) fn headers(&self) -> Vec<(String, Vec<u8>)> {
        self.headers.iter().map(|(name, value)| (name.to_lowercase(), value.written())).collect()
    }

    pub(crate) fn body(&self) -> Option<Vec<u8>> {
        self.body.as_ref().map(Bytes::written)
    }

    /// Where the attempt itself cuts a body of this length, if it does.
    pub(crate) fn cuts(&self, length: usize) -> Option<Vec<usize>> {
        match self.cut_every {
            Some(every) => Some((every..length).step_by(every).collect()),
            None => self.cut_at.clone(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    #[serde(rename = "about")]
    _about: String,
    groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "why")]
    _why: String,
    attempts: Vec<Attempt>,
}

impl Table {
    pub(crate) fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.groups.iter().flat_map(|group| &group.attempts)
    }
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../corpus"))
}

pub(crate) fn tables() -> BTreeMap<String, Table> {
    let files =
        fs::read_dir(folder().join("attempts")).expect("corpus/attempts").map(|entry| entry.expect("a file").path());
    files.map(|file| (file.file_stem().expect("a name").to_string_lossy().into_owned(), read(&file))).collect()
}

fn read(file: &PathBuf) -> Table {
    let text = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[derive(Debug, Deserialize)]
pub(crate) struct Policies {
    /// The header that makes a client a guest.
    pub(crate) guest: (String, String),
    common: Map<String, Value>,
    policies: BTreeMap<String, Map<String, Value>>,
}

impl Policies {
    pub(crate) fn read() -> Self {
        let text = fs::read(folder().join("policies.json")).expect("corpus/policies.json");
        serde_json::from_slice(&text).expect("policies")
    }

    /// Each by its name, as JSON.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, Value)> {
        self.policies.iter().map(|(name, own)| {
            (
                name.as_str(),
                Value::Object(self.common.iter().chain(own).map(|(key, value)| (key.clone(), value.clone())).collect()),
            )
        })
    }
}
