//! Answers that need no upstream, in the shape of the API that the client speaks.

pub(crate) mod budget;
mod usable;

pub(crate) use usable::Usable;

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
        Endpoint::Named(named) => named.family,
        _ => Family::OpenAi,
    }
}

/// Seconds until an overloaded worker is worth another try; clients wait for as long as a header says.
const RETRY_AFTER: &str = "1";

/// A refusal by the policy, in the shape of the client's API. `record` holds what is known beside it.
pub(crate) fn refuse(policy: &Policy, family: Family, record: Record, refusal: &Refusal) -> Reply {
    let usable = Usable::of(policy, &record, refusal.reason);
    let told = usable.as_ref().filter(|_| policy.tells_usable());
    let told = told.map(|usable| Refusal {
        message: format!("{}; {}", refusal.message, usable.sentence(record.tenant.as_deref())).into(),
        ..refusal.clone()
    });
    let refusal = told.as_ref().unwrap_or(refusal);
    let record = Record { usable, ..record.refusing(refusal) };
    let mut headers = Vec::new();
    if policy.tells_clients() {
        headers.extend(record.rule.as_ref().map(|rule| (names::RULE_HEADER, rule.as_ref().to_owned())));
        headers.push((names::REASON_HEADER, refusal.reason.code().to_owned()));
    }
    if refusal.reason == Reason::Overloaded {
        headers.push(("retry-after", RETRY_AFTER.to_owned()));
    }
    Reply { status: refusal.status, headers, body: error_body(family, refusal), record }
}

/// An error object as the API's own servers write it.
pub(crate) fn error_body(family: Family, refusal: &Refusal) -> Vec<u8> {
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
                "message": message, "type": openai_type(*status), "param": openai_param(*reason),
                "code": if family == Family::Azure { azure_code(*reason) } else { openai_code(*reason) },
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

/// The same at Azure, where the model is a deployment.
const fn azure_code(reason: Reason) -> &'static str {
    match reason {
        Reason::UnknownModel | Reason::UnlistedModel => "DeploymentNotFound",
        other => openai_code(other),
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
        check("/model/a/converse", r#"{"message":"no gate"}"#);
        check("/v1beta/models/a:countTokens", r#"{"error":{"code":500,"message":"no gate","status":"INTERNAL"}}"#);
        check(
            "/v1/chat/completions",
            r#"{"error":{"code":"installation","message":"no gate","param":null,"type":"server_error"}}"#,
        );
    }

    /// The message and the log's line for a refusal of a request under this policy.
    fn refused(visibility: &str, tenant: Option<&str>, reason: Reason) -> (String, String) {
        let models: Vec<_> = (0..30).map(|nth| json!({"name": format!("m{nth}"), "cluster": "c"})).collect();
        let tenants = json!([{"name": "lab", "match": {"principals": ["a"]}, "models": {"allow": ["m1", "m2*"]}}]);
        let visibility: Value = serde_json::from_str(visibility).expect("JSON");
        let policy = json!({"models": models, "tenants": tenants, "visibility": visibility});
        let policy = std::sync::Arc::new(Policy::from_json(policy.to_string().as_bytes()).expect("a policy"));
        let tenant = tenant.and_then(|name| policy.tenant_named(name));
        let record = Record::under(&policy, tenant, Disposition::Deny, reason);
        let reply = refuse(&policy, Family::Ollama, record, &reason.refuse());
        let body: Value = serde_json::from_slice(&reply.body).expect("JSON");
        assert_eq!(reply.record.message.as_deref(), body["error"].as_str());
        (
            body["error"].as_str().unwrap_or_default().to_owned(),
            crate::stream::summary::Summary(&reply.record).to_string(),
        )
    }

    #[test]
    fn an_overloaded_worker_says_when_to_try_again() {
        let policy = Policy::from_json(br#"{"models": [{"name": "m", "cluster": "c"}]}"#).expect("a policy");
        let headers = |reason: Reason| {
            let record = Record::under(&policy, None, Disposition::Deny, reason);
            refuse(&policy, Family::OpenAi, record, &reason.refuse()).headers
        };
        assert_eq!(headers(Reason::Overloaded), [("retry-after", "1".to_owned())]);
        assert!(headers(Reason::UnknownModel).is_empty());
    }

    #[test]
    fn refusals_say_what_the_caller_may_use() {
        let mine =
            "tenant `lab` may use `m1`, `m2`, `m20`, `m21`, `m22`, `m23`, `m24`, `m25`, `m26`, `m27`, `m28`, `m29`";
        let (message, line) = refused(r#"{"allowedModels": true}"#, Some("lab"), Reason::UnknownModel);
        assert_eq!(message, format!("the policy knows no model of that name; {mine}"));
        assert!(line.ends_with(mine), "{line}");
        let (message, _) = refused(r#"{"allowedModels": true}"#, None, Reason::MissingModel);
        assert!(message.contains("there is `m0`, ") && message.ends_with("`m19` and 10 more"), "{message}");
    }

    #[test]
    fn clients_are_told_only_if_the_policy_says_so_and_the_log_always() {
        let (message, line) = refused("{}", Some("lab"), Reason::NoCandidateForTenant);
        assert_eq!(message, "this tenant may not use any model that could serve the request");
        assert!(line.contains(": tenant `lab` may use `m1`, `m2`"), "{line}");
        let (message, line) = refused(r#"{"allowedModels": true}"#, None, Reason::UnknownTenant);
        assert!(!message.contains("m1") && !line.contains("m1"), "{message} {line}");
    }
}
