//! What all demo replies share: JSON bodies, and each API family's way to say that something is wrong.

use super::form;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Whose error shape to use.
#[derive(Debug, Clone, Copy)]
pub(super) enum Family {
    OpenAi,
    Anthropic,
    Ollama,
    Gemini,
}

impl Family {
    /// Whose API has this path.
    pub(super) fn of(path: &str) -> Self {
        match path {
            _ if path.contains("/v1/messages") => Self::Anthropic,
            _ if path.starts_with("/api/") => Self::Ollama,
            _ if path.contains("/models/") => Self::Gemini,
            _ => Self::OpenAi,
        }
    }
}

/// JSON with a final line break, which a terminal likes.
pub(super) fn json(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], format!("{value}\n")).into_response()
}

/// An error as the API says it.
pub(super) fn error(family: Family, status: StatusCode, message: &str) -> Response {
    let body = match family {
        Family::OpenAi => {
            let (kind, code) = openai_kind(status);
            json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
        }
        Family::Anthropic => {
            let error = json!({"type": anthropic_kind(status), "message": message});
            json!({"type": "error", "error": error, "request_id": "req_demo"})
        }
        Family::Ollama => json!({"error": message}),
        Family::Gemini => {
            json!({"error": {"code": status.as_u16(), "message": message, "status": google_status(status)}})
        }
    };
    (status, json(&body)).into_response()
}

/// The `type` and the `code` of an error.
fn openai_kind(status: StatusCode) -> (&'static str, Option<&'static str>) {
    match status.as_u16() {
        401 => ("invalid_request_error", Some("invalid_api_key")),
        429 => ("requests", Some("rate_limit_exceeded")),
        500.. => ("server_error", None),
        _ => ("invalid_request_error", None),
    }
}

fn anthropic_kind(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}

fn google_status(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        500.. => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    }
}

pub(super) async fn not_found() -> Response {
    error(Family::OpenAi, StatusCode::NOT_FOUND, "this demo server does not serve that path")
}

/// A request body: an object with a `model` and the fields in `required`.
pub(super) struct Request {
    pub(super) body: Value,
    pub(super) model: String,
}

impl Request {
    /// Reads the body, or says what is wrong with it as `family` would.
    pub(super) fn read(family: Family, bytes: &Bytes, required: &[&str]) -> Result<Self, Box<Response>> {
        let bad = |message: &str| Box::new(error(family, StatusCode::BAD_REQUEST, message));
        let body = serde_json::from_slice(bytes).map_err(|err| bad(&format!("the body is not valid JSON: {err}")))?;
        Self::of(family, body, required)
    }

    /// The same of a form, or of JSON where it is none.
    pub(super) fn read_form(
        family: Family,
        headers: &HeaderMap,
        bytes: &Bytes,
        required: &[&str],
    ) -> Result<Self, Box<Response>> {
        match form::read(headers, bytes) {
            Some(body) => Self::of(family, body, required),
            None => Self::read(family, bytes, required),
        }
    }

    fn of(family: Family, body: Value, required: &[&str]) -> Result<Self, Box<Response>> {
        let bad = |message: &str| Box::new(error(family, StatusCode::BAD_REQUEST, message));
        if let Some(missing) = required.iter().find(|field| body.get(**field).is_none()) {
            return Err(bad(&format!("{missing}: field required")));
        }
        match body.get("model").and_then(Value::as_str) {
            Some(model) => Ok(Self { model: model.to_owned(), body }),
            None => Err(bad("you must provide a model parameter")),
        }
    }

    pub(super) fn get(&self, field: &str) -> &Value {
        self.body.get(field).unwrap_or(&Value::Null)
    }

    /// In a form, everything is a text.
    pub(super) fn is(&self, field: &str) -> bool {
        let value = self.get(field);
        value.as_bool() == Some(true) || value == "true"
    }

    pub(super) fn number(&self, field: &str) -> Option<u64> {
        let value = self.get(field);
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    }

    /// About as many tokens as `field` has; a token is taken to be four characters.
    pub(super) fn tokens(&self, field: &str) -> usize {
        tokens(self.get(field)).max(1)
    }
}

pub(super) fn tokens(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count().div_ceil(4),
        Value::Array(items) => items.iter().map(tokens).sum(),
        Value::Object(members) => members.values().map(tokens).sum(),
        _ => 0,
    }
}

/// The answer in the pieces in which it is streamed.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(' ')
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
