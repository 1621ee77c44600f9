//! `pointsman demo`: only the demo LLM servers, to put behind an Envoy of one's own.

use super::{Failure, block_on, print};
use crate::demo::behaviour::Behaviour;
use crate::demo::{Demo, Options};

/// Serves demo LLM servers on loopback ports until Ctrl-C
///
/// They speak the OpenAI, Anthropic and Ollama APIs, and every reply names the server and the model it was asked for.
/// A control port says which models each was asked for, and makes them fail in the ways of providers.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pointsman demo openai=9001 anthropic=9002
  pointsman demo openai=9001 --behaviour openai=503

Behaviours:
  ok                what a server does when it was told nothing
  refuse            accepts no connection, and breaks those there are
  reset             breaks the connection when the request is complete
  resetMidBody      breaks the connection when the request's body has begun
  hang              never answers
  slowFirstByte     answers late: slowFirstByte,delayMs=800
  dieMidStream      breaks the connection after a stream's first event, or half of another answer
  500, 503, 529, …  an error as the API says it: 429,retryAfter=30
ok and the errors can tell of an empty rate limit: 429,exhausted=30, for so many seconds.

With the control port that was printed:
  curl localhost:PORT                     what each server saw
  curl localhost:PORT/openai              what one server saw
  curl -X PUT localhost:PORT/openai -d hang")]
pub(crate) struct Arguments {
    /// Name and port of each server, as openai=18001; port 0 takes a free one
    #[arg(required = true, value_name = "NAME=PORT", value_parser = server)]
    servers: Vec<(String, u16)>,
    /// How a server behaves at first, as openai=503; default: ok
    #[arg(long, value_name = "NAME=BEHAVIOUR", value_parser = behaviour)]
    behaviour: Vec<(String, Behaviour)>,
    /// A key without which a server answers 401; default: any key or none will do
    #[arg(long, value_name = "NAME=KEY", value_parser = named)]
    require_key: Vec<(String, String)>,
    /// Port to control the servers through
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    control: u16,
}

fn server(text: &str) -> Result<(String, u16), String> {
    let (name, port) = text.split_once('=').ok_or("expected NAME=PORT")?;
    let port = port.parse().map_err(|_| format!("`{port}` is not a port"))?;
    if name.is_empty() { Err("the name is empty".into()) } else { Ok((name.to_owned(), port)) }
}

fn behaviour(text: &str) -> Result<(String, Behaviour), String> {
    let (name, behaviour) = named(text)?;
    Ok((name, behaviour.parse()?))
}

fn named(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// A server's name, and what was said about it.
type Setup = (String, Options);

impl Arguments {
    fn setups(&self) -> Result<Vec<Setup>, String> {
        let mut setups: Vec<Setup> = Vec::new();
        for (name, port) in &self.servers {
            if setups.iter().any(|(known, _)| known == name) {
                return Err(format!("two servers are named `{name}`"));
            }
            setups.push((name.clone(), Options { port: *port, ..Options::default() }));
        }
        for (name, behaviour) in &self.behaviour {
            find(&mut setups, "--behaviour", name)?.behaviour = *behaviour;
        }
        for (name, key) in &self.require_key {
            find(&mut setups, "--require-key", name)?.key = Some(key.clone());
        }
        Ok(setups)
    }
}

fn find<'s>(setups: &'s mut [Setup], option: &str, name: &str) -> Result<&'s mut Options, String> {
    let found = setups.iter_mut().find(|(known, _)| known == name).map(|(_, options)| options);
    found.ok_or_else(|| format!("{option}: there is no server `{name}` among those to start"))
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let setups = arguments.setups()?;
    block_on(async {
        let demo = Demo::default();
        let stop = super::run::asked_to_stop();
        for (name, options) in setups {
            let port = demo.start(&name, options).await?;
            print(&format!("{name} http://127.0.0.1:{port}\n"));
        }
        let control = demo.control(arguments.control).await?;
        print(&format!("control http://127.0.0.1:{control}\n"));
        stop.await;
        Ok(())
    })
}
