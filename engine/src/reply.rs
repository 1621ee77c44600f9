//! Answers that need no upstream, in the shape of the API that the client speaks.

use crate::api::Family;
use crate::names;
use crate::policy::Policy;
use crate::reason::{Reason, Refusal};
use crate::record::{Disposition, Record};
use crate::request::endpoint::{self, Endpoint};
use serde_json::{Value, json};

/// An answer to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Headers beside `content-type: application/json`, which every reply has.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The decision record, for filter state.
    pub record: Record,
}

/// The answer to a wrong installation of the filter.
#[must_use]
pub fn installation(family: Family, what: &str) -> Reply {
    let refusal = Reason::Installation.refuse_for(what);
    let record = Record::new(Disposition::Deny, refusal.reason).refusing(&refusal);
    Reply { status: refusal.status, headers: Vec::new(), body: error_body(family, &refusal), record }
}

/// The errors that whoever calls this path understands.
pub(crate) fn family(path: &[u8]) -> Family {
    match endpoint::recognise(path, &[]) {
        Endpoint::Api(api) | Endpoint::Ambiguous(api) => api.family(),
        _ => Family::OpenAi,
    }
}

/// A refusal by the policy, in the shape of the client's API. `record` holds what is known beside it.
pub(crate) fn refuse(policy: &Policy, family: Family, record: Record, refusal: &Refusal) -> Reply {
    let record = record.refusing(refusal);
    let headers = match policy.tells_clients() {
        true => {
            let rule = record.rule.as_ref().map(|rule| (names::RULE_HEADER, rule.as_ref().to_owned()));
            rule.into_iter().chain([(names::REASON_HEADER, refusal.reason.code().to_owned())]).collect()
        }
        false => Vec::new(),
    };
    Reply { status: refusal.status, headers, body: error_body(family, refusal), record }
}

/// An error object as the API's own servers write it.
fn error_body(family: Family, refusal: &Refusal) -> Vec<u8> {
    let Refusal { reason, status, message } = refusal;
    let value = match family {
        Family::Anthropic => json!({
            "type": "error",
            "error": { "type": anthropic_type(*status), "message": message },
        }),
        Family::Ollama => json!({ "error": message }),
        Family::Gemini => json!({
            "error": { "code": status, "message": message, "status": google_status(*status) },
        }),
        Family::Bedrock => json!({ "message": message }),
        Family::OpenAi | Family::Azure => json!({
            "error": {
                "message": message, "type": openai_type(*status), "param": openai_param(*reason), "code": openai_code(*reason),
            },
        }),
    };
    value.to_string().into_bytes()
}

/// The code that OpenAI's own servers use, where they have one.
const fn openai_code(reason: Reason) -> &'static str {
    match reason {
        Reason::UnknownModel | Reason::UnlistedModel => "model_not_found",
        Reason::MissingModel => "model_required",
        other => other.code(),
    }
}

fn openai_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    }
}

/// The parameter that the client should look at.
fn openai_param(reason: Reason) -> Value {
    match reason {
        Reason::UnknownModel | Reason::UnlistedModel | Reason::MissingModel | Reason::ModelName => json!("model"),
        _ => Value::Null,
    }
}

fn anthropic_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}

fn google_status(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        500.. => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: &str) {
        let reply = installation(family(path.as_bytes()), "no gate");
        assert_eq!(String::from_utf8(reply.body).expect("text"), expected);
    }

    #[test]
    fn errors_speak_the_clients_api() {
        check("/v1/messages", r#"{"error":{"message":"no gate","type":"api_error"},"type":"error"}"#);
        check("/api/chat", r#"{"error":"no gate"}"#);
        check(
            "/v1/chat/completions",
            r#"{"error":{"code":"installation","message":"no gate","param":null,"type":"server_error"}}"#,
        );
    }
}
