//! The headers around a body: whether it is JSON in plain UTF-8 or a form, and how long it says it is.

use super::violation::Violation;
use crate::api::{Api, Family, Naming};
use crate::form::Boundary;

/// The request headers as the proxy holds them, pseudo-headers included, names in lower case.
pub type HeaderList<'a> = [(&'a [u8], &'a [u8])];

/// What the headers say about the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) content_length: Option<u64>,
    /// Whether a digest of the body is sent along, which a splice would falsify.
    pub(crate) has_digest: bool,
    /// What stands between the parts of a form. `None` for JSON.
    pub(crate) boundary: Option<Boundary>,
}

/// Headers that carry a digest of the body.
pub(crate) const DIGESTS: [&str; 4] = ["content-md5", "digest", "content-digest", "repr-digest"];

/// Reads the headers that describe the body. Anything that two servers could read differently is refused.
///
/// Ollama reads JSON whatever the content-type says; its clients, curl above all, leave it out or send a form's.
pub(crate) fn read(headers: &HeaderList<'_>, family: Family, api: Api) -> Result<Envelope, Violation> {
    let mut envelope = Envelope::default();
    let mut content_type = None;
    for (name, value) in headers {
        match *name {
            b"content-type" if content_type.is_some() => return Err(Violation::ContentType),
            b"content-type" => content_type = Some(*value),
            b"content-encoding" if !value.trim_ascii().eq_ignore_ascii_case(b"identity") => {
                return Err(Violation::ContentEncoding);
            }
            b"content-length" => envelope.content_length = Some(number(value).ok_or(Violation::ContentLength)?),
            name if DIGESTS.iter().any(|digest| digest.as_bytes() == name) => envelope.has_digest = true,
            _ => {}
        }
    }
    match content_type {
        None | Some(b"application/x-www-form-urlencoded") if family == Family::Ollama => {}
        value if api.naming() == Naming::Form => envelope.boundary = form_or_json(value.unwrap_or_default())?,
        other => check_content_type(other.ok_or(Violation::ContentType)?)?,
    }
    Ok(envelope)
}

/// Whether AWS's signature stands in the headers or in the query.
pub(crate) fn is_signed(headers: &HeaderList<'_>, path: &[u8]) -> bool {
    let begins =
        |value: &[u8], with: &[u8]| value.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    let in_headers = headers.iter().any(|(name, value)| match *name {
        b"authorization" => begins(value.trim_ascii_start(), b"AWS4-"),
        b"x-amz-date" | b"x-amz-content-sha256" => true,
        _ => false,
    });
    let query = path.splitn(2, |byte| *byte == b'?').nth(1).unwrap_or_default();
    in_headers || query.split(|byte| *byte == b'&').any(|parameter| begins(parameter, b"X-Amz-"))
}

