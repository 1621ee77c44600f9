//! Where clients put their keys, and with them the accounts that their requests are for. One list: whoever takes keys out
//! of a request and whoever asks whether there is one must not differ.

use crate::request::envelope::HeaderList;

/// Headers that hold a key or say whose account a request is for, in lower case. With another's key a request is either
/// wrong, or tells it to somebody whom it does not concern. So are cookies: one provider sets them, the next would get them.
pub const HEADERS: [&str; 10] = [
    "api-key",
    "authorization",
    "cookie",
    "ocp-apim-subscription-key",
    "openai-organization",
    "openai-project",
    "proxy-authorization",
    "x-amz-security-token",
    "x-api-key",
    "x-goog-api-key",
];

/// Parameters of the query in which some clients send their keys.
const PARAMETERS: [&str; 4] = ["key", "api-key", "api_key", "access_token"];

/// Whether the client has sent a key of its own, which may be passed on.
pub(crate) fn are_in(headers: &HeaderList<'_>, path: &[u8]) -> bool {
    let in_query = || {
        let query = path.splitn(2, |byte| *byte == b'?').nth(1).unwrap_or_default();
        query.split(|byte| *byte == b'&').any(|parameter| is_key(parameter.split(|byte| *byte == b'=').next()))
    };
    headers.iter().any(|(name, _)| HEADERS.iter().any(|key| key.as_bytes() == *name)) || in_query()
}

/// The path for somebody whom the client did not choose: without the parameters that hold keys.
pub(crate) fn without(path: &str) -> String {
    let Some((bare, query)) = path.split_once('?') else { return path.to_owned() };
    let is_other = |parameter: &&str| !is_key(parameter.as_bytes().split(|byte| *byte == b'=').next());
    let kept: Vec<&str> = query.split('&').filter(is_other).collect();
    if kept.is_empty() { bare.to_owned() } else { format!("{bare}?{}", kept.join("&")) }
}

fn is_key(parameter: Option<&[u8]>) -> bool {
    parameter.is_some_and(|name| PARAMETERS.iter().any(|key| key.as_bytes() == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_seen_wherever_clients_put_it() {
        for header in HEADERS {
            assert!(are_in(&[(b":path", b"/v1/messages"), (header.as_bytes(), b"x")], b"/v1/messages"), "{header}");
        }
        for path in ["/v1/messages?key=x", "/v1/messages?a=b&access_token=x", "/?api-key", "/?a=b?c&api_key=x"] {
            assert!(are_in(&[], path.as_bytes()), "{path}");
        }
        for path in ["/v1/messages", "/key=x", "/?keys=x", "/?a=key", "/?monkey=x&a=b"] {
            assert!(!are_in(&[(b"x-team", b"search")], path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn a_path_without_keys_has_all_else() {
        let check = |path: &str, expected: &str| assert_eq!(without(path), expected);
        check("/v1/messages", "/v1/messages");
        check("/v1/messages?key=secret&a=b&api-key=x", "/v1/messages?a=b");
        check("/v1/messages?access_token=secret", "/v1/messages");
        check("/v1/messages?a=b?c&api_key=x&keyring=y", "/v1/messages?a=b?c&keyring=y");
    }
}
