//! The filter's own code with a fake host: each role, from configuration to answer, and what a failing host makes of it.

mod fake;
mod spend;

use crate::dispatch;
use crate::host::Action;
use fake::Fake;
use std::rc::Rc;

const POLICY: &str = r#"{"models": [{"name": "m", "cluster": "c", "upstreamModel": "m-2026"}]}"#;
const CHAIN: &str = r#"{"models": [{"name": "m", "cluster": "c", "fallback": ["n"]}, {"name": "n", "cluster": "d"}]}"#;
const BODY: &[u8] = br#"{"model":"m","messages":[{"role":"user","content":"a secret"}]}"#;
const SENT: &[u8] = br#"{"model":"m-2026","messages":[{"role":"user","content":"a secret"}]}"#;

const ROUTER: u32 = 1;
const GATE: u32 = 2;
const UPSTREAM: u32 = 3;

fn configure(fake: &Fake, plugin: u32, configuration: &str) {
    dispatch::on_context_create(plugin, 0);
    fake.state.borrow_mut().configuration = configuration.as_bytes().to_vec();
    assert!(dispatch::on_configure(plugin, configuration.len()), "{:?}", fake.state.borrow().log);
}

fn router(hold: &str, policy: &str) -> Rc<Fake> {
    let fake = Fake::install();
    configure(&fake, ROUTER, &format!(r#"{{"hold": "{hold}", "policy": {policy}}}"#));
    fake
}

fn request(fake: &Fake, path: &str, more: &[(&str, &str)]) {
    let length = BODY.len().to_string();
    let usual = [
        (":method", "POST"),
        (":path", path),
        (":authority", "llm.example"),
        ("x-forwarded-proto", "https"),
        ("content-type", "application/json"),
        ("content-length", &length),
        ("authorization", "Bearer a secret"),
        ("x-pointsman-cluster", "forged"),
    ];
    let all = usual.iter().chain(more).map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()));
    fake.state.borrow_mut().headers[0] = all.collect();
}

fn see(fake: &Fake, body: &[u8]) {
    fake.state.borrow_mut().body = body.to_vec();
}

/// Sends a request through the router, and its gate where there is one: whether it went on.
fn send(fake: &Fake, context: u32, gated: bool) -> bool {
    fake.state.borrow_mut().contexts = vec![context, context + 1];
    dispatch::on_context_create(context, ROUTER);
    let held = dispatch::on_request_headers(context, false);
    let answered = || !fake.state.borrow().answers.is_empty();
    if answered() {
        return false;
    }
    if gated {
        assert_eq!(held, Action::Continue);
        assert_eq!(fake.header("x-forwarded-proto"), None, "some route could fit an undecided request");
        dispatch::on_context_create(context + 1, GATE);
        let held = dispatch::on_request_headers(context + 1, false);
        assert!(held == Action::PauseAll || fake.failed.borrow().is_some(), "an undecided request went on");
    } else {
        assert_eq!(held, Action::Pause);
    }
    see(fake, BODY);
    let went = dispatch::on_request_body(context, BODY.len(), true);
    if gated && !answered() {
        dispatch::on_queue_ready(GATE, 9);
    }
    went == Action::Continue && !answered() && (!gated || fake.state.borrow().resumed)
}

