//! One request, taken through the engine as the filter takes it: headers, body, decision record.

use pointsman_router::corridor::{Caller, Received, Step, receive};
use pointsman_router::policy::Policy;
use std::rc::Rc;

/// A request as the proxy sees it, and what the proxy knows about its sender.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) principal: Option<String>,
    /// JWT claims by name; one inside another is written `outer.inner`.
    pub(crate) claims: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Caller for Exchange {
    fn principal(&self) -> Option<Vec<u8>> {
        self.principal.clone().map(String::into_bytes)
    }

    fn claim(&self, path: &[String]) -> Option<Vec<u8>> {
        let wanted = path.join(".");
        self.claims.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.clone().into_bytes())
    }
}

impl Exchange {
    /// The decision record that Envoy's access log gets; `None` for what is not an LLM call.
    pub(crate) fn record(&self, policy: &Rc<Policy>) -> Option<String> {
        let headers = self.header_list();
        match receive(policy, &headers, self, self.body.is_empty()) {
            Received::Pass(record) => record,
            Received::Reply(reply) => Some(reply.record),
            Received::Read(mut reading) => {
                let steps = [reading.push(&self.body), reading.finish()];
                // A refusal after the decision has the last word, as in the proxy.
                steps.into_iter().rev().find_map(|step| match step {
                    Step::Route(edits) => Some(edits.record),
                    Step::Reply(reply) => Some(reply.record),
                    Step::Hold | Step::Flow => None,
                })
            }
        }
    }

    /// As Envoy holds them: pseudo-headers first, `host` as `:authority`, no connection headers.
    fn header_list(&self) -> Vec<(&[u8], &[u8])> {
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
