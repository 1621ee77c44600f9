//! `pointsman doctor`: what is wrong with an installation, seen from Envoy's admin interface.

use super::{Failure, block_on, print};
use crate::doctor::examine;
use crate::doctor::read::answers::{Answers, STATS};
use crate::envoy::admin::{self, Answer};
use pointsman_source::reason;
use serde_json::Value;
use std::process::ExitCode;

/// Looks at a running Envoy and says what is wrong: symptom, cause, what to do
///
/// Reads /config_dump, /stats, /server_info and /listeners, and changes nothing. In Kubernetes:
/// `kubectl port-forward POD 15000`, then `pointsman doctor 127.0.0.1:15000`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 nothing wrong was found, 1 findings, 2 Envoy could not be asked.")]
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

/// Where the admin interface is.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    /// Host and port.
    address: String,
    /// What stands in front of each path, without a slash at its end.
    prefix: String,
}

impl Place {
    fn of(written: &str) -> Result<Self, String> {
        let (scheme, rest) = written.split_once("://").unwrap_or(("http", written));
        if scheme != "http" {
            return Err(format!("`{written}`: only http can be asked; use a port-forward or a tunnel"));
        }
        let (address, prefix) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
        if !matches!(port, Some(Ok(1..))) {
            return Err(format!("`{written}`: expected HOST:PORT or a URL with a port, such as 127.0.0.1:15000"));
        }
        Ok(Self { address: address.to_owned(), prefix: prefix.trim_end_matches('/').to_owned() })
    }

    async fn ask(&self, path: &str) -> Result<Answer, String> {
        let asked = admin::ask(&self.address, &format!("{}{path}", self.prefix)).await;
        asked.map_err(|err| format!("`{}`: cannot ask Envoy's admin interface: {}", self.address, reason(&err)))
    }

    /// The answer's text, if Envoy gives one.
    async fn text(&self, path: &str) -> Result<Option<String>, String> {
        let answer = self.ask(path).await?;
        Ok((answer.status == 200).then(|| String::from_utf8_lossy(&answer.body).into_owned()))
    }

    async fn json(&self, path: &str) -> Result<Option<Value>, String> {
        Ok(self.text(path).await?.and_then(|text| serde_json::from_str(&text).ok()))
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_host_and_port_or_urls() {
        for (written, address, prefix) in [
            ("127.0.0.1:15000", "127.0.0.1:15000", ""),
            ("localhost:15000/", "localhost:15000", ""),
            ("http://[::1]:9901", "[::1]:9901", ""),
            ("http://gateway:80/envoy/admin/", "gateway:80", "/envoy/admin"),
        ] {
            assert_eq!(Place::of(written), Ok(Place { address: address.into(), prefix: prefix.into() }));
        }
        for bad in ["", "15000", ":15000", "localhost", "localhost:0", "localhost:x", "https://localhost:15000"] {
            assert!(Place::of(bad).is_err(), "{bad}");
        }
    }
}
