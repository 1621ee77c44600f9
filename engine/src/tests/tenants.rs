//! What a caller that is several tenants may use: never more for being one more, or for what cannot be read.

use super::policy;
use crate::api::Api;
use crate::claim::Claim;
use crate::corridor::{Caller, Received, Step, receive};
use crate::decide::attributes::Attributes;
use crate::policy::Policy;
use crate::record::Disposition;
use crate::{Live, Record};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};
use std::sync::Arc;

const MODELS: [&str; 4] = ["m0", "m1", "m2", "m3"];
const CLAIMS: [&str; 3] = ["c0", "c1", "c2"];

/// A caller, some of whose claims cannot be read.
#[derive(Clone, Debug)]
struct Somebody {
    principal: Option<&'static str>,
    team: Vec<&'static str>,
    claims: Vec<Option<Value>>,
    unreadable: Vec<bool>,
}

impl Caller for Somebody {
    fn principal(&self) -> Option<Vec<u8>> {
        self.principal.map(|principal| principal.as_bytes().to_vec())
    }

    fn claim(&self, path: &[String]) -> Option<Claim<'_>> {
        let nth = CLAIMS.iter().position(|claim| *claim == path[0])?;
        if self.unreadable[nth] {
            return Some(Claim::Unreadable);
        }
        Claim::of_json(self.claims[nth].as_ref()?, &[])
    }
}

impl Somebody {
    fn readable(&self) -> Self {
        Self { unreadable: vec![false; CLAIMS.len()], ..self.clone() }
    }

    fn headers(&self) -> Vec<(&'static [u8], &'static [u8])> {
        let mut headers: Vec<(&[u8], &[u8])> =
            vec![(b":method", b"POST"), (b":path", b"/v1/chat/completions"), (b"content-type", b"application/json")];
        headers.extend(self.team.iter().map(|team| (&b"x-team"[..], team.as_bytes())));
        headers
    }

    /// The models that it may use, and the most tokens; `None` where nobody can say who it is.
    fn rights(&self, policy: &Policy) -> Option<(Vec<bool>, u64)> {
        let attributes = Attributes::new(policy, Api::ChatCompletions, b"/", &self.headers(), self);
        let may_use = policy.models().map(|(id, _)| policy.exclusion(&attributes.tenants, id).is_none());
        let most = policy.max_output_tokens(&attributes.tenants).unwrap_or(u64::MAX);
        (!attributes.is_caller_unclear).then(|| (may_use.collect(), most))
    }

    /// What becomes of its request for a model.
    fn asks(&self, policy: &Arc<Policy>) -> Record {
        let body = br#"{"model":"m0","messages":[]}"#;
        match receive(policy, &self.headers(), self, &Live::default, false) {
            Received::Reply(reply) => reply.record,
            Received::Read(mut reading) => [reading.push(body), reading.finish()]
                .into_iter()
                .find_map(|step| match step {
                    Step::Route(edits) => Some(Arc::unwrap_or_clone(edits.record)),
                    Step::Reply(reply) => Some(reply.record),
                    Step::Hold | Step::Flow => None,
                })
                .expect("a decision"),
            Received::Pass(_) => panic!("an LLM call"),
        }
    }
}

fn somebody() -> impl Strategy<Value = Somebody> {
    let claim = prop_oneof![
        select(vec!["x", "y", "x y", ""]).prop_map(|text| json!(text)),
        subsequence(vec!["x", "y", "z"], 0..3).prop_map(|items| json!(items)),
        Just(json!(1)),
    ];
    (
        prop::option::of(select(vec!["spiffe://a/1", "spiffe://a/2", "spiffe://b/1"])),
        prop::collection::vec(select(vec!["red", "blue"]), 0..3),
        prop::collection::vec(prop::option::of(claim), CLAIMS.len()),
        prop::collection::vec(prop::bool::weighted(0.3), CLAIMS.len()),
    )
        .prop_map(|(principal, team, claims, unreadable)| Somebody { principal, team, claims, unreadable })
}

