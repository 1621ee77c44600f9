//! `pointsman demo`: only the demo LLM servers, to put behind an Envoy of one's own.

use super::{Failure, block_on, print};
use crate::demo;

/// Serves demo LLM servers on loopback ports until Ctrl-C
///
/// They speak the OpenAI, Anthropic and Ollama APIs, and every reply names the server and the model it was asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Name and port of each server, as openai=18001; port 0 takes a free one
    #[arg(required = true, value_name = "NAME=PORT", value_parser = server)]
    servers: Vec<(String, u16)>,
}

fn server(text: &str) -> Result<(String, u16), String> {
    let (name, port) = text.split_once('=').ok_or("expected NAME=PORT")?;
    let port = port.parse().map_err(|_| format!("`{port}` is not a port"))?;
    if name.is_empty() { Err("the name is empty".into()) } else { Ok((name.to_owned(), port)) }
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    block_on(async {
        for (name, port) in &arguments.servers {
            let port = demo::start(name, *port).await?;
            print(&format!("{name} http://127.0.0.1:{port}\n"));
        }
        super::run::asked_to_stop().await;
        Ok(())
    })
}