#[test]
fn a_request_is_routed_and_said_in_the_log_without_its_prompt() {
    let fake = router("stop", POLICY);
    request(&fake, "/v1/chat/completions", &[]);
    assert!(send(&fake, 10, false));
    assert_eq!(fake.state.borrow().body, SENT);
    assert_eq!(fake.header("x-pointsman-cluster").as_deref(), Some("c"));
    assert_eq!(fake.header("content-length"), Some(SENT.len().to_string()));
    assert!(fake.property("pointsman").is_some_and(|record| record.contains(r#""model":"m""#)));
    let log = fake.state.borrow().log.join("\n");
    assert!(log.contains("model `m` cluster `c` policy `") && !log.contains("secret"), "{log}");
    assert_eq!(log.lines().count(), 1, "one line for a decision: {log}");
    dispatch::on_response_headers(10);
    dispatch::on_delete(10);
}

#[test]
fn a_gate_holds_until_the_letter_comes() {
    let fake = router("gate", POLICY);
    configure(&fake, GATE, r#"{"role": "gate"}"#);
    request(&fake, "/v1/chat/completions", &[]);
    assert!(send(&fake, 20, true));
    assert_eq!(fake.header("x-forwarded-proto").as_deref(), Some("https"), "some route fits again");
    assert_eq!(fake.state.borrow().body, SENT);
    assert_eq!(fake.header("x-pointsman-cluster").as_deref(), Some("c"));
    assert_eq!(fake.header("content-length"), Some(SENT.len().to_string()));
}

fn attempt(fake: &Fake, context: u32, metadata: &[(&[u8], &[u8])]) -> bool {
    let mark = pointsman_engine::stream::pairs::write(metadata.iter().copied());
    let place = b"xds\0upstream_host_metadata\0filter_metadata\0pointsman".to_vec();
    fake.state.borrow_mut().properties.insert(place, mark);
    dispatch::on_context_create(context, UPSTREAM);
    if dispatch::on_request_headers(context, false) != Action::Continue {
        return false;
    }
    see(fake, BODY);
    dispatch::on_request_body(context, BODY.len(), true) == Action::Continue && fake.state.borrow().answers.is_empty()
}

#[test]
fn an_attempt_writes_its_model_and_the_router_hears_of_it() {
    let fake = router("stop", CHAIN);
    configure(&fake, UPSTREAM, r#"{"role": "upstream"}"#);
    request(&fake, "/v1/chat/completions", &[]);
    assert!(send(&fake, 30, false));
    assert!(attempt(&fake, 32, &[(b"model", b"n"), (b"provider", b"d"), (b"authority", b"n.example")]));
    assert!(fake.state.borrow().body.starts_with(br#"{"model":"n","#));
    assert_eq!(fake.header(":authority").as_deref(), Some("n.example"));
    fake.state.borrow_mut().properties.insert(b"response\0code_details".to_vec(), b"via_upstream".to_vec());
    fake.state.borrow_mut().headers[2] = vec![(b":status".to_vec(), b"200".to_vec())];
    dispatch::on_response_headers(32);
    dispatch::on_response_headers(30);
    assert!(fake.property("pointsman").is_some_and(|record| record.contains(r#""answeredBy":"n""#)));
}

/// One model's name in two policies of one proxy: what one provider says concerns only the policy whose model it serves.
#[test]
fn what_a_provider_says_is_heard_by_the_policy_that_asked_it() {
    const OTHER: u32 = 4;
    let policy = |cluster: &str| {
        format!(
            r#"{{"models": [{{"name": "m", "cluster": "{cluster}", "fallback": ["n"]}}, {{"name": "n", "cluster": "d"}}],
                "feedback": {{"rateLimits": true}}}}"#
        )
    };
    let fake = router("stop", &policy("c"));
    configure(&fake, OTHER, &format!(r#"{{"hold": "stop", "policy": {}}}"#, policy("elsewhere")));
    configure(&fake, UPSTREAM, r#"{"role": "upstream"}"#);
    let demoted = |plugin: u32, context: u32| {
        request(&fake, "/v1/chat/completions", &[]);
        fake.state.borrow_mut().headers[0].retain(|(name, _)| name != b"authorization");
        fake.state.borrow_mut().contexts = vec![context, context + 1];
        dispatch::on_context_create(context, plugin);
        assert_eq!(dispatch::on_request_headers(context, false), Action::Pause);
        see(&fake, BODY);
        assert_eq!(dispatch::on_request_body(context, BODY.len(), true), Action::Continue);
        fake.property("pointsman").is_some_and(|record| record.contains(r#""demoted":["m"]"#))
    };
    assert!(!demoted(ROUTER, 80) && !demoted(OTHER, 82) && !demoted(ROUTER, 84));
    assert!(attempt(&fake, 86, &[(b"model", b"m"), (b"provider", b"c")]));
    fake.state.borrow_mut().headers[2] =
        vec![(b":status".to_vec(), b"429".to_vec()), (b"retry-after".to_vec(), b"30".to_vec())];
    dispatch::on_response_headers(86);
    assert!(demoted(ROUTER, 88), "{:?}", fake.state.borrow().log);
    assert!(!demoted(OTHER, 90), "another policy's model of that name is another model");
}

#[test]
fn an_endpoint_outside_the_plan_is_refused() {
    let fake = router("stop", CHAIN);
    configure(&fake, UPSTREAM, r#"{"role": "upstream"}"#);
    request(&fake, "/v1/chat/completions", &[]);
    assert!(send(&fake, 40, false));
    assert!(!attempt(&fake, 42, &[(b"model", b"other")]));
    assert_eq!(fake.state.borrow().answers.len(), 1);
    assert_eq!(fake.property("pointsman_attempt").as_deref(), Some("refused"));
}

#[test]
fn reserved_headers_go_on_each_path() {
    let fake = router("stop", POLICY);
    for (path, end_of_stream) in [("/other", false), ("/other", true), ("/v1/models", true), ("/v1/batches", true)] {
        let steering = pointsman_engine::steering::HEADERS.map(|name| (name, "1"));
        let kept = [("x-envoy-decorator-operation", "its"), ("x-pointsman-plan", "forged")];
        request(&fake, path, &[&steering[..], &kept].concat());
        fake.state.borrow_mut().contexts = vec![50];
        dispatch::on_context_create(50, ROUTER);
        dispatch::on_request_headers(50, end_of_stream);
        assert_eq!((fake.header("x-pointsman-cluster"), fake.header("x-pointsman-plan")), (None, None), "{path}");
        let gone = steering.iter().all(|(name, _)| fake.header(name).is_none());
        assert!(gone && fake.header("x-envoy-decorator-operation").is_some(), "{path}");
        fake.state.borrow_mut().headers[1] = vec![(b"x-pointsman-cluster".to_vec(), b"forged".to_vec())];
        assert_eq!(dispatch::on_request_trailers(50), Action::Continue);
        assert!(fake.state.borrow().headers[1].is_empty(), "{path}");
        dispatch::on_delete(50);
    }
}

#[test]
fn no_provider_speaks_in_our_name() {
    let fake = router("stop", POLICY);
    let details = b"response\0code_details".to_vec();
    for (path, routed) in [("/v1/chat/completions", true), ("/other", false)] {
        for (said, stays) in [(Some("via_upstream"), false), (None, false), (Some("pointsman"), true)] {
            request(&fake, path, &[]);
            fake.state.borrow_mut().contexts = vec![55];
            if routed {
                assert!(send(&fake, 55, false));
            } else {
                dispatch::on_context_create(55, ROUTER);
                dispatch::on_request_headers(55, true);
            }
            let answer = [("x-pointsman-model", "evil"), ("x-pointsman-more", "evil"), ("x-other", "1")];
            let answer = answer.map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()));
            let mut state = fake.state.borrow_mut();
            (state.headers[2], state.headers[3]) = (answer.to_vec(), answer.to_vec());
            match said {
                Some(said) => state.properties.insert(details.clone(), said.as_bytes().to_vec()),
                None => state.properties.remove(&details),
            };
            drop(state);
            dispatch::on_response_headers(55);
            dispatch::on_response_trailers(55);
            for map in [2, 3] {
                let left = fake.state.borrow().headers[map].len();
                assert_eq!(left, if stays { 3 } else { 1 }, "{path} {said:?} {map}");
            }
            dispatch::on_delete(55);
        }
    }
}

#[test]
fn a_body_that_does_not_come_is_a_missing_flag() {
    let fake = router("stop", POLICY);
    request(&fake, "/v1/chat/completions", &[]);
    let size = b"request\0total_size".to_vec();
    fake.state.borrow_mut().contexts = vec![60];
    fake.state.borrow_mut().properties.insert(size.clone(), 100_u64.to_le_bytes().to_vec());
    dispatch::on_context_create(60, ROUTER);
    assert_eq!(dispatch::on_request_headers(60, false), Action::Pause);
    assert_eq!(fake.state.borrow().tick, 200);
    let whole = 100 + BODY.len() as u64;
    fake.state.borrow_mut().properties.insert(size.clone(), (whole - 1).to_le_bytes().to_vec());
    (0..100).for_each(|_| dispatch::on_tick(ROUTER));
    assert!(fake.state.borrow().answers.is_empty(), "a client that has not sent all proves nothing");
    fake.state.borrow_mut().properties.insert(size, whole.to_le_bytes().to_vec());
    (0..7).for_each(|_| dispatch::on_tick(ROUTER));
    let state = fake.state.borrow();
    assert!(matches!(&state.answers[..], [(500, body)] if body.contains("allow_on_headers_stop_iteration")));
    assert_eq!(state.tick, 0);
    assert!(state.log.iter().any(|line| line.starts_with("wrong installation: ")));
}

const SIGNING: &str = r#"{"models": [{"name": "m", "cluster": "c"}], "providerState": {"signedIds": {}}}"#;

/// An answer of the provider's, in these chunks: what of it goes on.
fn answer(fake: &Fake, context: u32, content_type: &str, chunks: &[&str]) -> String {
    let headers = [(":status", "200"), ("content-type", content_type), ("content-length", "99")];
    fake.state.borrow_mut().headers[2] =
        headers.map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).to_vec();
    dispatch::on_response_headers(context);
    let mut sent = Vec::new();
    for (nth, chunk) in chunks.iter().enumerate() {
        fake.state.borrow_mut().answer = chunk.as_bytes().to_vec();
        let is_last = nth + 1 == chunks.len();
        assert_eq!(dispatch::on_response_body(context, chunk.len(), is_last), Action::Continue);
        sent.append(&mut fake.state.borrow_mut().answer);
    }
    String::from_utf8(sent).expect("text")
}

/// A router with a key that no environment gives it: variables of a test process belong to all of its threads.
fn signing_router() -> Rc<Fake> {
    let fake = Fake::install();
    dispatch::on_context_create(ROUTER, 0);
    let policy = pointsman_engine::Policy::from_json(SIGNING.as_bytes()).expect("a policy");
    let policy = policy.with_id_keys(Some("0123456789abcdef0123456789abcdef")).expect("a key");
    dispatch::install_router(ROUTER, std::sync::Arc::new(policy));
    fake
}

#[test]
fn ids_leave_signed_and_a_failing_host_never_costs_the_answer() {
    const CHUNKS: [&str; 4] = [r#"{"id":"re"#, r#"sp_1","x":"é"#, r#"","previous_response_id":"resp_0","#, r#""y":1}"#];
    let plain = CHUNKS.concat();
    for at in 0.. {
        let fake = signing_router();
        request(&fake, "/v1/responses", &[("accept-encoding", "gzip")]);
        assert!(send(&fake, 95, false));
        assert_eq!(fake.header("accept-encoding"), None);
        fake.fail(Some(at));
        let sent = answer(&fake, 95, "application/json", &CHUNKS);
        let lasts = fake.state.borrow().headers[2].iter().any(|(name, _)| name == b"content-length");
        let Some(failed) = fake.failed.take() else {
            let mut parts = sent.split("psm1");
            let first = parts.next().unwrap_or_default().to_owned();
            let unsigned = parts.fold(first, |text, part| text + &part[20..]);
            assert_eq!((sent.matches("psm1").count(), lasts, unsigned.as_str()), (2, false, plain.as_str()));
            break;
        };
        // A length that stays is that of what goes on.
        assert!(!lasts || sent == plain, "{failed}");
        dispatch::on_delete(95);
    }
    let fake = signing_router();
    request(&fake, "/v1/responses", &[]);
    assert!(send(&fake, 97, false));
    assert_eq!(answer(&fake, 97, "text/plain", &CHUNKS), plain);
    assert!(fake.state.borrow().headers[2].iter().any(|(name, _)| name == b"content-length"));
    // Answers of requests that never had a state.
    assert_eq!(dispatch::on_response_body(99, 5, true), Action::Continue);
}

#[test]
fn who_signs_without_a_key_is_no_configuration() {
    let fake = Fake::install();
    dispatch::on_context_create(ROUTER, 0);
    let configuration = format!(r#"{{"policy": {SIGNING}}}"#);
    fake.state.borrow_mut().configuration = configuration.as_bytes().to_vec();
    assert!(!dispatch::on_configure(ROUTER, configuration.len()));
    let log = fake.state.borrow().log.join("\n");
    assert!(log.contains("policy.providerState.signedIds: ") && log.contains("POINTSMAN_ID_KEYS"), "{log}");
}

/// A host call that fails, at each position: a 500, or a request that is right without it. Never a trap, never an
/// unrouted request.
#[test]
fn a_call_that_fails_is_answered() {
    for gated in [false, true] {
        let mut answered = 0;
        for at in 0.. {
            let fake = router(if gated { "gate" } else { "stop" }, POLICY);
            if gated {
                configure(&fake, GATE, r#"{"role": "gate"}"#);
            }
            request(&fake, "/v1/chat/completions", &[]);
            fake.fail(Some(at));
            let went = send(&fake, 70, gated);
            let Some(failed) = fake.failed.take() else { break };
            if went {
                assert_eq!(fake.state.borrow().body, SENT, "{failed}");
                assert_eq!(fake.header("x-pointsman-cluster").as_deref(), Some("c"), "{failed}");
            } else if !fake.state.borrow().answers.is_empty() {
                assert!(matches!(&fake.state.borrow().answers[..], [(500, _)]), "{failed}");
                answered += 1;
            } else {
                // Held for ever, until Envoy's own timeout: only where the way to the gate itself is broken.
                assert!(
                    gated && (failed.starts_with("Dequeue") || failed.starts_with("SetEffectiveContext(71)")),
                    "{failed}"
                );
            }
            dispatch::on_delete(70);
        }
        assert!(answered > 5, "{gated}: {answered}");
    }
}

#[test]
fn a_configuration_that_cannot_be_read_is_refused_whole() {
    let fake = Fake::install();
    dispatch::on_context_create(ROUTER, 0);
    fake.state.borrow_mut().configuration = b"{}".to_vec();
    assert!(!dispatch::on_configure(ROUTER, 2));
    assert_eq!(fake.state.borrow().log, ["configuration rejected: policy: is required"]);
}