fn claim_condition() -> impl Strategy<Value = Value> {
    (select(CLAIMS.to_vec()), select(vec!["value", "contains"]), select(vec!["x", "y", "x y"]))
        .prop_map(|(name, test, text)| json!({ "name": name, test: text }))
}

fn credentials() -> impl Strategy<Value = Value> {
    let part = || {
        prop_oneof![
            2 => prop::collection::vec(claim_condition(), 1..3).prop_map(|claims| json!({ "claims": claims })),
            1 => select(vec!["spiffe://a/*", "spiffe://a/1", "*"]).prop_map(|it| json!({ "principals": [it] })),
            1 => select(vec!["red", "blue", "gr"]).prop_map(|it| json!({ "headers": [{ "name": "x-team", "value": it }] })),
        ]
    };
    (part(), prop::option::of(part())).prop_map(|(mut one, other)| {
        for (key, value) in other.iter().flat_map(|other| other.as_object().expect("an object")) {
            one[key] = value.clone();
        }
        one
    })
}

fn tenant() -> impl Strategy<Value = Value> {
    let ways = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(credentials(), 1..3)];
    let profiles = subsequence(vec!["p0", "p1"], 0..=2);
    let limits = (
        prop::option::of(subsequence(MODELS.to_vec(), 1..4)),
        subsequence(MODELS.to_vec(), 0..2),
        prop::option::of(select(vec!["eu", "us"])),
        prop::option::of(1_u64..90),
    );
    (credentials(), ways, profiles, limits, any::<bool>()).prop_map(
        |(mut matches, ways, profiles, (allow, deny, region, most), continues)| {
            if !ways.is_empty() {
                matches["any"] = json!(ways);
            }
            let mut models = json!({ "deny": deny });
            if let Some(allow) = allow {
                models["allow"] = json!(allow);
            }
            if let Some(region) = region {
                models["require"] = json!({ "region": region });
            }
            let mut tenant = json!({ "match": matches, "models": models, "profiles": profiles, "continue": continues });
            if let Some(most) = most {
                tenant["maxOutputTokens"] = json!(most);
            }
            tenant
        },
    )
}

fn tenants() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(tenant(), 1..5).prop_map(|tenants| {
        let named = |(nth, mut tenant): (usize, Value)| {
            tenant["name"] = json!(format!("t{nth}"));
            tenant
        };
        tenants.into_iter().enumerate().map(named).collect()
    })
}

/// A policy in which callers without a tenant may use everything.
fn with(tenants: &[Value], rules: &[Value]) -> Arc<Policy> {
    let model = |(nth, name): (usize, &&str)| json!({ "name": name, "cluster": "c", "labels": { "region": if nth % 2 == 0 { "eu" } else { "us" } } });
    policy(&json!({
        "models": MODELS.iter().enumerate().map(model).collect::<Value>(),
        "profiles": [
            { "name": "p0", "models": { "deny": ["m3"] }, "labels": { "tier": "a" } },
            { "name": "p1", "models": { "require": { "region": "eu" } }, "maxOutputTokens": 40 },
        ],
        "tenants": tenants,
        "rules": rules,
        "onFailure": { "unknownTenant": "allow" },
    }))
}

fn is_within(narrow: &(Vec<bool>, u64), wide: &(Vec<bool>, u64)) -> bool {
    narrow.0.iter().zip(&wide.0).all(|(narrow, wide)| !narrow || *wide) && narrow.1 <= wide.1
}

