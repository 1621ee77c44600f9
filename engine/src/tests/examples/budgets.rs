//! Budgets: who is refused, who goes to another model, and what clients are told.

use super::super::{chat, policy, text_of};
use crate::budget::{Account, Answered, Key, Tokens};
use crate::live::{Balance, Knowledge};
use crate::{Exchange, Live, Policy, Received, Step, explain, receive};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::sync::Arc;

/// A dear model with a cheap one behind it, a free one, two tenants, and these budgets.
fn with(budgets: &Value) -> Arc<Policy> {
    policy(&json!({
        "models": [
            { "name": "dear", "cluster": "a", "fallback": ["cheap"], "labels": { "tier": "premium" },
              "cost": { "inputPerMillion": 10, "cachedInputPerMillion": 1, "outputPerMillion": 40 } },
            { "name": "cheap", "cluster": "b", "cost": { "inputPerMillion": 1, "outputPerMillion": 4 } },
            { "name": "free", "cluster": "c", "cost": {} },
        ],
        "tenants": [
            { "name": "finance", "match": { "headers": [{ "name": "x-team", "value": "finance" }] }, "maxOutputTokens": 500 },
            { "name": "lab", "match": { "headers": [{ "name": "x-team", "value": "lab" }] } },
        ],
        "visibility": { "responseHeaders": true },
        "currency": "USD",
        "budgets": budgets,
    }))
}

fn from(team: &str, body: &str) -> Exchange {
    let mut exchange = chat(body);
    exchange.headers.push(("x-team".into(), team.as_bytes().to_vec()));
    exchange
}

