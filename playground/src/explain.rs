//! What `pointsman explain` says of a request.

use crate::check::POLICY;
use pointsman_check::{policy_file, request_file};
use pointsman_engine::trace::Trace;
use pointsman_engine::{Exchange, Live, Policy, trace};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;
use std::path::Path;

/// What the page asks.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Question {
    /// The text of the policy.
    pub policy: String,
    /// A body, or a request with its headers.
    pub request: String,
    /// The API of a bare body; chat completions if it is not said.
    pub api: Option<String>,
    /// The URI of the client's certificate.
    pub principal: Option<String>,
    /// The claims of the client's token, a JSON object as text.
    pub claims: Option<String>,
    /// When the request comes, in milliseconds since 1970.
    pub at: Option<u64>,
    /// Models whose providers have said that a limit is used up.
    pub demoted: Vec<String>,
    /// Budgets, and how much is used of them.
    pub spent: Vec<(String, f64)>,
}

/// What it is answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The decision, and what it went by; nothing for what is no LLM call.
    trace: Option<Trace>,
    /// Whether the policy looks at the clock.
    tells_time: bool,
}

/// Which part of the question cannot be answered, and why.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    field: &'static str,
    message: String,
}

impl Fault {
    fn new(field: &'static str, message: impl fmt::Display) -> Self {
        Self { field, message: message.to_string() }
    }
}

/// The decision for a request.
pub fn explain(question: &Question) -> Result<Answer, Fault> {
    let file = policy_file::parse(POLICY, &question.policy).map_err(|_| Fault::new("policy", "is not valid"))?;
    let exchange = exchange(question, &file.policy)?;
    Ok(Answer { trace: trace(&file.policy, &exchange), tells_time: file.policy.tells_time() })
}

fn exchange(question: &Question, policy: &Policy) -> Result<Exchange, Fault> {
    let api = question.api.as_deref().unwrap_or("chatCompletions");
    let path = request_file::path_of(api).ok_or_else(|| Fault::new("api", format!("no API `{api}`")))?;
    let request = question.request.clone().into_bytes();
    let mut exchange =
        request_file::of_bytes(request, Path::new(""), path).map_err(|why| Fault::new("request", why))?;
    exchange.principal = question.principal.clone().filter(|principal| !principal.is_empty());
    exchange.claims = claims(question.claims.as_deref().unwrap_or_default())?;
    exchange.live = live(question, policy)?;
    Ok(exchange)
}

fn claims(text: &str) -> Result<Value, Fault> {
    if text.trim().is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(claims)) => Ok(Value::Object(claims)),
        Ok(_) => Err(Fault::new("claims", "expected an object, such as {\"team\": \"finance\"}")),
        Err(err) => Err(Fault::new("claims", format!("is not JSON: {err}"))),
    }
}

fn live(question: &Question, policy: &Policy) -> Result<Live, Fault> {
    if let Some(name) = question.demoted.iter().find(|name| policy.model_named(name).is_none()) {
        return Err(Fault::new("demoted", format!("no model `{name}` in the catalog")));
    }
    let balance = |(account, amount): &(String, f64)| {
        let balance = policy.spent(account, *amount).filter(|_| amount.is_finite() && *amount >= 0.0);
        balance.ok_or_else(|| Fault::new("spent", format!("no budget `{account}` in the policy")))
    };
    let balances = question.spent.iter().map(balance).collect::<Result<_, _>>()?;
    // Who is not asked for the time has no clock, as in the command line: such decisions are the same tomorrow.
    let now = question.at.filter(|_| policy.tells_time()).unwrap_or_default();
    Ok(Live::demoting(question.demoted.clone()).spending(balances, now))
}
