//! `pointsman replay`: what another policy would make of yesterday's traffic.

use super::{listed, print};
use crate::envoy::id_keys;
use crate::policy_file::{self, PolicyFile, Values};
use crate::replay::report::{Output, Report};
use crate::replay::{Gate, Judge, Traffic, run as decide};
use pointsman_document::Visible;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Decides recorded traffic by another policy, and says what would move
///
/// Traffic is decision records, one a line, as access logs have them (`wasm.pointsman`), or folders of requests. Records with
/// facts (`record: facts` in the policy) can be decided again whatever the policy asks for; where one does not tell what a
/// decision depends on, that decision is unknown, and counted so. The report has what moves, from where to where, by tenant and
/// rule, what it costs, and what is newly denied.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman replay policy.yaml traffic.jsonl
  pointsman replay new.yaml --against old.yaml traffic.jsonl requests/
  pointsman replay new.yaml --against old.yaml traffic.jsonl --output html > report.html
  pointsman replay new.yaml traffic.jsonl --fail-if 'denied > 0 or cost_change_percent > 5'
  zcat access.log.gz | pointsman replay policy.yaml -

Figures for --fail-if: records, compared, moved, moved_percent, denied, denied_percent, allowed, unknown, unknown_percent,
unasked, unreadable, unpriced, rules_never_hit, cost_before, cost_after, cost_change, cost_change_percent.

Exit codes: 0 fine, 1 a gate fails, 2 a file is wrong.")]
pub(crate) struct Arguments {
    /// The policy that decides
    policy: PathBuf,
    /// Files with a record in each line, folders with such files (`*.jsonl`) or with requests (`*.http`); `-` reads standard input
    #[arg(required = true)]
    traffic: Vec<PathBuf>,
    /// The policy to compare with; without one, what the records say
    #[arg(long, value_name = "POLICY")]
    against: Option<PathBuf>,
    /// How to print what is found
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// A condition on the figures that makes the exit code 1, may be repeated: `denied > 0`, with `and` and `or`
    #[arg(long, value_name = "CONDITION", value_parser = Gate::read)]
    fail_if: Vec<Gate>,
    #[command(flatten)]
    values: Values,
}

/// What is wrong with a policy or with traffic.
const WRONG_FILES: u8 = 2;

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match examine(arguments) {
        Ok(passes) if passes => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(why) => {
            eprint!("{why}");
            WRONG_FILES.into()
        }
    }
}

fn examine(arguments: &Arguments) -> Result<bool, String> {
    let policy = load(&arguments.policy, &arguments.values)?;
    let against = arguments.against.as_deref().map(|file| load(file, &arguments.values)).transpose()?;
    let sentence = |why: String| format!("error: {}\n", Visible(&why));
    let traffic = Traffic::of(&arguments.traffic).map_err(sentence)?;
    let judge = Judge::new(&policy, against.as_ref());
    if !traffic.requests.is_empty() && !judge.compares_policies() {
        return Err(
            "error: requests say nothing of what became of them: name a policy to compare with, by --against\n".into(),
        );
    }
    let tally = decide(&judge, &traffic).map_err(sentence)?;
    let report = Report::new(tally, &policy, against.as_ref(), &traffic);
    print(&report.print(arguments.output));
    let mut passes = true;
    for gate in &arguments.fail_if {
        match gate.holds(&report.figures) {
            Ok(false) => {}
            Ok(true) => {
                eprintln!("error: --fail-if {gate}");
                passes = false;
            }
            Err(figure) => {
                eprintln!("error: --fail-if {gate}: `{figure}` is not known from this traffic");
                passes = false;
            }
        }
    }
    Ok(passes)
}

fn load(file: &Path, values: &Values) -> Result<PolicyFile, String> {
    let policy = policy_file::load(file, values).map_err(|findings| listed(&findings))?;
    match id_keys::here() {
        Some(keys) => policy.with_id_keys(&keys).map_err(|why| format!("error: {}\n", Visible(&why))),
        None => Ok(policy),
    }
}
