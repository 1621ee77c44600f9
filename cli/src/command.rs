//! The commands, one file each.

mod bundle;
mod check;
mod completions;
mod demo;
mod doctor;
mod eval;
mod explain;
mod fit;
mod fmt;
mod image;
mod man;
mod render;
mod replay;
pub(crate) mod run;
mod schema;
mod test;
mod top;
mod train;

use crate::deployment::EnvoyVersion;
use crate::findings;
use crate::findings::report::line;
use crate::findings::severity::Severity;
use crate::project::Project;
use clap::{Parser, Subcommand};
use pointsman_document::Visible;
use pointsman_source::Finding;
use std::process::ExitCode;

/// Routes LLM requests by policy, inside the proxy you already run.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 fine, 1 something was found or failed, 2 wrong usage.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Bundle(bundle::Arguments),
    Check(check::Arguments),
    Eval(eval::Arguments),
    Explain(explain::Arguments),
    Fit(fit::Arguments),
    Fmt(fmt::Arguments),
    Image(image::Arguments),
    Render(render::Arguments),
    Run(run::Arguments),
    Schema(schema::Arguments),
    Replay(replay::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
    Test(test::Arguments),
    Demo(demo::Arguments),
    Doctor(doctor::Arguments),
    Top(top::Arguments),
    Train(train::Arguments),
}

/// Why a command ends with exit code 1.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Findings in a file the command needed to be valid.
    Findings(Vec<Finding>),
    /// One sentence.
    Sentence(String),
    /// Everything was said already.
    Said,
}

impl From<Vec<Finding>> for Failure {
    fn from(findings: Vec<Finding>) -> Self {
        Self::Findings(findings)
    }
}

impl From<String> for Failure {
    fn from(sentence: String) -> Self {
        Self::Sentence(sentence)
    }
}

pub(crate) fn dispatch(arguments: Arguments) -> ExitCode {
    let done = match arguments.command {
        Command::Bundle(arguments) => bundle::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Eval(arguments) => eval::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Fit(arguments) => fit::run(&arguments),
        Command::Fmt(arguments) => fmt::run(&arguments),
        Command::Image(arguments) => image::run(&arguments),
        Command::Render(arguments) => render::run(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Top(arguments) => top::run(&arguments),
        Command::Train(arguments) => train::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
        Command::Completions(arguments) => {
            completions::run(&arguments);
            Ok(())
        }
        Command::Replay(arguments) => return replay::run(&arguments),
        Command::Test(arguments) => return test::run(&arguments),
        Command::Doctor(arguments) => return doctor::run(&arguments),
    };
    match done {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Findings(findings)) => eprint!("{}", listed(&findings)),
        Err(Failure::Sentence(sentence)) => eprintln!("error: {}", spelled_out(&sentence)),
        Err(Failure::Said) => {}
    }
    ExitCode::FAILURE
}

/// A sentence of ours may have lines; what others wrote in it moves no cursor.
fn spelled_out(sentence: &str) -> String {
    sentence.split('\n').map(|line| Visible(line).to_string()).collect::<Vec<_>>().join("\n")
}

/// Findings one a line, and how many.
fn listed(findings: &[Finding]) -> String {
    let lines: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
    format!("{lines}{} {}\n", findings.len(), if findings.len() == 1 { "error" } else { "errors" })
}

/// Findings that do not keep a command from its work, on standard error.
fn warn(findings: &[Finding]) {
    findings.iter().for_each(|finding| eprintln!("{finding}"));
}

/// How much an Envoy of this version gets of the project, as a sentence.
fn size(project: &Project, version: EnvoyVersion) -> Option<String> {
    project.size(version).map(|size| format!("in Envoy {version}, this makes {size}"))
}

/// What can hardly be meant in a project, on standard error: what `check` says of it, less its notes.
fn warn_of(project: &Project) {
    let found = findings::of_project(project, &[]);
    let open = found.iter().filter(|finding| !finding.is_allowed && finding.severity() >= Severity::Warning);
    open.for_each(|finding| eprintln!("{}", line(finding)));
}

/// Prints to standard output; a reader that went away (`| head`) is not worth a failure.
fn print(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Runs a command that waits for several things at once.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|err| Failure::Sentence(pointsman_source::reason(&err)))?.block_on(work)
}
