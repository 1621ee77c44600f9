//! From a case to the request that the proxy would get.

use super::file::CaseSpec;
use crate::request_file;
use pointsman_document::Document;
use pointsman_engine::{Exchange, Live, Policy};
use std::path::Path;

/// The API of a body alone.
const API: &str = "chatCompletions";

/// The request of a case. `folder` is where the files are that it names.
pub(super) fn of(case: &CaseSpec, folder: &Path, policy: &Policy) -> Result<Exchange, String> {
    let default_path = request_file::path_of(case.api.as_deref().unwrap_or(API)).unwrap_or_default();
    let mut exchange = match &case.request {
        Some(file) => request_file::read(&folder.join(file), default_path)?,
        None => request_file::bare_body(case.body.as_ref().map(|body| text(&body.0)).unwrap_or_default(), default_path),
    };
    if let Some(path) = &case.path {
        exchange.path.clone_from(path);
    }
    if let Some(method) = &case.method {
        exchange.method.clone_from(method);
    }
    if exchange.body.is_empty() {
        // What has no body says nothing of one.
        exchange.headers.retain(|(name, _)| !matches!(name.as_str(), "content-type" | "content-length"));
    }
    for (name, value) in &case.headers.0 {
        let name = name.to_ascii_lowercase();
        exchange.headers.retain(|(present, _)| *present != name);
        exchange.headers.push((name, value.as_bytes().to_vec()));
    }
    exchange.principal.clone_from(&case.caller.principal);
    let claims = case.caller.claims.as_ref().map(|claims| serde_json::to_value(&claims.0));
    exchange.claims = claims.transpose().map_err(|err| err.to_string())?.unwrap_or_default();
    let balances = case.spent.0.iter().filter_map(|(account, amount)| policy.spent(account, amount.0)).collect();
    exchange.live = Live::demoting(case.demoted.clone()).spending(balances, case.at.map_or(0, |at| at.0));
    Ok(exchange)
}

/// A body as it is sent.
fn text(body: &Document) -> Vec<u8> {
    match body {
        Document::String(text) => text.clone().into_bytes(),
        other => serde_json::to_vec(other).unwrap_or_default(),
    }
}
