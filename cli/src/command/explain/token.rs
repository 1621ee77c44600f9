//! Claims out of a token in a file. What the proxy proves, nobody here does: it has the keys.

use crate::request_file;
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use pointsman_engine::budget::window::rfc3339;
use serde_json::Value;
use std::path::Path;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The payload of the token in a file.
pub(super) fn read(file: &Path) -> Result<Value, String> {
    payload(&request_file::bytes(file)?).ok_or_else(|| {
        let what = "expected a JWT, as HEADER.PAYLOAD.SIGNATURE in base64url";
        format!("--jwt: `{}`: {what}", file.display())
    })
}

fn payload(token: &[u8]) -> Option<Value> {
    let token = std::str::from_utf8(token).ok()?.trim();
    let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
    let [head, payload, _] = token.split('.').collect::<Vec<_>>().try_into().ok()?;
    serde_json::from_slice::<Value>(&BASE64.decode(head).ok()?).ok().filter(Value::is_object)?;
    serde_json::from_slice(&BASE64.decode(payload).ok()?).ok().filter(Value::is_object)
}

/// What a proxy would look at, and this does not. `now` is in milliseconds since 1970.
pub(super) fn warnings(payload: &Value, now: u64) -> Vec<String> {
    let mut warnings = vec![
        "--jwt: the signature is not verified here; the proxy does that (`jwt_authn`), and lets no other token through"
            .to_owned(),
    ];
    let time = |name: &str| payload.get(name).and_then(Value::as_f64).filter(|time| *time >= 0.0);
    let moment = |seconds: f64| rfc3339((seconds * 1_000.0).min(253_402_300_799_000.0) as u64);
    let now = now as f64 / 1_000.0;
    if let Some(end) = time("exp").filter(|end| *end <= now) {
        warnings.push(format!("--jwt: the token has expired ({}): the proxy refuses it", moment(end)));
    }
    if let Some(start) = time("nbf").filter(|start| *start > now) {
        warnings.push(format!("--jwt: the token is not valid before {}: the proxy refuses it", moment(start)));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn token(payload: &str) -> String {
        format!("{}.{}.c2ln", BASE64.encode(r#"{"alg":"RS256"}"#), BASE64.encode(payload))
    }

    #[test]
    fn the_payload_is_what_stands_in_the_middle() {
        let expected = Some(json!({ "sub": "ann", "groups": ["a", "b"] }));
        let payload_of = |text: String| payload(text.as_bytes());
        let token = token(r#"{"sub":"ann","groups":["a","b"]}"#);
        assert_eq!(payload_of(token.clone()), expected);
        assert_eq!(payload_of(format!(" Bearer {}\n", token.replace('=', ""))), expected);
        for wrong in ["", "a.b", "a.b.c", "..", "{}", &self::token("[]"), &self::token("{"), &format!("{token}.e")] {
            assert_eq!(payload(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(payload(b"\xff.\xff.\xff"), None);
    }

    #[test]
    fn a_token_that_the_proxy_would_refuse_is_said_to_be_one() {
        let said = |payload: Value| warnings(&payload, 1_795_867_200_000);
        assert_eq!(said(json!({ "exp": 1_795_867_201 })).len(), 1);
        let expired = said(json!({ "exp": 1_795_867_200.0, "nbf": 1e300 }));
        assert!(
            expired[1].contains("has expired (2026-11-28T12:00:00Z)") && expired[2].contains("9999"),
            "{expired:?}"
        );
        assert_eq!(said(json!({ "exp": "soon", "nbf": -1 })).len(), 1);
    }
}
