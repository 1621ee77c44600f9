//! `pointsman`: the policy engine on the command line. It checks, explains, renders and runs.
//!
//! `main` only dispatches; each command is a file in `command/`. Exit codes: 0 fine, 1 a finding, 2 wrong usage.

mod cases;
mod command;
mod demo;
mod deployment;
mod doctor;
mod envoy;
mod envoy_gateway;
mod example;
mod findings;
mod istio;
mod kubernetes;
mod learning;
mod moment;
mod oci;
#[cfg(test)]
mod organisation;
mod project;
mod record;
mod replay;
mod top;
mod yaml;

use clap::Parser;
use pointsman_check::{policy_file, request_file};
use std::process::ExitCode;

fn main() -> ExitCode {
    command::dispatch(command::Arguments::parse())
}
