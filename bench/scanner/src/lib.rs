//! Ways to get the model out of a chat request, side by side: Pointsman's engine, serde_json, memchr.
//!
//! Compiled natively and into a Wasm module, so that both tables compare the same code.

mod search;

use pointsman_engine::{Caller, Live, Policy, Reading, Received, Step, receive};
use serde::Deserialize;
use std::borrow::Cow;
use std::sync::Arc;

/// Envoy hands a body over in pieces of about this size.
const CHUNK: usize = 16 * 1024;

/// One way to read a request.
#[derive(Debug, Clone)]
pub enum Scanner {
    /// The engine as the filter uses it: headers, then the body in chunks, then a decision.
    Pointsman(Arc<Policy>),
    /// serde_json, told to read `model` and skip the rest: it still checks the whole syntax.
    Serde,
    /// Strings skipped by `memchr2`, depth counted, nothing checked.
    Memchr,
}

#[derive(Deserialize)]
struct OnlyModel<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
}

struct Nobody;

impl Caller for Nobody {
    fn principal(&self) -> Option<Vec<u8>> {
        None
    }
    fn claim(&self, _: &[String]) -> Option<pointsman_engine::Claim<'_>> {
        None
    }
}

impl Scanner {
    /// The scanner called `name`; the engine takes its policy from `policy` (JSON).
    pub fn named(name: &str, policy: &[u8]) -> Result<Self, String> {
        match name {
            "serde_json" => Ok(Self::Serde),
            "memchr" => Ok(Self::Memchr),
            _ => Policy::from_json(policy)
                .map(|policy| Self::Pointsman(Arc::new(policy)))
                .map_err(|errors| format!("{errors}")),
        }
    }

    /// Reads one body; returns something that depends on all of it, or says why it could not.
    pub fn scan(&self, body: &[u8]) -> Result<usize, &'static str> {
        match self {
            Self::Pointsman(policy) => route(policy, body),
            Self::Serde => {
                serde_json::from_slice::<OnlyModel<'_>>(body).map(|read| read.model.len()).map_err(|_| "not JSON")
            }
            Self::Memchr => search::model(body).map(<[u8]>::len).ok_or("no model"),
        }
    }
}

fn route(policy: &Arc<Policy>, body: &[u8]) -> Result<usize, &'static str> {
    let length = body.len().to_string();
    let headers: [(&[u8], &[u8]); 6] = [
        (b":method", b"POST"),
        (b":path", b"/v1/chat/completions"),
        (b":authority", b"llm.example.com"),
        (b"content-type", b"application/json"),
        (b"x-team", b"search"),
        (b"content-length", length.as_bytes()),
    ];
    let Received::Read(mut reading) = receive(policy, &headers, &Nobody, &Live::default, false) else {
        return Err("not read");
    };
    let mut written = 0;
    for chunk in body.chunks(CHUNK) {
        written += size(reading.push(chunk))?;
    }
    written += finish(&mut reading)?;
    if written == 0 { Err("not routed") } else { Ok(written) }
}

fn finish(reading: &mut Reading) -> Result<usize, &'static str> {
    size(reading.finish())
}

fn size(step: Step) -> Result<usize, &'static str> {
    match step {
        Step::Hold | Step::Flow => Ok(0),
        Step::Route(edits) => Ok(edits.record.to_json().len()),
        Step::Reply(_) => Err("refused"),
    }
}
