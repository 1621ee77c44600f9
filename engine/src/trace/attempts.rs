//! What is sent: for each attempt, the real bytes and headers that change on the way.

mod diff;

use crate::attempt::{HeaderState, Plan};
use crate::explain::Exchange;
use crate::names;
use crate::policy::{Model, Policy};
use crate::rewrite::Edits;
use crate::splice::Splice;
use diff::Piece;
use serde::Serialize;
use std::sync::Arc;

/// A request as one model gets it, and what makes it differ from the client's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// The model's name in the catalog.
    pub model: Arc<str>,
    /// The cluster that serves it.
    pub cluster: Arc<str>,
    /// Its name in the body.
    pub upstream_model: Arc<str>,
    /// The path there, query included.
    pub path: String,
    /// What changes in the body, in its order.
    pub body: Vec<BodyChange>,
    /// What changes in the headers, the path and the content-length among them.
    pub headers: Vec<HeaderChange>,
}

/// A range of the body that other bytes take the place of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BodyChange {
    /// Where the range begins, in bytes of the client's body.
    pub at: usize,
    /// A little of what stands in front of it and stays.
    pub before: String,
    /// What goes.
    pub removed: String,
    /// What comes.
    pub added: String,
    /// A little of what stands behind it and stays.
    pub after: String,
}

/// A header that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeaderChange {
    /// Its name.
    pub name: String,
    /// What the client has sent; none if nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<String>,
    /// What is sent; none if nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added: Option<String>,
}

/// The attempts in their order, and the copy.
pub(super) fn all(policy: &Policy, exchange: &Exchange, edits: &Edits) -> (Vec<Attempt>, Option<Attempt>) {
    let request = Request { policy, exchange, edits };
    let record = &edits.record;
    let planned = |names: &[Arc<str>], property: &str| {
        let plan =
            edits.state.iter().find(|(name, _)| *name == property).and_then(|(_, json)| Plan::read(json.as_bytes()));
        names.iter().filter_map(|name| request.planned(plan.as_ref()?, name)).collect::<Vec<_>>()
    };
    let attempts = match &record.model {
        Some(model) if record.chain.is_empty() => request.direct(model).into_iter().collect(),
        _ => planned(&record.chain, names::PLAN_PROPERTY),
    };
    (attempts, planned(record.mirror.as_slice(), names::MIRROR_PLAN_PROPERTY).pop())
}

/// A request, and what the router does to it.
struct Request<'a> {
    policy: &'a Policy,
    exchange: &'a Exchange,
    edits: &'a Edits,
}

impl Request<'_> {
    /// What the router itself writes, for the one model that there is.
    fn direct(&self, name: &str) -> Option<Attempt> {
        let model = self.policy.model_named(name)?;
        let path = self.edits.set_headers.iter().find(|(name, _)| *name == ":path").map(|(_, path)| path.clone());
        let headers = self.headers(&self.edits.model_headers, self.edits.content_length, path.as_deref());
        Some(self.attempt(model, path, self.changes(&[]), headers))
    }

    /// What an attempt writes that the router has left a plan for.
    fn planned(&self, plan: &Plan, name: &str) -> Option<Attempt> {
        let model = self.policy.model_named(name)?;
        let attempt = plan.attempt(name.as_bytes(), Some(model.cluster().as_bytes()))?;
        let headers = self.headers(&attempt.headers, attempt.content_length, Some(&attempt.path));
        Some(self.attempt(model, Some(attempt.path), self.changes(&attempt.splices), headers))
    }

    fn attempt(
        &self,
        model: &Model,
        path: Option<String>,
        body: Vec<BodyChange>,
        headers: Vec<HeaderChange>,
    ) -> Attempt {
        let path = path.unwrap_or_else(|| self.exchange.path.clone());
        let (name, cluster, upstream_model) =
            (Arc::clone(&model.name), Arc::clone(&model.cluster), Arc::clone(&model.upstream_model));
        Attempt { model: name, cluster, upstream_model, path, body, headers }
    }

    /// What the router changes in the client's body, and then an attempt in what leaves the router.
    fn changes(&self, later: &[Splice]) -> Vec<BodyChange> {
        let body = &self.exchange.body;
        let whole = vec![Piece::Kept(0, body.len())];
        diff::changes(body, &diff::applied(&diff::applied(&whole, &self.edits.splices), later))
    }

    fn headers(&self, own: &[HeaderState], content_length: Option<u64>, path: Option<&str>) -> Vec<HeaderChange> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let clients = |name: &str| {
            let values = self.exchange.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| text(value));
            Some(values.collect::<Vec<_>>().join(",")).filter(|value| !value.is_empty())
        };
        let mut after: Vec<(String, Option<String>)> = Vec::new();
        after.extend(path.map(|path| (":path".to_owned(), Some(path.to_owned()))));
        after.extend(self.edits.remove_headers.iter().map(|name| ((*name).to_owned(), None)));
        after.extend(own.iter().map(|(name, value)| (name.clone(), value.as_deref().map(text))));
        after.extend(content_length.map(|length| ("content-length".to_owned(), Some(length.to_string()))));
        let set = self.edits.set_headers.iter().filter(|(name, _)| *name != ":path");
        after.extend(set.map(|(name, value)| ((*name).to_owned(), Some(value.clone()))));
        let changes = after.into_iter().map(|(name, added)| {
            let removed = if name == ":path" { Some(self.exchange.path.clone()) } else { clients(&name) };
            HeaderChange { name, removed, added }
        });
        changes.filter(|change| change.removed != change.added).collect()
    }
}
