//! `pointsman explain`: the decision for a request and what it goes by, by the engine that runs in the proxy.

mod circumstances;
mod claim;
mod input;
mod page;
mod token;

use self::circumstances::Circumstances;
use self::claim::ClaimArgument;
use self::input::{Input, What};
use self::page::page;
use super::{Failure, print};
use crate::envoy::id_keys;
use crate::policy_file::{self, PolicyFile, Values};
use crate::record::printable;
use crate::{moment, record, request_file};
use clap::ValueEnum;
use pointsman_document::Visible;
use pointsman_engine::trace::Trace;
use pointsman_engine::{Policy, Record, Replay, Replayed, trace};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

/// Prints the decision for a request and what it goes by
///
/// Prints what the policy does with a request and why: the chosen model and its cluster, what was found in the request, the tenants
/// and rules in order with the first condition that did not hold, the models that were considered with what the request costs there,
/// and what is sent, as a diff, to the first and to those that come after it. With `--output json` it prints exactly the record that
/// Envoy's access log gets, or `null` for what is not an LLM call; with `--output trace`, an object of that and all the rest.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman explain policy.yaml --request body.json
  pointsman explain policy.yaml --request body.json --api messages --header 'x-team: finance'
  pointsman explain policy.yaml --request body.json --spent finance=950
  pointsman explain policy.yaml --request body.json --at 2026-11-28T22:00:00+01:00
  pointsman explain policy.yaml --request requests/ --details
  pointsman explain policy.yaml --request request.json --jwt token.txt
  pbpaste | pointsman explain policy.yaml --request -
  echo '{\"model\": \"auto\", \"messages\": []}' | pointsman explain policy.yaml --request - --output json")]
pub(crate) struct Arguments {
    /// Policy file (YAML, or JSON when its name ends in .json)
    policy: PathBuf,
    #[command(flatten)]
    values: Values,
    /// A JSON body, a form, a whole request (`POST /v1/chat/completions HTTP/1.1`, headers, an empty line, the body), a command line of
    /// curl, or decision records with facts, one a line; `-` reads standard input. Of a folder, each file in it: one line for each
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
    /// The client's JWT, in a file: its claims are taken as they are, which the proxy would only do once it has verified them
    #[arg(long, value_name = "FILE")]
    jwt: Option<PathBuf>,
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
    /// Of several requests, all of each and not only a line
    #[arg(long)]
    details: bool,
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
    /// The record, and what the decision went by, as one JSON object
    Trace,
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
    let inputs = input::all(&arguments.request, default_path)?;
    let circumstances = Circumstances::of(&policy.policy, arguments)?;
    for warning in circumstances.warnings(&policy.policy, arguments, &inputs) {
        eprintln!("warning: {warning}");
    }
    let policy = with_keys(policy)?.policy;
    let replay = Replay::new(Arc::clone(&policy));
    let is_alone = inputs.len() == 1 && !arguments.request.is_dir();
    let mut failed = false;
    for Input { name, what } in inputs {
        let explained = what.and_then(|what| match what {
            What::Request(exchange) => Ok(trace(&policy, &circumstances.around(*exchange, arguments))),
            What::Record(record) => decided_again(&replay, &record).map(Some),
        });
        match explained {
            Ok(trace) => print(&written(&policy, &name, trace.as_ref(), arguments, is_alone)),
            Err(err) if is_alone => return Err(err.into()),
            Err(err) => {
                failed = true;
                eprintln!("error: {}", Visible(&err));
            }
        }
    }
    if failed { Err(Failure::Said) } else { Ok(()) }
}

/// The decision of a record by this policy; why there is none.
fn decided_again(replay: &Replay, record: &Record) -> Result<Trace, String> {
    match replay.trace(record) {
        (Replayed::Decided(_), trace) => Ok(trace),
        (Replayed::Unknown(what), _) => Err(format!("the decision is unknown: the record does not tell `{what}`")),
        (Replayed::Unasked, trace) => {
            let (action, reason) = (trace.record.action.name(), trace.record.reason);
            Err(format!("no rule was asked for this request ({action}: {reason}), and none would be"))
        }
    }
}

/// What is printed of one request.
fn written(policy: &Policy, name: &str, trace: Option<&Trace>, arguments: &Arguments, is_alone: bool) -> String {
    let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    match (arguments.output, trace) {
        (Output::Json, Some(trace)) => format!("{}\n", unseen(&trace.record.to_json())),
        (Output::Trace, Some(trace)) => format!("{}\n", unseen(&serde_json::to_string(trace).unwrap_or_default())),
        (Output::Json | Output::Trace, None) => "null\n".into(),
        (Output::Text, None) if is_alone => "action    none: not an LLM call, it passes untouched\n".into(),
        (Output::Text, None) => format!("{}: not an LLM call, it passes untouched\n", printable(name)),
        (Output::Text, Some(trace)) if is_alone => page(policy, trace, colours),
        (Output::Text, Some(trace)) if arguments.details => {
            format!("== {}\n{}\n", printable(name), page(policy, trace, colours))
        }
        (Output::Text, Some(trace)) => format!("{}: {}\n", printable(name), record::line(&trace.record)),
    }
}

/// The same JSON, in which nothing moves a cursor: outside of strings, such characters do not stand in it.
fn unseen(json: &str) -> String {
    let is_seen = |letter: char| Visible(letter.encode_utf8(&mut [0; 4])).to_string().chars().eq([letter]);
    let written =
        |letter: char| if is_seen(letter) { letter.to_string() } else { format!("\\u{:04x}", u32::from(letter)) };
    json.chars().map(written).collect()
}

/// The policy with the keys that ids are signed with, if this terminal has them: without, every signed id is a wrong one.
fn with_keys(policy: PolicyFile) -> Result<PolicyFile, String> {
    match id_keys::here() {
        Some(keys) => policy.with_id_keys(&keys),
        None => Ok(policy),
    }
}
