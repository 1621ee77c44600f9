//! One object with everything.

use super::counts;
use crate::cases::Suite;
use crate::cases::coverage::Share;
use crate::cases::suite::Outcome;
use pointsman_source::Finding;
use serde_json::{Value, json};

pub(super) fn print(suites: &[Suite]) -> String {
    let (passed, failed) = counts(suites);
    let whole = json!({
        "passed": passed,
        "failed": failed,
        "coverage": share(super::coverage(suites)),
        "suites": suites.iter().map(suite).collect::<Value>(),
    });
    format!("{whole:#}\n")
}

fn suite(suite: &Suite) -> Value {
    json!({
        "file": suite.file.display().to_string(),
        "policy": suite.policy.display().to_string(),
        "coverage": share(suite.coverage),
        "gaps": suite.gaps.iter().map(gap).collect::<Value>(),
        "cases": suite.cases.iter().map(case).collect::<Value>(),
    })
}

fn case(outcome: &Outcome) -> Value {
    let differences = outcome
        .differences
        .iter()
        .map(|difference| json!({ "field": difference.field, "expected": difference.expected, "got": difference.got }));
    json!({
        "name": outcome.name,
        "passed": outcome.passed(),
        "line": outcome.at.map(|at| at.line),
        "column": outcome.at.map(|at| at.column),
        "differences": differences.collect::<Value>(),
        "why": outcome.why,
        "decision": outcome.decision,
    })
}

fn share(share: Share) -> Value {
    json!({
        "percent": share.percent(),
        "rules": share.rules,
        "rulesDecided": share.rules_decided,
        "conditions": share.conditions,
        "conditionsShown": share.conditions_shown,
    })
}

fn gap(gap: &Finding) -> Value {
    let at = gap.at;
    json!({
        "file": gap.file.display().to_string(), "line": at.map(|at| at.line), "column": at.map(|at| at.column),
        "field": gap.path, "message": gap.message,
    })
}
