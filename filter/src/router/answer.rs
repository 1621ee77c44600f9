//! What becomes of an answer on its way to the client.

use super::{Phase, Stream, strip_reserved};
use crate::feedback;
use crate::host::{self, Headers};
use crate::installation::REFUSED_ATTEMPT;
use pointsman_engine::attempt::Tried;
use pointsman_engine::names::{ATTEMPT_PROPERTY, RECORD_PROPERTY};
use pointsman_engine::{Answer, Expectation};

impl Stream {
    /// Notes what the answer says, sets the response headers the policy asks for, and lets none of the upstream's stand
    /// beside them.
    pub(super) fn hear(&mut self) {
        if let Some(expected) = self.reading.expectation() {
            if let Some(model) = expected.heard() {
                // The table is the router's own.
                let _ = feedback::listen(model, is_providers_answer);
            }
            let answer = if expected.is_direct() { expected.answered(true, None) } else { complete(expected) };
            label_response(&answer.headers);
        }
        if matches!(self.phase, Phase::Answering) {
            self.phase = Phase::Over;
        }
    }
}

/// Completes the record of a chain: which attempt, and whose answer.
fn complete(expected: &Expectation) -> Answer {
    let tried = host::property(ATTEMPT_PROPERTY.as_bytes());
    let tried = tried.as_deref();
    let answer = expected.answered(is_providers_answer(), tried.and_then(Tried::read).as_ref());
    if let Some(record) = &answer.record
        && tried != Some(REFUSED_ATTEMPT)
    {
        let _ = host::set_property(RECORD_PROPERTY, record.to_json().as_bytes());
    }
    answer
}

/// Sets response headers of ours.
fn label_response(labels: &[(&'static str, String)]) {
    if labels.is_empty() {
        return;
    }
    let map = host::headers(Headers::Response);
    if let Some(mut headers) = map.as_ref().ok().and_then(|map| map.pairs()) {
        let _ = strip_reserved(&mut headers, Headers::Response);
    }
    for (name, value) in labels {
        let _ = host::set_header(Headers::Response, name.as_bytes(), value.as_bytes());
    }
}

/// Did a provider answer, and not Envoy by itself?
fn is_providers_answer() -> bool {
    host::property(b"response\0code_details").is_some_and(|details| *details == *b"via_upstream")
}
