//! The decision for a request that lies there whole: what the CLI prints, by the way that the proxy takes.

use crate::claim::Claim;
use crate::corridor::{Caller, Reading, Received, Step, receive};
use crate::live::Live;
use crate::policy::Policy;
use crate::record::Record;
use crate::rewrite::Edits;
use std::sync::Arc;

/// A whole request, with what the proxy would have proved about the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// The method.
    pub method: String,
    /// The path, query included.
    pub path: String,
    /// Headers, names in lower case, `host` among them.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The URI SAN of the client's verified certificate.
    pub principal: Option<String>,
    /// The payload of the client's verified JWT.
    pub claims: serde_json::Value,
    /// What is known of models at that moment.
    pub live: Live,
    /// The body.
    pub body: Vec<u8>,
}

/// The decision record for a whole request, as Envoy's access log gets it; `None` for what is no LLM call.
///
/// ```
/// use pointsman_engine::{Exchange, Policy, explain};
/// use std::sync::Arc;
///
/// let policy = Policy::from_json(br#"{"models": [{"name": "small", "cluster": "llama"}]}"#)?;
/// let exchange = Exchange {
///     method: "POST".into(),
///     path: "/v1/chat/completions".into(),
///     headers: vec![("content-type".into(), b"application/json".to_vec())],
///     body: br#"{"model": "small", "messages": []}"#.to_vec(),
///     ..Exchange::default()
/// };
/// let record = explain(&Arc::new(policy), &exchange).expect("an LLM call");
/// assert_eq!(record.cluster.as_deref(), Some("llama"));
/// # Ok::<(), pointsman_engine::policy::PolicyErrors>(())
/// ```
#[must_use]
pub fn explain(policy: &Arc<Policy>, exchange: &Exchange) -> Option<Record> {
    match walk(policy, exchange, |_| ()) {
        Walked::Passed => None,
        Walked::Settled(record) | Walked::Read { record, .. } => Some(*record),
    }
}

/// How far a request has come, and what came of it.
pub(crate) enum Walked {
    /// No LLM call.
    Passed,
    /// Its headers have settled it.
    Settled(Box<Record>),
    /// Its body was read.
    #[cfg_attr(
        not(any(test, feature = "trace")),
        expect(dead_code, reason = "who explains decisions looks at how they were taken")
    )]
    Read { reading: Box<Reading>, record: Box<Record>, edits: Option<Box<Edits>> },
}

/// Takes a whole request through the corridor. `prepare` comes between the headers and the body.
pub(crate) fn walk(policy: &Arc<Policy>, exchange: &Exchange, prepare: impl FnOnce(&mut Reading)) -> Walked {
    let live = || exchange.live.clone();
    let mut reading = match receive(policy, &exchange.header_list(), exchange, &live, exchange.body.is_empty()) {
        Received::Pass(record) => return record.map_or(Walked::Passed, Walked::Settled),
        Received::Reply(reply) => return Walked::Settled(Box::new(reply.record)),
        Received::Read(reading) => reading,
    };
    prepare(&mut reading);
    let (body, end) = (reading.push(&exchange.body), reading.finish());
    // What is said last counts: a refusal can follow a decision.
    let said = [end, body].into_iter().find_map(|step| match step {
        Step::Route(edits) => Some((Record::clone(&edits.record), Some(edits))),
        Step::Reply(reply) => Some((reply.record, None)),
        Step::Hold | Step::Flow => None,
    });
    said.map_or(Walked::Passed, |(record, edits)| Walked::Read { reading, record: Box::new(record), edits })
}

impl Exchange {
    /// As Envoy holds them: pseudo-headers first, `host` as `:authority`, no connection headers.
    pub(crate) fn header_list(&self) -> Vec<(&[u8], &[u8])> {
        let host = self.headers.iter().find(|(name, _)| name == "host").map(|(_, value)| value.as_slice());
        let pseudo: [(&[u8], &[u8]); 4] = [
            (b":authority", host.unwrap_or(b"localhost")),
            (b":path", self.path.as_bytes()),
            (b":method", self.method.as_bytes()),
            (b":scheme", b"http"),
        ];
        let plain = self.headers.iter().filter(|(name, _)| name != "host" && name != "connection");
        pseudo.into_iter().chain(plain.map(|(name, value)| (name.as_bytes(), value.as_slice()))).collect()
    }
}

impl Caller for Exchange {
    fn principal(&self) -> Option<Vec<u8>> {
        self.principal.as_ref().map(|principal| principal.as_bytes().to_vec())
    }

    fn claim(&self, path: &[String]) -> Option<Claim<'_>> {
        Claim::of_json(&self.claims, path)
    }
}