/// A request of 40 tokens.
fn ask(team: &str, model: &str) -> Exchange {
    let text = text_of(40);
    from(team, &format!(r#"{{"model":"{model}","max_tokens":100,"messages":[{{"role":"user","content":"{text}"}}]}}"#))
}

/// What becomes of a request when so much of budgets is used.
fn decide(policy: &Arc<Policy>, mut exchange: Exchange, spent: &[(&str, f64)]) -> Value {
    let balance = |(account, amount): &(&str, f64)| policy.spent(account, *amount).expect("a budget");
    exchange.live = Live::NOTHING.spending(spent.iter().map(balance).collect(), 0);
    serde_json::to_value(explain(policy, &exchange)).expect("a record")
}

fn day(rest: Value) -> Value {
    let mut budget = json!({ "name": "b", "window": { "every": "day" } });
    let members = rest.as_object().expect("an object").clone();
    budget.as_object_mut().expect("an object").extend(members);
    json!([budget])
}

#[test]
fn who_has_used_up_a_budget_is_refused() {
    let policy = with(&day(json!({ "requests": 10, "match": { "tenants": ["finance"] } })));
    assert_eq!(decide(&policy, ask("finance", "dear"), &[("b", 9.0)])["model"], "dear");
    let record = decide(&policy, ask("finance", "dear"), &[("b", 10.0)]);
    assert_eq!((&record["reason"], &record["status"]), (&json!("budgetExceeded"), &json!(429)));
    assert_eq!(record["message"], "the budget `b` is used up, or has less left than this request can take");
    assert_eq!(record["budgets"], json!([{ "budget": "b", "used": 10 }]));
    assert_eq!(record["excluded"], json!([{ "model": "dear", "reason": "budget" }]));
    assert_eq!(decide(&policy, ask("lab", "dear"), &[("b", 10.0)])["model"], "dear", "others' money");
    assert!(decide(&policy, ask("lab", "dear"), &[("b", 10.0)])["budgets"].is_null());
}

#[test]
fn a_request_takes_its_input_and_the_output_that_it_names() {
    let policy = with(&day(json!({ "tokens": 1_000 })));
    let model = |used: f64| decide(&policy, ask("lab", "dear"), &[("b", used)])["model"].clone();
    assert_eq!((model(860.0), model(861.0)), (json!("dear"), Value::Null));
    // The tenant's cap holds where the client names more.
    let much = |team: &str| from(team, r#"{"model":"dear","max_tokens":90000,"messages":[]}"#);
    assert_eq!(decide(&policy, much("finance"), &[("b", 500.0)])["model"], "dear");
    assert_eq!(decide(&policy, much("lab"), &[("b", 0.0)])["status"], 429);
    // What is only guessed refuses nobody while something is left.
    let open = || from("lab", r#"{"model":"dear","messages":[{"role":"user","content":"Hi"}]}"#);
    assert_eq!(decide(&policy, open(), &[("b", 999.0)])["model"], "dear");
    assert_eq!(decide(&policy, open(), &[("b", 1000.0)])["status"], 429);
}

#[test]
fn money_is_counted_by_the_models_prices() {
    // 40 tokens of input and 100 of output: 4,400 millionths at `dear`, 440 at `cheap`.
    let policy = with(&day(json!({ "money": 0.01, "action": "downgrade" })));
    let record = |used: f64| decide(&policy, ask("lab", "dear"), &[("b", used)]);
    assert_eq!(record(0.0056)["chain"], json!(["dear", "cheap"]));
    let less = record(0.005_601);
    assert_eq!((&less["model"], &less["chain"]), (&json!("cheap"), &Value::Null));
    assert_eq!(less["excluded"], json!([{ "model": "dear", "reason": "budget" }]));
    assert_eq!(less["budgets"], json!([{ "budget": "b", "used": 5_601 }]));
    assert_eq!(record(0.00956)["model"], "cheap");
    assert_eq!(record(0.009_561)["reason"], "budgetExceeded");
    assert_eq!(decide(&policy, ask("lab", "free"), &[("b", 5.0)])["model"], "free", "what costs nothing has room");
}

#[test]
fn a_budget_of_some_models_leaves_others_alone() {
    for action in ["deny", "downgrade"] {
        let policy =
            with(&day(json!({ "requests": 1, "match": { "labels": { "tier": "premium" } }, "action": action })));
        let record = decide(&policy, ask("lab", "dear"), &[("b", 1.0)]);
        if action == "deny" {
            assert_eq!(record["reason"], "budgetExceeded");
        } else {
            assert_eq!(record["model"], "cheap");
        }
        assert_eq!(decide(&policy, ask("lab", "cheap"), &[("b", 1.0)])["model"], "cheap");
    }
    // A fallback that its budget refuses is not tried.
    let policy = with(&day(json!({ "requests": 1, "match": { "models": ["cheap"] } })));
    let record = decide(&policy, ask("lab", "dear"), &[("b", 1.0)]);
    assert_eq!((&record["model"], &record["chain"]), (&json!("dear"), &Value::Null));
    assert_eq!(record["excluded"], json!([{ "model": "cheap", "reason": "budget" }]));
}

#[test]
fn each_has_an_account_of_its_own() {
    let check = |per: Value, account: &str, mine: Exchange, other: Exchange| {
        let policy = with(&day(json!({ "requests": 5, "per": per })));
        assert_eq!(decide(&policy, mine, &[(account, 5.0)])["status"], 429, "{account}");
        assert_eq!(decide(&policy, other, &[(account, 5.0)])["action"], "route", "{account}");
    };
    check(json!({ "each": "tenant" }), "b/finance", ask("finance", "dear"), ask("lab", "dear"));
    check(json!({ "each": "model" }), "b/dear", ask("lab", "dear"), ask("lab", "cheap"));
    let user = |name: &str| {
        let mut exchange = ask("lab", "dear");
        exchange.headers.push(("x-user".into(), name.as_bytes().to_vec()));
        exchange
    };
    check(json!({ "header": "x-user" }), "b/ann", user("ann"), user("bob"));
    let claim = |name: Value| Exchange { claims: json!({ "sub": name }), ..ask("lab", "dear") };
    check(json!({ "claim": "sub" }), "b/ann", claim(json!("ann")), claim(json!("bob")));
    check(json!({ "claim": "sub" }), "b/7", claim(json!(7)), claim(json!(true)));
}

/// Whoever names nobody shares one account with all others of that kind: never a free pass.
#[test]
fn who_names_nobody_is_counted_too() {
    let others = |budget: &str| Balance { budget: budget.into(), of: Some(Key::OTHERS), used: 5, until: 0 };
    for per in [json!({ "header": "x-user" }), json!({ "claim": "sub" })] {
        let policy = with(&day(json!({ "requests": 5, "per": per })));
        for claims in [json!(null), json!({ "sub": ["a"] }), json!({ "sub": "" })] {
            let live = Live::NOTHING.spending(vec![others("b")], 0);
            let exchange = Exchange { live, claims, ..ask("lab", "dear") };
            assert_eq!(explain(&policy, &exchange).and_then(|record| record.status), Some(429));
        }
    }
}

/// Knows that so much is used of each account, and remembers who was asked for.
struct Ledger(u64, RefCell<Vec<Account>>);

impl Knowledge for Ledger {
    fn live(&self, accounts: &[Account]) -> Live {
        self.1.borrow_mut().extend_from_slice(accounts);
        let balance = |account: &Account| Balance {
            budget: Arc::clone(&account.budget),
            of: Some(account.key),
            used: self.0,
            until: 1_795_842_000_000,
        };
        Live::NOTHING.spending(accounts.iter().map(balance).collect(), 1_795_841_114_500)
    }
}

fn step(policy: &Arc<Policy>, exchange: &Exchange, used: u64) -> (Step, Option<String>) {
    let ledger = Ledger(used, RefCell::default());
    let mut headers: Vec<(&[u8], &[u8])> = vec![(b":method", b"POST"), (b":path", exchange.path.as_bytes())];
    headers.extend(exchange.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_slice())));
    let Received::Read(mut reading) = receive(policy, &headers, exchange, &ledger, false) else { panic!("read") };
    let (pushed, finished) = (reading.push(&exchange.body), reading.finish());
    let step = if matches!(pushed, Step::Hold) { finished } else { pushed };
    let label = reading.expectation().and_then(|expected| {
        let labels = expected.answered(true, None).headers;
        labels.into_iter().find(|(name, _)| *name == "x-pointsman-budget").map(|(_, value)| value)
    });
    (step, label)
}

#[test]
fn a_refusal_says_when_there_is_more() {
    let policy = with(&day(json!({ "requests": 10 })));
    let Step::Reply(reply) = step(&policy, &ask("lab", "dear"), 12).0 else { panic!("refused") };
    let told = |name: &str| reply.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    assert_eq!(reply.status, 429);
    assert_eq!(told("retry-after"), Some("886"));
    assert_eq!(told("x-ratelimit-limit-requests"), Some("10"));
    assert_eq!(told("x-ratelimit-remaining-requests"), Some("0"));
    assert_eq!(told("x-pointsman-budget"), Some("b=120%"));
    let body: Value = serde_json::from_slice(&reply.body).expect("JSON");
    assert_eq!(
        (&body["error"]["code"], &body["error"]["type"]),
        (&json!("budgetExceeded"), &json!("rate_limit_error"))
    );
    let exchange = Exchange { path: "/v1/messages".into(), ..ask("lab", "dear") };
    let Step::Reply(reply) = step(&policy, &exchange, 12).0 else { panic!("refused") };
    assert!(reply.headers.contains(&("anthropic-ratelimit-requests-reset", "2026-11-28T05:00:00Z".to_owned())));
}

#[test]
fn a_client_is_warned_from_the_first_threshold_on() {
    let policy = with(&day(json!({ "requests": 100, "warnAt": [95, 80] })));
    let label = |used: u64| step(&policy, &ask("lab", "dear"), used).1;
    assert_eq!((label(78), label(79), label(98)), (None, Some("b=80%".into()), Some("b=99%".into())));
    assert_eq!(step(&with(&day(json!({ "requests": 100 }))), &ask("lab", "dear"), 98).1, None);
}

/// The attempt that answered pays, at its model's price.
#[test]
fn who_answers_pays() {
    let mut budgets = day(json!({ "money": 1, "match": { "tenants": ["lab"] } }));
    let more = json!([
        { "name": "premium", "window": { "every": "day" }, "tokens": 9_000, "match": { "labels": { "tier": "premium" } } },
        { "name": "each", "window": { "every": "day" }, "requests": 9, "per": { "each": "model" } },
    ]);
    budgets.as_array_mut().expect("a list").extend(more.as_array().expect("a list").iter().cloned());
    let policy = with(&budgets);
    let (Step::Route(edits), _) = step(&policy, &ask("lab", "dear"), 0) else { panic!("routed") };
    let bill = edits.bill.as_ref().expect("a bill");
    let asked: Vec<_> = bill.charges().iter().map(|charge| (&*charge.account.budget, charge.ask.most)).collect();
    assert_eq!(asked, [("b", 4_400), ("premium", 140), ("each", 1), ("each", 0)]);
    let due = |answered| bill.charges().iter().map(|charge| bill.due(charge, answered)).collect::<Vec<_>>();
    let tokens = Some(Tokens { input: 40, cached: 30, cache_write: 0, output: 7 });
    assert_eq!(due(Answered::By { model: "dear", tokens }), [410, 47, 1, 0]);
    assert_eq!(due(Answered::By { model: "cheap", tokens }), [68, 0, 0, 1]);
    assert_eq!(due(Answered::By { model: "cheap", tokens: None }), [440, 0, 0, 1]);
    assert_eq!(due(Answered::By { model: "stranger", tokens }), [0, 0, 0, 0]);
    assert_eq!(due(Answered::InVain), [0, 0, 1, 0]);
    let lies = Some(Tokens { input: u64::MAX, cached: u64::MAX, cache_write: u64::MAX, output: u64::MAX });
    assert_eq!(due(Answered::By { model: "dear", tokens: lies })[..2], [u64::MAX, u64::MAX]);
}

/// Only what matters to the caller is asked for, and nothing where nothing can.
#[test]
fn the_ledger_is_asked_for_the_callers_accounts() {
    let policy = with(&day(json!({ "requests": 1, "match": { "tenants": ["finance"] }, "per": { "each": "tenant" } })));
    let asked = |team: &str, path: &str| {
        let ledger = Ledger(0, RefCell::default());
        let exchange = ask(team, "dear");
        let headers = [
            (&b":method"[..], &b"POST"[..]),
            (b":path", path.as_bytes()),
            (b"x-team", team.as_bytes()),
            (b"content-type", b"application/json"),
        ];
        let _ = receive(&policy, &headers, &exchange, &ledger, false);
        ledger.1.into_inner().iter().map(|account| account.key).collect::<Vec<_>>()
    };
    assert_eq!(asked("finance", "/v1/chat/completions"), [Key::of(b"finance")]);
    assert_eq!(asked("lab", "/v1/chat/completions"), []);
    assert_eq!(asked("finance", "/v1/messages/count_tokens"), []);
}
