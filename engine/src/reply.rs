//! Answers that need no upstream, in the shape of the API that the client speaks.

use crate::api::Family;
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
    pub record: String,
}

/// The answer to a wrong installation of the filter.
#[must_use]
pub fn installation(path: &[u8], what: &str) -> Reply {
    let family = match endpoint::recognise(path, &[]) {
        Endpoint::Api(api) | Endpoint::Ambiguous(api) => api.family(),
        _ => Family::OpenAi,
    };
    let record = json!({ "v": 1, "action": "deny", "reason": "installation", "status": 500, "message": what });
    Reply {
        status: 500,
        headers: Vec::new(),
        body: error_body(family, 500, "installation", what),
        record: record.to_string(),
    }
}

/// An error object as the API's own servers write it.
pub(crate) fn error_body(family: Family, status: u16, code: &str, message: &str) -> Vec<u8> {
    let value = match family {
        Family::Anthropic => json!({
            "type": "error",
            "error": { "type": anthropic_type(status), "message": message },
        }),
        Family::Ollama => json!({ "error": message }),
        Family::Gemini => json!({
            "error": { "code": status, "message": message, "status": google_status(status) },
        }),
        Family::Bedrock => json!({ "message": message }),
        _ => json!({
            "error": { "message": message, "type": openai_type(status), "param": openai_param(code), "code": code },
        }),
    };
    value.to_string().into_bytes()
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
fn openai_param(code: &str) -> Value {
    match code {
        "model_not_found" | "model_required" | "modelName" => json!("model"),
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
        let reply = installation(path.as_bytes(), "no gate");
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
