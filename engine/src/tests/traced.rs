//! What a trace tells is what the decision went by.

mod examples;

use super::strategies::{balances, demoted, policies, requests, times};
use super::{policy, walk};
use crate::record::Disposition;
use crate::replay::{Replay, Replayed};
use crate::trace::{Attempt, CandidateOutcome, Rule, RuleOutcome, Trace};
use crate::{Exchange, Live, explain, trace};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Whether a rule of that name decides where it is the only one.
fn decides_alone(value: &Value, name: &str, exchange: &Exchange) -> bool {
    let mut alone = value.clone();
    alone["rules"].as_array_mut().expect("rules").retain(|rule| rule["name"] == name);
    explain(&policy(&alone), exchange).is_some_and(|record| record.rule.as_deref() == Some(name))
}

/// The client's body with the changes that an attempt is said to make.
fn changed(body: &str, attempt: &Attempt) -> String {
    let (mut at, mut after) = (0, String::new());
    for change in &attempt.body {
        after.push_str(&body[at..change.at]);
        after.push_str(&change.added);
        at = change.at + change.removed.len();
        assert_eq!(&body[change.at..at], change.removed);
    }
    after + &body[at..]
}

fn check_rules(value: &Value, exchange: &Exchange, traced: &Trace) {
    let named =
        |rule: &Rule| value["rules"].as_array().into_iter().flatten().find(|it| it["name"] == *rule.name).cloned();
    let is_alone = traced.facts.as_ref().is_none_or(|facts| facts.besides.is_empty());
    let matched: Vec<_> = traced.rules.iter().filter(|rule| rule.outcome == RuleOutcome::Matched).collect();
    assert_eq!(matched.len(), usize::from(traced.record.rule.is_some()));
    assert!(matched.iter().all(|rule| Some(&rule.name) == traced.record.rule.as_ref()));
    let decisive = traced.rules.iter().position(|rule| rule.outcome == RuleOutcome::Matched);
    for (nth, rule) in traced.rules.iter().enumerate() {
        let is_known = rule.failed.is_some() || traced.facts.is_none();
        assert!(rule.outcome != RuleOutcome::Failed || is_known, "{rule:?}");
        assert_ne!(rule.outcome, RuleOutcome::Unknown, "{rule:?}");
        if !is_alone {
            continue;
        }
        let is_behind = decisive.is_some_and(|decisive| decisive < nth);
        assert_eq!(rule.outcome == RuleOutcome::NotReached, is_behind, "{rule:?} of {traced:?}");
        match rule.outcome {
            RuleOutcome::Failed => assert!(!decides_alone(value, &rule.name, exchange), "{rule:?} of {traced:?}"),
            RuleOutcome::PassedOn => assert_eq!(named(rule).expect("a rule")["route"]["otherwise"], "next", "{rule:?}"),
            RuleOutcome::Matched => assert!(decides_alone(value, &rule.name, exchange), "{rule:?} of {traced:?}"),
            RuleOutcome::NotReached | RuleOutcome::Unknown => {}
        }
    }
}

fn check_candidates(traced: &Trace) {
    let record = &traced.record;
    let of = |outcome| traced.candidates.iter().filter(move |candidate| candidate.outcome == outcome);
    let chain: Vec<_> =
        if record.chain.is_empty() { record.model.iter().collect() } else { record.chain.iter().collect() };
    let chosen = of(CandidateOutcome::Chosen).chain(of(CandidateOutcome::Fallback));
    assert_eq!(chosen.map(|candidate| &candidate.model).collect::<Vec<_>>(), chain, "{traced:?}");
    assert_eq!(traced.attempts.iter().map(|attempt| &attempt.model).collect::<Vec<_>>(), chain);
    assert_eq!(traced.mirror.as_ref().map(|copy| &copy.model), record.mirror.as_ref());
    for excluded in &record.excluded {
        let is_it = |candidate: &&crate::trace::Candidate| {
            candidate.model == excluded.model
                && candidate.reason.iter().chain(&candidate.further).any(|reason| *reason == excluded.reason)
        };
        assert!(traced.candidates.iter().any(|candidate| is_it(&candidate)), "{excluded:?} of {traced:?}");
    }
    for candidate in of(CandidateOutcome::Excluded) {
        let reason = candidate.reason.expect("a reason");
        let is_in_record = record.excludes(&candidate.model, reason);
        // Whoever was left out for a provider's word, and is taken all the same, stands in no record.
        assert!(is_in_record || reason.code() == "rateLimited", "{candidate:?} of {traced:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn a_trace_and_its_record_agree(
        value in policies(),
        mut exchange in requests(),
        demoted in demoted(),
        balances in balances(),
        now in times(),
    ) {
        exchange.live = Live::demoting(demoted.iter().map(|name| (*name).to_owned()).collect()).spending(balances, now);
        let policy = policy(&value);
        let traced = trace(&policy, &exchange).expect("an LLM call");
        prop_assert_eq!(Some(traced.record.clone()), explain(&policy, &exchange));
        check_rules(&value, &exchange, &traced);
        check_candidates(&traced);
        prop_assert!(traced.record.action == Disposition::Route || traced.attempts.is_empty());
        if let Ok(body) = std::str::from_utf8(&exchange.body) {
            let (_, sent) = walk(&policy, &exchange, &[], &[&exchange.body], false);
            let told = traced.attempts.iter().chain(&traced.mirror);
            let told: Vec<_> = told.map(|attempt| (attempt.model.to_string(), changed(body, attempt).into_bytes())).collect();
            let sent: Vec<_> = sent.into_iter().map(|(model, _, body)| (model, body)).collect();
            prop_assert_eq!(told, sent);
        }
    }

    /// What a record tells suffices to say of each rule what the request itself would.
    #[test]
    fn a_record_is_traced_as_its_request(
        mut value in policies(),
        mut exchange in requests(),
        demoted in demoted(),
        balances in balances(),
        now in times(),
    ) {
        value["record"] = json!("facts");
        exchange.live = Live::demoting(demoted.iter().map(|name| (*name).to_owned()).collect()).spending(balances, now);
        let policy = policy(&value);
        let traced = trace(&policy, &exchange).expect("an LLM call");
        if let (Replayed::Decided(decided), again) = Replay::new(policy).trace(&traced.record) {
            prop_assert_eq!(&*decided, &again.record);
            prop_assert_eq!(&decided.rule, &traced.record.rule);
            let outcomes = |trace: &Trace| trace.rules.iter().map(|rule| rule.outcome).collect::<Vec<_>>();
            prop_assert_eq!(outcomes(&again), outcomes(&traced));
            prop_assert!(again.attempts.is_empty());
        }
    }
}
