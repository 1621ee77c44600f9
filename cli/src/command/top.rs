//! `pointsman top`: what an Envoy counts of requests and answers, from its admin interface.

use super::{Failure, block_on, print};
use crate::envoy::place::Place;
use crate::top::terminal::Terminal;
use crate::top::view::View;
use crate::top::watch::Watch;
use crate::top::{By, Column, report, screen};
use std::time::Duration;

/// Shows who uses which models right now: requests, tokens, cost and times of one Envoy
///
/// Reads /stats/prometheus, and changes nothing. The policy needs `metrics: {}`, with `usage: {}` for tokens and cost. In
/// Kubernetes: `kubectl port-forward POD 15000`, then `pointsman top 127.0.0.1:15000`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman top 127.0.0.1:9901 --by model
  pointsman top 127.0.0.1:9901 --once --output json

Exit codes: 0 fine, 1 Envoy could not be asked or counts nothing, 2 wrong usage.")]
pub(crate) struct Arguments {
    /// Envoy's admin interface: HOST:PORT, or a URL
    admin_address: String,
    /// What the rows are
    #[arg(long, value_enum, default_value_t = By::Tenant)]
    by: By,
    /// What comes first: the row with most of it
    #[arg(long, value_enum, default_value_t = Column::Requests)]
    sort: Column,
    /// Seconds between two looks
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    interval: f64,
    /// Look twice, one interval apart, print and end. Where there is no terminal, this is what happens anyway
    #[arg(long)]
    once: bool,
    /// How to print it with `--once`
    #[arg(long, value_enum, default_value_t = Output::Text, requires = "once")]
    output: Output,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Output {
    /// For people
    Text,
    /// For machines
    Json,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { by, sort, interval, once, output, .. } = *arguments;
    let watch = Watch::new(Place::of(&arguments.admin_address)?);
    let (pause, view) = (Duration::from_secs_f64(interval), View::new(by, sort));
    if once || !Terminal::is_there() {
        let show = match output {
            Output::Text => screen::text,
            Output::Json => report::json,
        };
        let shown = block_on(async { watch.once(pause, view, show).await.map_err(Failure::Sentence) })?;
        print(&shown);
        return Ok(());
    }
    block_on(async { watch.follow(pause, view).await.map_err(Failure::Sentence) })
}

fn seconds(written: &str) -> Result<f64, String> {
    let seconds = written.parse().ok().filter(|seconds| (0.1..=3600.0).contains(seconds));
    seconds.ok_or_else(|| "expected seconds, from 0.1 to 3600".into())
}
