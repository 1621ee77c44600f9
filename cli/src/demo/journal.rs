//! What a demo server saw: requests by the model they named and what became of them.

use super::form;
use axum::body::Bytes;
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How often each outcome was: a status, or the name of a behaviour that is none.
type Outcomes = BTreeMap<String, u64>;

#[derive(Debug, Default)]
pub(super) struct Journal(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    by_model: BTreeMap<String, Outcomes>,
    /// Of requests that named none, or whose body was not read.
    without_model: Outcomes,
}

impl Journal {
    pub(super) fn note(&self, model: Option<&str>, outcome: String) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let outcomes = match model {
            Some(model) => counts.by_model.entry(model.to_owned()).or_default(),
            None => &mut counts.without_model,
        };
        *outcomes.entry(outcome).or_default() += 1;
    }

    /// The counts as members of a report.
    pub(super) fn report(&self) -> Map<String, Value> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let requests: u64 = counts.by_model.values().chain([&counts.without_model]).flat_map(BTreeMap::values).sum();
        let mut report = Map::new();
        report.insert("requests".into(), json!(requests));
        report.insert("models".into(), json!(counts.by_model));
        report.insert("withoutModel".into(), json!(counts.without_model));
        report
    }
}

/// The model that a body names.
pub(super) fn model(headers: &HeaderMap, body: &Bytes) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        model: String,
    }
    if let Some(form) = form::read(headers, body) {
        return form.get("model")?.as_str().map(str::to_owned);
    }
    serde_json::from_slice(body).ok().map(|named: Named| named.model)
}
