//! The only file of the corpus that knows the engine: a request goes in, what a client and a provider see comes out.

use crate::attempt::Attempt;
use pointsman_engine::{Exchange, Live, Policy, Received, Record, Step, receive, spliced};
use serde_json::Value;
use std::sync::Arc;

/// What became of a request.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// `None` for what is no LLM call.
    pub(crate) record: Option<Value>,
    /// What the client is answered without a provider: status and body.
    pub(crate) reply: Option<(u16, Vec<u8>)>,
    /// What a provider gets whole: the cluster, and the body.
    pub(crate) upstream: Option<(String, Vec<u8>)>,
}

pub(crate) struct Engine {
    policy: Arc<Policy>,
    guest: (String, String),
}

impl Engine {
    pub(crate) fn new(policy: &Value, guest: &(String, String)) -> Self {
        let policy =
            Policy::from_json(policy.to_string().as_bytes()).unwrap_or_else(|errors| panic!("{policy}: {errors}"));
        Self { policy: Arc::new(policy), guest: guest.clone() }
    }

    /// The record of the request as a whole.
    pub(crate) fn explain(&self, attempt: &Attempt) -> Option<Value> {
        let body = attempt.body().unwrap_or_default();
        let record = pointsman_engine::explain(&self.policy, &Exchange { body, ..self.exchange(attempt) });
        record.map(|record| parsed(&record))
    }

    /// Feeds it in chunks. `None` is a request that ends with its headers.
    pub(crate) fn drive(&self, attempt: &Attempt, chunks: Option<&[&[u8]]>, length: Option<usize>) -> Seen {
        let exchange = self.exchange(attempt);
        let length = length.map(|length| length.to_string());
        let mut headers: Vec<(&[u8], &[u8])> = vec![
            (b":authority", b"edge.test"),
            (b":path", exchange.path.as_bytes()),
            (b":method", exchange.method.as_bytes()),
            (b":scheme", b"http"),
        ];
        headers.extend(exchange.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_slice())));
        headers.extend(length.as_ref().map(|length| (&b"content-length"[..], length.as_bytes())));
        let mut seen = Seen::default();
        match receive(&self.policy, &headers, &exchange, &Live::default, chunks.is_none()) {
            Received::Pass(record) => seen.record = record.map(|record| parsed(&record)),
            Received::Reply(reply) => seen.take(Step::Reply(reply), &[]),
            Received::Read(mut reading) => {
                let chunks = chunks.unwrap_or_default();
                for chunk in chunks {
                    seen.take(reading.push(chunk), chunks);
                    if seen.reply.is_some() {
                        return seen;
                    }
                }
                seen.take(reading.finish(), chunks);
            }
        }
        seen
    }

    fn exchange(&self, attempt: &Attempt) -> Exchange {
        let (name, value) = &self.guest;
        let guest = (name.clone(), value.clone().into_bytes());
        Exchange {
            method: attempt.method.clone(),
            path: attempt.path.clone(),
            headers: [guest].into_iter().chain(attempt.headers()).collect(),
            ..Exchange::default()
        }
    }
}

impl Seen {
    fn take(&mut self, step: Step, chunks: &[&[u8]]) {
        match step {
            Step::Hold | Step::Flow => {}
            Step::Route(edits) => {
                let cluster = edits.set_headers.iter().find(|(name, _)| *name == "x-pointsman-cluster");
                let body = spliced(&chunks.concat(), &edits.splices);
                self.upstream = Some((cluster.map(|(_, cluster)| cluster.clone()).unwrap_or_default(), body));
                self.record = Some(parsed(&edits.record));
            }
            // The upstream is reset: what it has got is no whole request.
            Step::Reply(reply) => {
                self.upstream = None;
                self.record = Some(parsed(&reply.record));
                self.reply = Some((reply.status, reply.body));
            }
        }
    }
}

fn parsed(record: &Record) -> Value {
    serde_json::to_value(record).expect("a record")
}
