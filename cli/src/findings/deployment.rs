//! What a deployment and its policy bring along, with its code.

use super::table::Code;
use super::{Allowance, Finding, of_policy, sort};
use crate::project::Project;
use pointsman_check::findings::{apply, unused};
use pointsman_source::Finding as Placed;

/// How sentences begin that are no errors.
const WARNING: &str = "warning: ";

/// Fields, and what is found about them: the first that a path ends with.
const FIELDS: [(&str, Code); 10] = [
    ("credential.sds", Code::P0041),
    ("caFile", Code::P0041),
    ("certificateFile", Code::P0041),
    ("keyFile", Code::P0041),
    ("clientCaFile", Code::P0041),
    (".port", Code::P0042),
    ("admin.address", Code::P0047),
    ("defaultCluster", Code::P0044),
    ("bufferLimitBytes", Code::P0045),
    ("limits.maxBodyBytes", Code::P0045),
];

/// Everything found in a valid deployment and its policy.
pub(crate) fn of_project(project: &Project, allowed: &[Allowance]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = project.warnings.iter().map(coded).collect();
    for source in [project.source(), &project.policy.source] {
        apply(source, allowed, &mut findings);
    }
    // Some of these are found in the policy, as its comments can be, and only with a deployment.
    findings.extend(unused(project.source(), &findings, |code| !code.is_of_policies()));
    findings.extend(of_policy(&project.policy.source, &project.policy.policy, allowed));
    sort(&mut findings);
    findings
}

fn coded(placed: &Placed) -> Finding {
    let path = placed.path.as_str();
    let of_field = FIELDS.iter().find(|(field, _)| path.ends_with(field)).map(|(_, code)| *code);
    let code = of_field.unwrap_or(match path {
        "models" => Code::P0040,
        "" | "listener" | "istio.target" => Code::P0046,
        cluster if cluster.starts_with("clusters[") && cluster.ends_with(']') => Code::P0043,
        _ => Code::P0049,
    });
    let message = placed.message.strip_prefix(WARNING).unwrap_or(&placed.message).to_owned();
    Finding::new(code, Placed { message, ..placed.clone() })
}
