//! What the engine finds in a policy, at its place in the file.

use super::sound::{self, Sound};
use super::table::Code;
use super::{Allowance, Finding, allow, sort};
use crate::policy_file::{Assembly, PolicyFile, assemble_text};
use pointsman_engine::Policy;
use pointsman_engine::policy::findings::{self, Extent, Found};
use pointsman_source::{Finding as Placed, Part, Source};

/// Everything found in a valid policy.
pub fn of_policy(source: &Source, policy: &Policy, allowed: &[Allowance]) -> Vec<Finding> {
    let found = findings::of(policy, &source.document, Extent::Whole);
    let mut findings: Vec<Finding> = found.into_iter().map(|found| placed(source, found)).collect();
    allow::apply(source, allowed, &mut findings);
    findings.extend(allow::unused(source, &findings, Code::is_of_policies));
    sort(&mut findings);
    findings
}

/// What can be said of a policy that is not valid: its errors are taken out, and the rest is looked at.
pub fn of_rest(source: &Source, allowed: &[Allowance]) -> Vec<Finding> {
    let Some(Sound { policy, document, kept }) = sound::part(&source.document) else { return Vec::new() };
    let found = findings::of(&policy, &document, Extent::Part);
    let in_file = |found: Found| Found {
        at: kept.in_file(&found.at),
        related: found.related.map(|related| kept.in_file(&related)),
        ..found
    };
    let mut findings: Vec<Finding> = found.into_iter().map(|found| placed(source, in_file(found))).collect();
    allow::apply(source, allowed, &mut findings);
    sort(&mut findings);
    findings
}

/// What is found in the sound part of a policy that has these errors. Where files do not go together, nothing is known of the
/// whole.
pub fn beside(assembly: &Assembly, errors: &[Placed], allowed: &[Allowance]) -> Vec<Finding> {
    let Assembly { source: Some(source), findings, .. } = assembly else { return Vec::new() };
    let is_wrong = errors.iter().any(|error| source.files().iter().any(|file| file.name == error.file));
    if is_wrong && findings.is_empty() { of_rest(source, allowed) } else { Vec::new() }
}

/// Everything that is found in a policy that is this text, errors included, and the policy itself if it has none.
pub fn of_text(name: &str, text: &str) -> (Vec<Finding>, Option<PolicyFile>) {
    let mut assembly = assemble_text(name, text);
    match assembly.judge() {
        Ok(file) => (of_policy(&file.source, &file.policy, &[]), Some(file)),
        Err(invalid) => {
            let mut findings = beside(&assembly, &invalid.findings, &[]);
            findings.extend(invalid.findings.into_iter().map(Finding::error));
            sort(&mut findings);
            (findings, None)
        }
    }
}

fn placed(source: &Source, found: Found) -> Finding {
    let related = found.related.map(|path| source.finding(&path, Part::Value, "comes first"));
    Finding { related, ..Finding::new(found.kind.into(), source.finding(&found.at, Part::Value, &found.message)) }
}
