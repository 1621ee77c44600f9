use super::*;
use crate::names;
use regex_lite::Regex;

fn has_header(name: &str) -> bool {
    Accounts::default().are_in(&[(b":path", b"/v1/messages"), (name.as_bytes(), b"x")], b"/v1/messages")
}

fn has_parameter(path: &str) -> bool {
    Accounts::default().are_in(&[(b"x-team", b"search")], path.as_bytes())
}

/// Headers that some gateway, provider or proxy documents for the account of a request, and that stand in no table here.
const UNLISTED: [&str; 16] = [
    "x-acme-api-key",
    "x-acme-apikey-v2",
    "x-litellm-user-key",
    "x-portkey-aws-secret-access-key",
    "helicone-anthropic-auth",
    "cf-aig-token",
    "x-amzn-oidc-accesstoken",
    "x-auth-request-email",
    "x-jwt",
    "x-upstream-authorization",
    "authorization-2",
    "acme_api_key",
    "x-ms-client-secret",
    "x-openai-organization",
    "groq-organization",
    "x-acme-project",
];

/// Headers of ordinary requests.
const OTHER: [&str; 22] = [
    ":authority",
    ":path",
    "accept",
    "anthropic-beta",
    "anthropic-version",
    "content-type",
    "idempotency-key",
    "openai-beta",
    "traceparent",
    "tokens",
    "user-agent",
    "x-author",
    "x-claude-code-session-id",
    "x-envoy-original-path",
    "x-forwarded-for",
    "x-keyring",
    "x-max-tokens",
    "x-monkey",
    "x-request-id",
    "x-session-id",
    "x-stainless-lang",
    "x-team",
];

#[test]
fn an_account_is_seen_in_whichever_header_it_is() {
    for header in HEADERS.into_iter().chain(UNLISTED) {
        assert!(has_header(header), "{header}");
    }
    for header in OTHER.into_iter().chain(OTHERS) {
        assert!(!has_header(header), "{header}");
    }
}

#[test]
fn the_patterns_take_what_the_words_take() {
    let compile = |pattern: String| Regex::new(&format!("^(?:{pattern})$")).expect("a regular expression");
    let patterns: Vec<Regex> = patterns().into_iter().map(compile).collect();
    let is_match = |header: &str| patterns.iter().any(|pattern| pattern.is_match(header));
    for header in UNLISTED.into_iter().chain(OTHERS) {
        assert!(is_match(header), "{header}");
    }
    // What an attempt needs of the router, and of Envoy, stays.
    let own = [names::CLUSTER_HEADER, names::PLAN_HEADER, names::PROVIDER_HEADER, names::MIRROR_HEADER];
    for header in OTHER.into_iter().filter(|header| !OTHERS.contains(header)).chain(own) {
        assert!(!is_match(header), "{header}");
    }
}

#[test]
fn an_account_is_seen_in_the_query_however_it_is_spelled() {
    for query in [
        "key=x",
        "a=b&access_token=x",
        "api-key",
        "a=b?c&api_key=x",
        "Key=x",
        "KEY=x",
        "x=1;key=secret",
        "%6bey=x",
        "k%65y=x",
        "%256bey=x",
        "+key=x",
        "key+=x",
        "%20key%20=x",
        "subscription-key=x",
        "subscriptionKey=x",
        "apiKey=x",
        "accessToken=x",
        "auth=x",
        "token=x",
        "code=x",
        "sig=x",
        "X-Amz-Signature=x",
        "X-Amz-Credential=x",
        "key[]=x",
        "a%26key=x",
        "key%3Dx",
    ] {
        assert!(has_parameter(&format!("/v1/messages?{query}")), "{query}");
    }
    for path in ["/v1/messages", "/key=x", "/?keyring=x", "/?a=key", "/?monkey=x&a=b", "/?api-version=1", "/?a=x%26key"]
    {
        assert!(!has_parameter(path), "{path}");
    }
}

#[test]
fn a_path_without_accounts_has_all_else() {
    let check = |path: &str, expected: &str| assert_eq!(Accounts::default().without(path), expected);
    check("/v1/messages", "/v1/messages");
    check("/v1/messages?", "/v1/messages?");
    check("/v1/messages?key=secret&a=b&api-key=x", "/v1/messages?a=b");
    check("/v1/messages?access_token=secret", "/v1/messages");
    check("/v1/messages?a=b?c&api_key=x&keyring=y", "/v1/messages?a=b?c&keyring=y");
    check("/v1/messages?x=1;key=secret", "/v1/messages?x=1");
    check("/v1/messages?x=1;key=secret;y=2", "/v1/messages?x=1;y=2");
    check("/v1/messages?x=1;y=2&Key=secret;z=3", "/v1/messages?x=1;y=2;z=3");
    check("/v1/messages?%6Bey=secret&&a=b", "/v1/messages?&a=b");
}

#[test]
fn a_policy_knows_of_more() {
    let accounts = Accounts {
        headers: vec!["x-badge".to_owned()],
        parameters: vec!["badge_no".to_owned()],
        except: vec!["x-csrf-token".to_owned(), "authorization".to_owned()],
    };
    let has = |header: &str, path: &str| accounts.are_in(&[(header.as_bytes(), b"x")], path.as_bytes());
    assert!(has("x-badge", "/") && has("x-team", "/?Badge_No=1") && has("x-auth-token", "/"));
    assert!(!has("x-csrf-token", "/") && !has("x-team", "/?badge=1"));
    // What is known by name stays known.
    assert!(has("authorization", "/"));
    assert_eq!(accounts.without("/?badge_no=1&a=b"), "/?a=b");
}
