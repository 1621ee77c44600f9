//! `pointsman explain`: the decision for one request, by the engine that runs in the proxy.

mod claim;

use self::claim::ClaimArgument;
use super::{Failure, print};
use crate::envoy::id_keys;
use crate::policy_file::{self, PolicyFile, Values};
use crate::{moment, record, request_file};
use clap::ValueEnum;
use pointsman_engine::live::Balance;
use pointsman_engine::{Live, Policy, Record};
use std::path::PathBuf;

/// Prints the decision for one request
///
/// Prints what the policy does with a request: the chosen model, its cluster, the rule, and why each other model was
/// left out. With `--output json` it prints exactly the record that Envoy's
/// access log gets, or `null` for what is not an LLM call.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman explain policy.yaml --request body.json
  pointsman explain policy.yaml --request body.json --api messages --header 'x-team: finance'
  pointsman explain policy.yaml --request body.json --spent finance=950
  pointsman explain policy.yaml --request body.json --at 2026-11-28T22:00:00+01:00
  echo '{\"model\": \"auto\", \"messages\": []}' | pointsman explain policy.yaml --request - --output json")]
pub(crate) struct Arguments {
    /// Policy file (YAML, or JSON when its name ends in .json)
    policy: PathBuf,
    #[command(flatten)]
    values: Values,
    /// A JSON body, a form, or a whole request: `POST /v1/chat/completions HTTP/1.1`, headers, an empty line, the body; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    /// API of a bare body, by the name that `match.apis` uses
    #[arg(long, conflicts_with = "path", default_value = "chatCompletions", hide_default_value = true)]
    api: String,
    /// Path of the request
    #[arg(long)]
    path: Option<String>,
    /// Method of the request
    #[arg(long)]
    method: Option<String>,
    /// Header of the request, may be repeated
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<(String, Vec<u8>)>,
    /// Identity from the client's certificate, as spiffe://cluster.local/ns/a/sa/b
    #[arg(long)]
    principal: Option<String>,
    /// Claim of the client's verified JWT, may be repeated: a text, or with `:=` any JSON, as in 'groups:=["admin"]'.
    /// Dots in the name lead into nested claims, as in policies
    #[arg(long = "claim", value_name = "NAME=TEXT", value_parser = claim::read)]
    claims: Vec<ClaimArgument>,
    /// Model whose provider has said that a rate limit is used up, may be repeated
    #[arg(long, value_name = "MODEL")]
    demoted: Vec<String>,
    /// Used so much of a budget, may be repeated: of whoever asks, or as NAME/KEY of one tenant, model, header value or claim.
    /// In requests or tokens, or in the currency where the budget counts money
    #[arg(long, value_name = "BUDGET=AMOUNT", value_parser = spent)]
    spent: Vec<(String, f64)>,
    /// When the request comes, for rules with a `schedule`: as 2026-11-28T09:00:00+01:00, or in seconds since 1970. Default: now
    #[arg(long, value_name = "TIME", value_parser = moment::read)]
    at: Option<u64>,
    /// What to print
    #[arg(long, default_value = "text")]
    output: Output,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    /// For people
    Text,
    /// The decision record
    Json,
}

fn header(text: &str) -> Result<(String, Vec<u8>), String> {
    request_file::header(text.as_bytes()).ok_or_else(|| "expected NAME: VALUE".into())
}

fn spent(text: &str) -> Result<(String, f64), String> {
    let (account, amount) = text.rsplit_once('=').ok_or("expected BUDGET=AMOUNT")?;
    let amount = amount.parse().ok().filter(|amount: &f64| amount.is_finite() && *amount >= 0.0);
    Ok((account.to_owned(), amount.ok_or("the amount is a number, 0 or more")?))
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let policy = policy_file::load(&arguments.policy, &arguments.values)?;
    let default_path = request_file::path_of(&arguments.api).ok_or_else(|| format!("no API `{}`", arguments.api))?;
    let mut exchange = request_file::read(&arguments.request, default_path)?;
    if let Some(path) = &arguments.path {
        exchange.path.clone_from(path);
    }
    if let Some(method) = &arguments.method {
        exchange.method.clone_from(method);
    }
    for (name, value) in &arguments.headers {
        // A header given here stands in for the one in the file.
        exchange.headers.retain(|(present, _)| present != name);
        exchange.headers.push((name.clone(), value.clone()));
    }
    exchange.principal.clone_from(&arguments.principal);
    exchange.claims = claim::payload(&arguments.claims)?;
    // Who is not asked for the time has no clock: the same policy and request print the same tomorrow.
    let now = if policy.policy.tells_time() { arguments.at.unwrap_or_else(moment::now) } else { 0 };
    exchange.live =
        Live::demoting(arguments.demoted.clone()).spending(balances(&policy.policy, &arguments.spent)?, now);
    if arguments.at.is_some() && !policy.policy.tells_time() {
        eprintln!("warning: --at changes nothing: no rule has a `schedule`");
    }
    let unknown = arguments.demoted.iter().find(|name| policy.policy.model_named(name).is_none());
    if let Some(name) = unknown {
        return Err(format!("--demoted: no model `{name}` in the catalog").into());
    }
    if !arguments.demoted.is_empty() && !policy.policy.takes_feedback() {
        eprintln!(
            "warning: --demoted changes nothing: the policy takes no `feedback`, or no model has another to stand in"
        );
    }
    let policy = with_keys(policy)?;
    let record = pointsman_engine::explain(&policy.policy, &exchange);
    match arguments.output {
        Output::Json => print(&format!("{}\n", record.map_or_else(|| "null".into(), |record| record.to_json()))),
        Output::Text => print(&page(&policy.policy, record.as_ref())),
    }
    Ok(())
}

fn balances(policy: &Policy, spent: &[(String, f64)]) -> Result<Vec<Balance>, String> {
    let balance = |(account, amount): &(String, f64)| {
        policy.spent(account, *amount).ok_or_else(|| {
            let names: Vec<_> = policy.budget_names().map(|name| format!("`{name}`")).collect();
            let known = if names.is_empty() { "it has none".into() } else { format!("there is {}", names.join(", ")) };
            format!("--spent: no budget `{account}` in the policy; {known}")
        })
    };
    spent.iter().map(balance).collect()
}

/// The policy with the keys that ids are signed with, if this terminal has them: without, every signed id is a wrong one.
fn with_keys(policy: PolicyFile) -> Result<PolicyFile, String> {
    match id_keys::here() {
        Some(keys) => policy.with_id_keys(&keys),
        None => Ok(policy),
    }
}

/// The record for people, with what the policy knows besides.
fn page(policy: &Policy, record: Option<&Record>) -> String {
    let Some(record) = record else {
        return "action    none: not an LLM call, it passes untouched\n".into();
    };
    let cost = record.model.as_deref().and_then(|model| policy.model_named(model)?.cost());
    record::page(record, cost)
}
