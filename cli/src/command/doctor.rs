//! `pointsman doctor`: what is wrong with an installation, seen from Envoy's admin interface.

use super::{Failure, block_on, print};
use crate::doctor::examine;
use crate::doctor::read::answers::{Answers, STATS};
use crate::envoy::place::Place;
use serde_json::Value;
use std::process::ExitCode;

/// Looks at a running Envoy and says what is wrong: symptom, cause, what to do
///
/// Reads /config_dump, /stats, /server_info and /listeners, and changes nothing. In Kubernetes:
/// `kubectl port-forward POD 15000`, then `pointsman doctor 127.0.0.1:15000`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman doctor 127.0.0.1:9901
  pointsman doctor http://127.0.0.1:15000 --output json

Exit codes: 0 nothing wrong was found, 1 findings, 2 Envoy could not be asked.")]
pub(crate) struct Arguments {
    /// Envoy's admin interface: HOST:PORT, or a URL
    admin_address: String,
    /// How to print the report
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Output {
    /// For people
    Text,
    /// For machines
    Json,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let asked = block_on(async { answers(&arguments.admin_address).await.map_err(Failure::Sentence) });
    let answers = match asked {
        Ok(answers) => answers,
        Err(Failure::Sentence(sentence)) => {
            eprintln!("error: {sentence}");
            return CANNOT_ASK.into();
        }
        Err(_) => return CANNOT_ASK.into(),
    };
    let report = examine(&answers);
    print(&match arguments.output {
        Output::Text => report.text(),
        Output::Json => report.json(),
    });
    if report.is_healthy() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

const CANNOT_ASK: u8 = 2;

async fn answers(written: &str) -> Result<Answers, String> {
    const DUMP: &str = "/config_dump?include_eds";
    let place = Place::of(written)?;
    let dump = place.ask(DUMP).await?;
    if dump.status != 200 {
        return Err(format!("`{}`: `GET {DUMP}` was answered with {}", place.address, dump.status));
    }
    let config_dump = serde_json::from_slice::<Value>(&dump.body).ok().filter(|dump| dump.get("configs").is_some());
    Ok(Answers {
        config_dump: config_dump
            .ok_or_else(|| format!("`{}`: the answer is no config dump of Envoy's", place.address))?,
        stats: place.text(STATS).await?,
        server_info: place.json("/server_info").await?,
        listeners: place.json("/listeners?format=json").await?,
    })
}
