//! Every attempt ends as its table says, under each policy and however its body is cut.

use crate::attempt::{Attempt, Outcome, Policies, tables};
use crate::corridor::{Engine, Seen};
use crate::forms;
use crate::readings;
use crate::splits::{cut, cuts};
use serde_json::Value;
use std::collections::BTreeSet;

/// A test for each table, and one that none is forgotten.
macro_rules! tables {
    ($($table:ident),*) => {
        $(#[test]
        fn $table() {
            assert_table(stringify!($table));
        })*

        #[test]
        fn every_table_has_a_test() {
            assert_eq!(tables().keys().collect::<Vec<_>>(), [$(stringify!($table)),*]);
        }
    };
}

tables!(bombs, envelopes, forms, headers, keys, methods, paths, splits, syntax, values);

#[test]
fn the_corpus_is_large_and_its_names_are_unique() {
    let tables = tables();
    let names: Vec<&str> =
        tables.values().flat_map(|table| table.attempts()).map(|attempt| attempt.name.as_str()).collect();
    assert!(names.len() >= 550);
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
}

/// Runs the whole table and names each attempt that ends otherwise.
fn assert_table(table: &str) {
    let policies = Policies::read();
    let mut wrong = Vec::new();
    for (policy, document) in policies.each() {
        let engine = Engine::new(&document, &policies.guest);
        for attempt in tables()[table].attempts() {
            wrong.extend(
                faults(&engine, attempt, attempt.outcome_under(policy))
                    .map(|fault| format!("{} under {policy}: {fault}", attempt.name)),
            );
        }
    }
    assert!(wrong.is_empty(), "{} attempts end otherwise:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is wrong with the first way of sending it that ends otherwise.
fn faults(engine: &Engine, attempt: &Attempt, outcome: &Outcome) -> Option<String> {
    let explained = engine.explain(attempt);
    let fault = |how: &str, seen: &Seen| {
        let fault = fault(outcome, seen).or_else(|| {
            (seen.record != explained).then(|| format!("recorded as {:?}, explained as {explained:?}", seen.record))
        });
        fault.map(|fault| format!("{fault}, {how}"))
    };
    let Some(body) = attempt.body() else {
        return fault("without a body", &engine.drive(attempt, None, None));
    };
    if body.is_empty() {
        let at_the_headers = fault("with a length of nothing", &engine.drive(attempt, None, Some(0)));
        return at_the_headers.or_else(|| fault("ended by its framing", &engine.drive(attempt, Some(&[]), None)));
    }
    let own = attempt.cuts(body.len());
    let seed = attempt.name.bytes().fold(1, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
    own.into_iter().chain(cuts(body.len(), seed)).enumerate().find_map(|(number, cuts)| {
        let length = (number % 2 == 0).then_some(body.len());
        let seen = engine.drive(attempt, Some(&cut(&body, &cuts)), length);
        fault(&format!("cut at {cuts:?}"), &seen)
    })
}

fn fault(outcome: &Outcome, seen: &Seen) -> Option<String> {
    let record = seen.record.as_ref();
    let action = record.and_then(|record| record["action"].as_str()).unwrap_or_default();
    match outcome {
        // Envoy's own codec turns it away.
        Outcome::Rejected => None,
        Outcome::Untouched => (record.is_some() || seen.reply.is_some() || seen.upstream.is_some())
            .then(|| format!("{seen:?} instead of nothing at all")),
        Outcome::Refused { status, reason } => {
            let wanted = (action, seen.upstream.is_none()) == ("deny", true)
                && record.is_some_and(|record| record["reason"] == reason.as_str() && record["status"] == *status)
                && seen.reply.as_ref().is_some_and(|(said, body)| said == status && is_error(body));
            (!wanted)
                .then(|| format!("{action} {:?} instead of {status} {reason}", record.map(|record| &record["reason"])))
        }
        Outcome::Passes => match &seen.upstream {
            Some((cluster, body)) if cluster == "open" && seen.reply.is_none() => unlike_open(body),
            _ => Some(format!("{action} {:?} instead of a request to `open`", record.map(|record| &record["reason"]))),
        },
    }
}

/// An error in the shape of some API.
fn is_error(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|body| body.get("error").or(body.get("message")).is_some())
}

/// The first way to read the model that does not find `open`.
fn unlike_open(body: &[u8]) -> Option<String> {
    let readings = if body.starts_with(b"--") { Ok(forms::models(body)) } else { readings::models(body) };
    match readings {
        Ok(readings) => readings
            .into_iter()
            .find(|(_, model)| model.as_deref() != Some("\"open\""))
            .map(|(way, model)| format!("`open` reads {model:?} if {way}")),
        Err(error) => Some(format!("`open` cannot read its body: {error}")),
    }
}
