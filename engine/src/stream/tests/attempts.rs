//! What the upstream role promises: attempts in sequence over one header map, each with chunks of its own.

use super::chain::{Ending, Fate, Filters, Way, send};
use super::proxy::Proxy;
use super::{chunks, cuts, part, policy, request_headers};
use crate::Policy;
use crate::names::{CLUSTER_HEADER, PROVIDER_HEADER};
use crate::stream::upstream::UpstreamStream;
use crate::stream::{FilterStatus, pairs};
use proptest::prelude::*;
use serde_json::json;
use std::sync::Arc;

/// An endpoint: model, provider, authority, and what an attempt there sends as model and path.
type Endpoint = (&'static str, &'static str, &'static str, &'static str, &'static str);

const ENDPOINTS: [Endpoint; 4] = [
    ("small", "c-small", "", "a-rather-long-upstream-name", "/v1/chat/completions"),
    ("b", "c-b", "b.example", "b", "/v1/chat/completions"),
    ("b", "", "", "b", "/v1/chat/completions"),
    ("far", "c-far", "far.example", "far", "/azure/far/chat/completions"),
];

fn routed(body: &[u8], with_length: bool) -> Fate {
    let policy = policy(&json!([]), &json!({}), &["b", "far"]);
    let way = Way::undisturbed(Filters::Stop, Ending::WithLast);
    let fate = send(&policy, &request_headers(body, with_length), &chunks(body, &[]), &way);
    assert!(fate.is_complete && fate.body == body, "a chain's body leaves the router as it came");
    fate
}

fn mark((model, provider, authority, ..): (&str, &str, &str, &str, &str)) -> Vec<u8> {
    let all =
        [(&b"model"[..], model.as_bytes()), (b"provider", provider.as_bytes()), (b"authority", authority.as_bytes())];
    pairs::write(all.into_iter())
}

/// One attempt; it may be given up after some chunks. What the endpoint got, and whether that was all.
fn attempt(proxy: &mut Proxy, endpoint: Endpoint, chunks: &[Vec<u8>], ending: Ending) -> (Vec<u8>, bool) {
    attempt_at(proxy, mark(endpoint), chunks, ending)
}

/// The same, of an endpoint with this metadata.
fn attempt_at(proxy: &mut Proxy, mark: Vec<u8>, chunks: &[Vec<u8>], ending: Ending) -> (Vec<u8>, bool) {
    let metadata = b"xds\0upstream_host_metadata\0filter_metadata\0pointsman".to_vec();
    proxy.state.insert(metadata, mark);
    proxy.holds_headers = true;
    let mut stream = UpstreamStream::begin(proxy, false);
    let status = proxy.drive(&mut stream, &mut Vec::new());
    if !proxy.replies.is_empty() {
        return (Vec::new(), false);
    }
    assert_eq!(status, FilterStatus::Continue, "an attempt never holds its headers");
    proxy.holds_headers = false;
    let (mut sent, mut kept) = (Vec::new(), Vec::new());
    for (at, chunk) in chunks.iter().enumerate() {
        let end_of_stream = ending == Ending::WithLast && at + 1 == chunks.len();
        let mut seen = std::mem::take(&mut kept);
        seen.extend_from_slice(chunk);
        stream.body(proxy, seen.len(), end_of_stream);
        let status = proxy.drive(&mut stream, &mut seen);
        match status {
            _ if !proxy.replies.is_empty() => return (sent, false),
            FilterStatus::Continue => sent.append(&mut seen),
            _ => {
                assert!(!end_of_stream, "it hangs");
                kept = seen;
            }
        }
    }
    if ending == Ending::Trailers {
        stream.trailers(proxy);
        assert_eq!(proxy.drive(&mut stream, &mut kept), FilterStatus::Continue, "trailers go on");
    }
    (sent, true)
}

fn ending() -> impl Strategy<Value = Ending> {
    prop::sample::select(vec![Ending::WithLast, Ending::Trailers, Ending::Reset])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Each attempt sends its own model, path, host and length, whatever the one before has left behind.
    #[test]
    fn each_attempt_is_whole(
        padding in 0_usize..300,
        added: bool,
        is_form: bool,
        with_length: bool,
        tries in prop::collection::vec((prop::sample::select(ENDPOINTS.to_vec()), cuts(), ending()), 1..5),
    ) {
        let model = if added { r#""small""# } else { r#""sm\u0061ll""# };
        let body = format!(r#"{{"user":"{}","model": {model} ,"messages":[]}}"#, "x".repeat(padding));
        let form = || [part("user", &"x".repeat(padding)), part("model", "small"), part("n", "1"), "--B--".into()].concat();
        let body = if is_form { form() } else { body }.into_bytes();
        let mut proxy = routed(&body, with_length).proxy;
        for (endpoint, cuts, ending) in tries {
            let (_, provider, authority, name, path) = endpoint;
            let mut chunks = chunks(&body, &cuts);
            if ending == Ending::Reset {
                // The connection breaks while the body is on its way.
                chunks.truncate(chunks.len() / 2);
            }
            let (sent, whole) = attempt(&mut proxy, endpoint, &chunks, ending);
            if ending == Ending::Reset {
                continue;
            }
            prop_assert!(whole, "{}", proxy.record());
            let (old, new) = if is_form {
                ("\r\n\r\nsmall\r\n--B".to_owned(), format!("\r\n\r\n{name}\r\n--B"))
            } else {
                (model.to_owned(), format!("\"{name}\""))
            };
            let expected = String::from_utf8_lossy(&body).replace(&old, &new);
            let path = if is_form { path.replace("chat/completions", "audio/transcriptions") } else { path.to_owned() };
            prop_assert_eq!(String::from_utf8_lossy(&sent), &expected[..]);
            let length = with_length.then(|| expected.len().to_string());
            prop_assert_eq!(proxy.value("content-length"), length);
            assert_eq!(proxy.value(":path"), Some(path));
            let authority = if authority.is_empty() { "llm.example" } else { authority };
            assert_eq!(proxy.value(":authority").as_deref(), Some(authority));
            assert_eq!(proxy.value(PROVIDER_HEADER).as_deref(), Some(provider).filter(|name| !name.is_empty()));
            prop_assert!(proxy.value(CLUSTER_HEADER).is_some_and(|cluster| cluster.starts_with("failover:")));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// What a model changes besides its name is changed in any split, however long it is.
    #[test]
    fn each_attempt_changes_its_own_fields(
        padding in 0_usize..300,
        added: bool,
        tries in prop::collection::vec((prop::sample::select(vec!["small", "b", "c"]), cuts(), ending()), 1..5),
    ) {
        let policy = changing_policy();
        let model = if added { "" } else { r#""model": "small" ,"# };
        let body = format!(
            r#"{{ "user" : "{}", "seed":1,{model} "max_tokens": 70000,"stop" : {{"a":[{}]}} }}"#,
            "x".repeat(padding),
            "1,".repeat(padding) + "1",
        );
        let body = body.into_bytes();
        let way = Way::undisturbed(Filters::Stop, Ending::WithLast);
        let fate = send(&policy, &request_headers(&body, true), &chunks(&body, &[]), &way);
        prop_assert!(fate.is_complete && fate.body == body, "{}", fate.proxy.record());
        let mut proxy = fate.proxy;
        let plan = proxy.state.get(crate::names::PLAN_PROPERTY.as_bytes()).cloned().expect("a plan");
        let plan = crate::attempt::Plan::read(&plan).expect("a plan");
        for (model, cuts, ending) in tries {
            let mut chunks = chunks(&body, &cuts);
            if ending == Ending::Reset {
                chunks.truncate(chunks.len() / 2);
            }
            let (sent, whole) = attempt_at(&mut proxy, mark((model, "", "", "", "")), &chunks, ending);
            if ending == Ending::Reset {
                continue;
            }
            prop_assert!(whole, "{}", proxy.record());
            let splices = plan.attempt(model.as_bytes(), None).expect("an attempt").splices;
            let expected = crate::spliced(&body, &splices);
            prop_assert_eq!(String::from_utf8_lossy(&sent), String::from_utf8_lossy(&expected));
            prop_assert_eq!(proxy.value("content-length"), Some(expected.len().to_string()));
        }
    }
}

/// Three models that drop, rename, cap and add.
fn changing_policy() -> Arc<Policy> {
    let model = |name: &str, fallback: &[&str], parameters: serde_json::Value| json!({ "name": name, "cluster": "c", "fallback": fallback, "parameters": parameters });
    let policy = json!({
        "models": [
            model("small", &["b", "c"], json!({ "user": { "drop": true }, "seed": { "rename": "s" }, "n": { "default": 1 } })),
            model("b", &[], json!({ "stop": { "drop": true }, "max_tokens": { "cap": 5 }, "stop_words": { "default": "é" } })),
            model("c", &[], json!({ "stop": { "cap": 1 }, "seed": { "drop": true }, "user": { "drop": true } })),
        ],
        "onFailure": { "missingModel": { "model": "small" } },
    });
    Arc::new(Policy::from_json(policy.to_string().as_bytes()).expect("a policy"))
}

const BODY: &[u8] = br#"{"model":"small","messages":[]}"#;

/// Nothing goes to an endpoint that the plan does not name, and nothing of another body anywhere.
#[test]
fn what_does_not_fit_is_refused() {
    let check = |endpoint: Endpoint, body: &[u8], plan: bool| {
        let mut proxy = routed(BODY, true).proxy;
        if !plan {
            proxy.state.remove(crate::names::PLAN_PROPERTY.as_bytes());
        }
        let (_, whole) = attempt(&mut proxy, endpoint, &[body.to_vec()], Ending::WithLast);
        assert_eq!((whole, &proxy.replies[..]), (false, &[500][..]));
    };
    check(("nobody", "", "", "", ""), BODY, true);
    check(("b", "c-small", "", "", ""), BODY, true);
    check(("", "", "", "", ""), BODY, true);
    check(ENDPOINTS[0], BODY, false);
    check(ENDPOINTS[0], br#"{"x":1,"model":"small","messages":[]}"#, true);
    check(ENDPOINTS[0], br#"{"mo"#, true);
    let form = |more: &str| format!("{more}{}--B--", part("model", "small")).into_bytes();
    let mut proxy = routed(&form(""), true).proxy;
    let other = form(&part("prompt", "moved"));
    let (_, whole) = attempt(&mut proxy, ENDPOINTS[0], &[other], Ending::WithLast);
    assert_eq!((whole, &proxy.replies[..]), (false, &[500][..]));
}

/// A host call that fails, at each position, is a 500 and never a wrong attempt.
#[test]
fn a_call_that_fails_is_answered() {
    let mut answered = 0;
    for endpoint in ENDPOINTS {
        for fails_at in 0.. {
            let mut proxy = routed(BODY, true).proxy;
            (proxy.commands, proxy.fails_at) = (0, Some(fails_at));
            let (sent, whole) = attempt(&mut proxy, endpoint, &chunks(BODY, &[12]), Ending::WithLast);
            if !proxy.failed {
                break;
            }
            if whole {
                let expected = String::from_utf8_lossy(BODY).replace("\"small\"", &format!("\"{}\"", endpoint.3));
                assert_eq!(String::from_utf8_lossy(&sent), expected);
            } else {
                assert_eq!(proxy.replies, [500]);
                answered += 1;
            }
        }
    }
    assert!(answered > 15, "{answered}");
}

/// Where only the path names the model, an attempt writes the path and leaves the body as it is.
#[test]
fn a_body_that_names_no_model_passes_as_it_is() {
    let model = |name: &str, fallback: &[&str]| json!({ "name": name, "cluster": format!("c-{name}"), "apis": ["gemini"], "fallback": fallback });
    let policy = json!({ "models": [model("small", &["b"]), model("b", &[])] });
    let policy = Arc::new(Policy::from_json(policy.to_string().as_bytes()).expect("a policy"));
    let body = br#"{ "contents": [] }"#;
    let mut headers = request_headers(body, true);
    for (name, value) in &mut headers {
        if name == b":path" {
            *value = b"/v1beta/models/small:streamGenerateContent?alt=sse".to_vec();
        }
    }
    for filters in [Filters::Stop, Filters::Gate] {
        let way = Way::undisturbed(filters, Ending::WithLast);
        let fate = send(&policy, &headers, &chunks(body, &[3]), &way);
        assert!(fate.is_complete && fate.body == body);
        let mut proxy = fate.proxy;
        for name in ["small", "b"] {
            let path = format!("/v1beta/models/{name}:streamGenerateContent?alt=sse");
            let cluster = format!("c-{name}");
            let endpoint = mark((name, &cluster, "", "", ""));
            let (sent, whole) = attempt_at(&mut proxy, endpoint, &chunks(body, &[1, 5]), Ending::WithLast);
            assert_eq!((sent.as_slice(), whole), (&body[..], true));
            assert_eq!(proxy.value(":path"), Some(path));
            assert_eq!(proxy.value("content-length"), Some(body.len().to_string()));
        }
    }
}
