//! The policy of a large organisation, in the example's short form and in the long one that it replaces: they mean the same.

use crate::policy_file;
use pointsman_engine::{Exchange, Policy, Record, explain};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

const REQUESTS: u64 = 10_000;
const TEAMS: usize = 42;

/// Numbers that are the same on every machine (splitmix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(end).unwrap()).unwrap()
    }

    fn in_ten(&mut self, times: usize) -> bool {
        self.below(10) < times
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

fn policy(file: &str) -> Arc<Policy> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    policy_file::load(&file, &policy_file::Values::default()).unwrap_or_else(|findings| panic!("{findings:?}")).policy
}

/// The teams of the long policy, which spells each twice.
fn teams() -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/operators/org/policy.yaml");
    let text = std::fs::read_to_string(file).unwrap();
    let tenants = text.split("\ntenants:\n").nth(1).unwrap().split("\nrules:\n").next().unwrap();
    let names = tenants.lines().filter_map(|line| line.strip_prefix("- name: "));
    names.filter(|name| !name.ends_with("-wl") && *name != "interns").map(str::to_owned).collect()
}

/// By certificate, by token, by both (also of two teams), an intern with and without a team, a stranger, or nobody.
fn caller(chance: &mut Chance, teams: &[String], number: usize) -> (Option<String>, Value) {
    let (team, other) = (&teams[number % teams.len()], chance.one(teams));
    let principal = |team: &str| Some(format!("spiffe://acme.example/ns/{team}/sa/{}", number % 7));
    let groups = |teams: &[&String]| json!(teams.iter().map(|team| format!("team-{team}")).collect::<Vec<_>>());
    match chance.below(10) {
        0 | 1 => (principal(team), json!({})),
        2 | 3 => (None, json!({ "groups": groups(&[team]) })),
        4 => (principal(team), json!({ "groups": groups(&[team]) })),
        5 => (principal(team), json!({ "groups": groups(&[other, team]) })),
        6 => (None, json!({ "groups": groups(&[team]), "roles": ["intern"] })),
        7 => (principal(team), json!({ "roles": "staff intern" })),
        8 => (Some("spiffe://acme.example/ns/cafeteria/sa/a".into()), json!({ "groups": "team-cafeteria" })),
        _ => (None, json!({ "groups": format!("team-{team} team-{other}"), "roles": ["staff"] })),
    }
}