fn number(value: &[u8]) -> Option<u64> {
    let digits = value.trim_ascii();
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The boundary of a form; `None` for JSON.
fn form_or_json(value: &[u8]) -> Result<Option<Boundary>, Violation> {
    let kind = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    if kind.eq_ignore_ascii_case(b"multipart/form-data") {
        return Boundary::of_content_type(value).map(Some).ok_or(Violation::Boundary);
    }
    match check_content_type(value) {
        Err(Violation::ContentType) => Err(Violation::FormType),
        checked => checked.map(|()| None),
    }
}

/// `application/json`, with no parameter but `charset=utf-8`.
fn check_content_type(value: &[u8]) -> Result<(), Violation> {
    let mut parts = value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    if !parts.next().unwrap_or_default().eq_ignore_ascii_case(b"application/json") {
        return Err(Violation::ContentType);
    }
    for parameter in parts.filter(|parameter| !parameter.is_empty()) {
        let mut sides = parameter.splitn(2, |byte| *byte == b'=').map(<[u8]>::trim_ascii);
        let (name, value) = (sides.next().unwrap_or_default(), sides.next().unwrap_or_default());
        if !name.eq_ignore_ascii_case(b"charset") {
            continue;
        }
        let value = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
        if !value.eq_ignore_ascii_case(b"utf-8") && !value.eq_ignore_ascii_case(b"utf8") {
            return Err(Violation::Charset);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&str, &str)], expected: Result<(), Violation>) {
        let list: Vec<(&[u8], &[u8])> =
            headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        assert_eq!(read(&list, Family::OpenAi, Api::Moderations).map(|_| ()), expected, "{headers:?}");
    }

    #[test]
    fn json_in_utf8_is_read() {
        for value in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
        ] {
            check(&[("content-type", value)], Ok(()));
        }
        check(&[("content-type", "application/json"), ("content-encoding", "identity")], Ok(()));
    }

    #[test]
    fn anything_else_is_refused() {
        check(&[], Err(Violation::ContentType));
        for value in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/jsonp",
            "application/json, text/plain",
        ] {
            check(&[("content-type", value)], Err(Violation::ContentType));
        }
        check(
            &[("content-type", "application/json"), ("content-type", "application/json")],
            Err(Violation::ContentType),
        );
        for value in ["utf-16", "latin1", "utf-7", ""] {
            check(&[("content-type", &format!("application/json; charset={value}"))], Err(Violation::Charset));
        }
        for value in ["gzip", "br", "identity, gzip", "deflate", ""] {
            check(
                &[("content-type", "application/json"), ("content-encoding", value)],
                Err(Violation::ContentEncoding),
            );
        }
    }

    #[test]
    fn signatures_of_aws_are_seen() {
        let signed =
            |name: &str, value: &str, path: &str| is_signed(&[(name.as_bytes(), value.as_bytes())], path.as_bytes());
        assert!(signed("authorization", "AWS4-HMAC-SHA256 Credential=a/b", "/model/a/converse"));
        assert!(signed("authorization", " aws4-ecdsa-p256-sha256 Credential=a", "/model/a/converse"));
        assert!(signed("x-amz-date", "20260101T000000Z", "/model/a/converse"));
        assert!(signed("x", "y", "/model/a/converse?a=b&x-amz-signature=1"));
        assert!(!signed("authorization", "Bearer AWS4-HMAC-SHA256", "/model/X-Amz-a/converse?a=X-Amz-"));
        assert!(!signed("x-amzn-bedrock-accept", "*/*", "/model/a/converse?"));
    }

    #[test]
    fn some_apis_take_forms() {
        let read = |value: &str| {
            let read = read(&[(b"content-type", value.as_bytes())], Family::OpenAi, Api::Transcriptions);
            read.map(|envelope| envelope.boundary.map(|boundary| boundary.as_str().to_owned()))
        };
        assert_eq!(read("multipart/form-data; boundary=x"), Ok(Some("x".to_owned())));
        assert_eq!(read("Multipart/Form-Data;boundary=x"), Ok(Some("x".to_owned())));
        assert_eq!(read("application/json"), Ok(None));
        assert_eq!(read("application/json; charset=latin1"), Err(Violation::Charset));
        assert_eq!(read("multipart/form-data"), Err(Violation::Boundary));
        for other in ["", "multipart/mixed; boundary=x", "application/x-www-form-urlencoded", "audio/mpeg"] {
            assert_eq!(read(other), Err(Violation::FormType), "{other}");
        }
    }

    #[test]
    fn ollama_needs_no_content_type() {
        let read = |value: Option<&'static [u8]>| {
            let headers: Vec<(&[u8], &[u8])> = value.map(|value| (&b"content-type"[..], value)).into_iter().collect();
            read(&headers, Family::Ollama, Api::OllamaChat).map(|_| ())
        };
        assert_eq!([read(None), read(Some(b"application/x-www-form-urlencoded"))], [Ok(()), Ok(())]);
        assert_eq!(read(Some(b"application/json; charset=latin1")), Err(Violation::Charset));
        assert_eq!(read(Some(b"multipart/form-data; boundary=x")), Err(Violation::ContentType));
    }

    #[test]
    fn digests_and_length_are_noted() {
        let list: Vec<(&[u8], &[u8])> = vec![
            (b"content-type", b"application/json"),
            (b"content-length", b"12"),
            (b"content-digest", b"sha-256=:x:"),
        ];
        assert_eq!(
            read(&list, Family::OpenAi, Api::Moderations),
            Ok(Envelope { content_length: Some(12), has_digest: true, boundary: None })
        );
    }
}
