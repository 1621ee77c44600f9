//! The decision for a request that lies there whole: what the CLI prints, by the way that the proxy takes.

use crate::corridor::{Caller, Received, Step, receive};
use crate::policy::Policy;
use std::rc::Rc;

/// A whole request, with what the proxy would have proved about the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// The method.
    pub method: String,
    /// The path, query included.
    pub path: String,
    /// Headers, names in lower case, without pseudo-headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The URI SAN of the client's verified certificate.
    pub principal: Option<String>,
    /// Claims of the client's verified JWT, nested names joined by dots. A name that stands more than once
    /// is a list.
    pub claims: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    record: String,
}

impl Explanation {
    /// The decision record, as Envoy's access log gets it; empty for a request that is no LLM call.
    #[must_use]
    pub fn to_json(&self) -> &str {
        &self.record
    }
}

/// Decides about a whole request.
///
/// ```
/// use pointsman_router::{Exchange, Policy, explain};
///
/// let policy = Policy::from_json(br#"{"models": [{"name": "small", "cluster": "llama"}]}"#)?;
/// let exchange = Exchange {
///     method: "POST".into(),
///     path: "/v1/chat/completions".into(),
///     headers: vec![("content-type".into(), b"application/json".to_vec())],
///     body: br#"{"model": "small", "messages": []}"#.to_vec(),
///     ..Exchange::default()
/// };
/// assert!(explain(&policy, &exchange).to_json().contains(r#""cluster":"llama""#));
/// # Ok::<(), pointsman_router::policy::PolicyErrors>(())
/// ```
#[must_use]
pub fn explain(policy: &Policy, exchange: &Exchange) -> Explanation {
    let policy = Rc::new(policy.clone());
    let pseudo = [(&b":method"[..], exchange.method.as_bytes()), (&b":path"[..], exchange.path.as_bytes())];
    let headers = exchange.headers.iter().map(|(name, value)| (name.as_bytes(), value.as_slice()));
    let headers: Vec<(&[u8], &[u8])> = pseudo.into_iter().chain(headers).collect();
    let record = match receive(&policy, &headers, exchange, exchange.body.is_empty()) {
        Received::Pass(record) => record.unwrap_or_default(),
        Received::Reply(reply) => reply.record,
        Received::Read(mut reading) => {
            let (body, end) = (reading.push(&exchange.body), reading.finish());
            // What is said last counts: a refusal can follow a decision.
            [body, end].into_iter().filter_map(record_of).next_back().unwrap_or_default()
        }
    };
    Explanation { record }
}

fn record_of(step: Step) -> Option<String> {
    match step {
        Step::Route(edits) => Some(edits.record),
        Step::Reply(reply) => Some(reply.record),
        Step::Hold | Step::Flow => None,
    }
}

impl Caller for Exchange {
    fn principal(&self) -> Option<Vec<u8>> {
        self.principal.as_ref().map(|principal| principal.as_bytes().to_vec())
    }

    fn claim(&self, path: &[String]) -> Option<Vec<u8>> {
        let name = path.join(".");
        let values: Vec<&str> =
            self.claims.iter().filter(|(known, _)| *known == name).map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join("\0").into_bytes())
    }
}
