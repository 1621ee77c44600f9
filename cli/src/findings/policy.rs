//! What the engine finds in a policy, at its place in the file.

use super::sound::{self, Sound};
use super::table::Code;
use super::{Allowance, Finding, allow, sort};
use pointsman_engine::Policy;
use pointsman_engine::policy::findings::{self, Extent, Found};
use pointsman_source::{Part, Source};

/// Everything found in a valid policy.
pub(crate) fn of_policy(source: &Source, policy: &Policy, allowed: &[Allowance]) -> Vec<Finding> {
    let found = findings::of(policy, &source.document, Extent::Whole);
    let mut findings: Vec<Finding> = found.into_iter().map(|found| placed(source, found)).collect();
    allow::apply(source, allowed, &mut findings);
    findings.extend(allow::unused(source, &findings, Code::is_of_policies));
    sort(&mut findings);
    findings
}

/// What can be said of a policy that is not valid: its errors are taken out, and the rest is looked at.
pub(crate) fn of_rest(source: &Source, allowed: &[Allowance]) -> Vec<Finding> {
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

fn placed(source: &Source, found: Found) -> Finding {
    let related = found.related.map(|path| source.finding(&path, Part::Value, "comes first"));
    Finding { related, ..Finding::new(found.kind.into(), source.finding(&found.at, Part::Value, &found.message)) }
}