fn body(chance: &mut Chance, asked: &str, is_embedding: bool, is_long: bool) -> Value {
    let sentences = match chance.below(50) {
        0 => 7_000,
        1..=5 => 400,
        6..=15 => 67,
        _ => 3,
    };
    let sentences = if is_long { 22_300 } else { sentences };
    let mut text = "Where is the train? ".repeat(sentences);
    if chance.in_ten(1) {
        text.push_str(chance.one::<&str>(&[
            "project Aurora",
            "a M&A, strictly",
            "Strictly Confidential.",
            "aurora project",
        ]));
    }
    let mut body = json!({ "model": asked });
    if is_embedding {
        body["input"] = json!(text);
        return body;
    }
    let content = if chance.in_ten(2) {
        json!([{ "type": "text", "text": text }, { "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } }])
    } else {
        json!(text)
    };
    let turn = json!([{ "role": "user", "content": content }]);
    body["messages"] = turn.clone();
    if chance.in_ten(3) {
        body["input"] = turn;
    }
    if chance.in_ten(2) {
        body["tools"] = json!([{ "type": "function", "name": "f", "function": { "name": "f" } }]);
    }
    if chance.in_ten(1) {
        body["reasoning_effort"] = json!("high");
    }
    if chance.in_ten(3) {
        body["max_tokens"] = json!(chance.below(40_000));
    }
    body
}

fn request(chance: &mut Chance, names: &[String], teams: &[String], number: usize) -> Exchange {
    let path = *chance.one(&[
        "/v1/chat/completions",
        "/v1/chat/completions",
        "/v1/chat/completions",
        "/v1/responses",
        "/v1/messages",
        "/v1/messages/count_tokens",
        "/v1/embeddings",
        "/v1/completions",
    ]);
    // Two rules are for one team alone.
    let is_rag = teams[number % teams.len()] == "rag" && chance.in_ten(5);
    let (path, asked) = if is_rag { ("/v1/chat/completions", "auto") } else { (path, chance.one(names).as_str()) };
    let (principal, claims) = caller(chance, teams, number);
    let mut headers = vec![("content-type".to_owned(), b"application/json".to_vec())];
    if chance.in_ten(5) {
        headers.push(("x-session-id".into(), format!("s{}", chance.below(500)).into_bytes()));
    }
    let is_long = is_rag && chance.in_ten(2);
    let body = body(chance, asked, path.ends_with("embeddings"), is_long);
    Exchange {
        method: "POST".into(),
        path: path.into(),
        headers,
        principal,
        claims,
        body: body.to_string().into_bytes(),
        ..Exchange::default()
    }
}

/// What clients ask for: models, aliases, names that fall under their patterns, and one that is nobody's.
fn names() -> Vec<String> {
    let names = [
        "auto",
        "auto",
        "auto",
        "smart",
        "smart",
        "fast",
        "embed",
        "gpt-4o",
        "gpt-3.5-turbo",
        "claude-opus-4-1",
        "claude-sonnet-4-5",
        "claude-3-opus",
        "claude-3-5-haiku-latest",
        "claude-haiku-4-5",
        "gpt-5",
        "gpt-5-mini",
        "gpt-5-nano",
        "gpt-5-codex",
        "gpt-5.1",
        "text-embedding-3-small",
        "gpt-5-azure",
        "gpt-5-mini-azure",
        "text-embedding-3-large-azure",
        "claude-opus",
        "claude-sonnet",
        "claude-haiku",
        "llama-70b",
        "llama-8b",
        "qwen-embed",
        "qwen3-next",
        "qwen3-long",
        "mistral",
    ];
    names.map(str::to_owned).to_vec()
}

/// A record without what has to differ: the policy's version, and which of a team's two names the long one has used.
fn meaning(mut record: Record) -> Record {
    record.tenant = record.tenant.map(|name| name.strip_suffix("-wl").unwrap_or(&name).into());
    record.policy = None;
    record
}

#[test]
fn the_short_policy_decides_as_the_long_one() {
    let (short, long) = (policy("examples/organisation/policy.yaml"), policy("corpus/operators/org/policy.yaml"));
    let (teams, names, mut chance) = (teams(), names(), Chance(13));
    assert_eq!(teams.len(), TEAMS);
    let (mut tenants, mut rules, mut refused) = (BTreeMap::new(), BTreeMap::new(), 0);
    for number in 0..REQUESTS {
        let exchange = request(&mut chance, &names, &teams, usize::try_from(number).unwrap());
        let of = |policy| explain(policy, &exchange).map(meaning);
        let (new, old) = (of(&short), of(&long));
        assert_eq!(new, old, "{number}: {:?} {} {}", exchange.principal, exchange.claims, exchange.path);
        let record = new.expect("an LLM call");
        *tenants.entry(record.tenant).or_insert(0) += 1;
        *rules.entry(record.rule).or_insert(0) += 1;
        refused += usize::from(record.status.is_some());
    }
    // Equal answers to questions that nobody asks would say nothing.
    assert_eq!(tenants.len(), TEAMS + 2, "{tenants:?}");
    assert_eq!(rules.len(), 11, "{rules:?}");
    assert!((1_000..9_000).contains(&refused), "{refused}");
}

#[test]
fn the_short_policy_is_short() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/organisation/policy.yaml");
    assert!(std::fs::read_to_string(file).unwrap().lines().count() < 120);
}