fn rules() -> impl Strategy<Value = Vec<Value>> {
    let rule = (prop::collection::vec(claim_condition(), 0..2), any::<bool>());
    prop::collection::vec(rule, 0..4).prop_map(|rules| {
        let rules = rules.into_iter().enumerate().map(|(nth, (claims, denies))| {
            let mut rule = json!({ "name": format!("r{nth}") });
            if !claims.is_empty() {
                rule["match"] = json!({ "claims": claims });
            }
            let (action, what) =
                if denies { ("deny", json!({})) } else { ("route", json!({ "targets": [{ "model": "m1" }] })) };
            rule[action] = what;
            rule
        });
        rules.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn one_tenant_more_allows_nothing_more(
        tenants in tenants(),
        more in tenant(),
        at in any::<prop::sample::Index>(),
        somebody in somebody(),
    ) {
        let mut added = tenants.clone();
        let mut more = more;
        (more["name"], more["continue"]) = (json!("more"), json!(true));
        added.insert(at.index(tenants.len() + 1), more);
        let (before, after) = (somebody.rights(&with(&tenants, &[])), somebody.rights(&with(&added, &[])));
        // Who cannot be told apart may use nothing.
        let Some(after) = after else { return Ok(()) };
        prop_assert!(before.is_some_and(|before| is_within(&after, &before)), "{:?}", added);
    }

    #[test]
    fn the_order_of_tenants_that_continue_limits_nothing(
        tenants in tenants(),
        seed in any::<prop::sample::Index>(),
        somebody in somebody(),
    ) {
        let continues = |tenant: &&Value| tenant["continue"] == true;
        let (mut first, last): (Vec<Value>, Vec<Value>) = tenants.iter().cloned().partition(|tenant| continues(&tenant));
        let of = |first: &[Value]| somebody.rights(&with(&[first, &last[..]].concat(), &[]));
        let before = of(&first);
        if !first.is_empty() {
            let by = seed.index(first.len());
            first.rotate_left(by);
        }
        prop_assert_eq!(&before, &of(&first));
        first.reverse();
        prop_assert_eq!(&before, &of(&first));
    }

    #[test]
    fn what_cannot_be_read_allows_nothing_more(tenants in tenants(), rules in rules(), somebody in somebody()) {
        let policy = with(&tenants, &rules);
        let before = somebody.readable().rights(&policy);
        if let Some(after) = somebody.rights(&policy) {
            prop_assert_eq!(before, Some(after));
        }
        // A rule that routes and does not apply leaves the request to what comes behind it; one that refuses applies.
        if somebody.readable().asks(&policy).reason == crate::Reason::Denied {
            prop_assert_eq!(somebody.asks(&policy).action, Disposition::Deny);
        }
    }
}

/// Who asks with these claims: all of its tenants, and how many models it may use.
fn check(policy: &Policy, claims: [Value; 3], tenants: &[&str], usable: usize) {
    let claims = claims.map(|claim| Some(claim).filter(|claim| !claim.is_null())).to_vec();
    let somebody = Somebody { principal: None, team: vec![], claims, unreadable: vec![false; 3] };
    let attributes = Attributes::new(policy, Api::ChatCompletions, b"/", &somebody.headers(), &somebody);
    let record = attributes.record(policy, Disposition::Pass, crate::Reason::Rule);
    assert_eq!(record.all_tenants().map(|name| &**name).collect::<Vec<_>>(), tenants);
    assert_eq!(record.tenants.len(), if tenants.len() > 1 { tenants.len() } else { 0 });
    let (models, _) = somebody.rights(policy).expect("somebody");
    assert_eq!(models.iter().filter(|usable| **usable).count(), usable, "{tenants:?}");
}

#[test]
fn a_caller_is_all_that_it_shows() {
    let claim = |name: &str| json!({ "claims": [{ "name": name, "value": "x" }] });
    let policy = with(
        &[
            json!({ "name": "a", "match": claim("c0"), "continue": true, "models": { "deny": ["m0"] } }),
            json!({ "name": "b", "match": { "any": [claim("c1"), { "principals": ["spiffe://*"] }] }, "profiles": ["p1"] }),
            json!({ "name": "c", "match": claim("c2"), "continue": true, "models": { "allow": [] } }),
        ],
        &[],
    );
    let (yes, no) = (|| json!("x"), Value::Null);
    check(&policy, [no.clone(), no.clone(), no.clone()], &[], 4);
    check(&policy, [yes(), no.clone(), no.clone()], &["a"], 3);
    check(&policy, [no.clone(), yes(), yes()], &["b"], 2);
    check(&policy, [yes(), yes(), yes()], &["b", "a"], 1);
    check(&policy, [yes(), no, yes()], &["a", "c"], 0);
}
