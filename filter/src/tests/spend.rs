//! Budgets in a proxy: what is set aside, what is paid, and that nothing stays behind, whatever becomes of a request.

use super::fake::Fake;
use super::{BODY, ROUTER, UPSTREAM, attempt, configure, dispatch, request, router, see, send};
use crate::host::Action;
use pointsman_engine::budget::{Key, Period, Sheet, Window};

/// The clock of the fake host, in milliseconds.
const NOW: u64 = 1_000;

fn policy(budget: &str) -> String {
    format!(
        r#"{{"models": [{{"name": "m", "cluster": "c", "fallback": ["n"]}}, {{"name": "n", "cluster": "d"}}],
            "budgets": [{{"name": "b", "window": {{"every": "day"}}, {budget}}}]}}"#
    )
}

/// What is used of the budget.
fn used(fake: &Fake) -> u64 {
    let state = fake.state.borrow();
    let sheets = || state.shared.iter().filter(|(name, _)| name.starts_with(b"pointsman.budget/"));
    assert!(sheets().count() <= 1);
    let sheet = sheets().next().and_then(|(_, (bytes, _))| Sheet::read(bytes));
    sheet.map_or(0, |sheet| sheet.balance(Key::ALL, Window::Every(Period::Day), NOW).used)
}

fn ask(fake: &Fake, context: u32) -> bool {
    request(fake, "/v1/chat/completions", &[]);
    fake.state.borrow_mut().answers.clear();
    send(fake, context, false)
}

/// Response headers come to the router.
fn answer(fake: &Fake, context: u32, details: &str, status: &str) {
    fake.state.borrow_mut().properties.insert(b"response\0code_details".to_vec(), details.as_bytes().to_vec());
    fake.state.borrow_mut().headers[2] = vec![(b":status".to_vec(), status.as_bytes().to_vec())];
    dispatch::on_response_headers(context);
}

#[test]
fn requests_are_counted_and_refused_when_none_is_left() {
    let fake = router("stop", &policy(r#""requests": 2"#));
    assert!(ask(&fake, 200) && ask(&fake, 202));
    assert_eq!(used(&fake), 2);
    assert!(!ask(&fake, 204));
    assert_eq!(fake.state.borrow().answers[0].0, 429);
    for context in [200, 202, 204] {
        answer(&fake, context, "via_upstream", "200");
        dispatch::on_delete(context);
    }
    assert_eq!(used(&fake), 2);
    assert!(!ask(&fake, 206));
}

/// Input and the output that is guessed: 16 bytes of text and more, as the engine estimates it.
#[test]
fn who_ends_without_a_word_pays_the_estimate() {
    let fake = router("stop", &policy(r#""tokens": 5000"#));
    assert!(ask(&fake, 210));
    let estimate = used(&fake);
    assert!((1_025..1_100).contains(&estimate), "{estimate}");
    dispatch::on_delete(210);
    assert_eq!(used(&fake), estimate, "it had gone out");
    dispatch::on_delete(210);
    assert_eq!(used(&fake), estimate, "once");
}

#[test]
fn who_never_reached_a_provider_pays_nothing() {
    let nobody = [
        "no_healthy_upstream",
        "cluster_not_found",
        "upstream_reset_before_response_started{connection_failure|delayed_connect_error:_111}",
        "upstream_reset_before_response_started{remote_connection_failure}",
        "upstream_reset_before_response_started{overflow}",
    ];
    for details in nobody {
        let fake = router("stop", &policy(r#""tokens": 5000"#));
        assert!(ask(&fake, 220));
        answer(&fake, 220, details, "503");
        assert_eq!(used(&fake), 0, "{details}");
        dispatch::on_delete(220);
        assert_eq!(used(&fake), 0, "{details}");
    }
    for details in ["response_timeout", "upstream_reset_before_response_started{connection_termination}"] {
        let fake = router("stop", &policy(r#""tokens": 5000"#));
        assert!(ask(&fake, 220));
        answer(&fake, 220, details, "504");
        dispatch::on_delete(220);
        assert!(used(&fake) > 1_000, "{details}: a provider may have worked for it");
    }
}

#[test]
fn an_error_of_a_provider_is_a_request_and_costs_no_tokens() {
    for (budget, due) in [(r#""tokens": 5000"#, 0), (r#""requests": 5"#, 1)] {
        let fake = router("stop", &policy(budget));
        assert!(ask(&fake, 230));
        answer(&fake, 230, "via_upstream", "500");
        assert_eq!(used(&fake), due, "{budget}");
        dispatch::on_delete(230);
        assert_eq!(used(&fake), due, "{budget}");
    }
}

/// The body turns out to be broken behind the decision: the request ends here.
#[test]
fn who_is_refused_after_all_pays_nothing() {
    // With one provider the body need not be read to its end before it goes on.
    let fake = router("stop", &policy(r#""requests": 5"#).replace(r#", "fallback": ["n"]"#, ""));
    request(&fake, "/v1/chat/completions", &[]);
    fake.state.borrow_mut().contexts = vec![240];
    dispatch::on_context_create(240, ROUTER);
    assert_eq!(dispatch::on_request_headers(240, false), Action::Pause);
    see(&fake, &BODY[..20]);
    assert_eq!(dispatch::on_request_body(240, 20, false), Action::Continue);
    assert_eq!(used(&fake), 1);
    see(&fake, b"]]");
    dispatch::on_request_body(240, 2, true);
    assert_eq!((fake.state.borrow().answers[0].0, used(&fake)), (400, 0));
}

/// Another worker takes the last request between the decision and its application.
#[test]
fn of_two_that_are_given_the_last_request_one_is_refused() {
    let fake = router("stop", &policy(r#""requests": 1"#));
    request(&fake, "/v1/chat/completions", &[]);
    fake.state.borrow_mut().contexts = vec![250, 252];
    for context in [250, 252] {
        dispatch::on_context_create(context, ROUTER);
        assert_eq!(dispatch::on_request_headers(context, false), Action::Pause);
    }
    see(&fake, BODY);
    assert_eq!(dispatch::on_request_body(250, BODY.len(), true), Action::Continue);
    see(&fake, BODY);
    dispatch::on_request_body(252, BODY.len(), true);
    let answers = fake.state.borrow().answers.clone();
    assert_eq!((answers.len(), answers[0].0, used(&fake)), (1, 429, 1));
    assert!(answers[0].1.contains("budgetExceeded"), "{answers:?}");
    let record = fake.property("pointsman").unwrap_or_default();
    assert!(record.contains(r#""budgets":[{"budget":"b","used":1}]"#), "{record}");
}

#[test]
fn a_lost_race_is_run_again() {
    let fake = router("stop", &policy(r#""requests": 9"#));
    assert!(ask(&fake, 260));
    fake.state.borrow_mut().races = 5;
    assert!(ask(&fake, 262));
    assert_eq!((used(&fake), fake.state.borrow().races), (2, 0));
}

/// A budget outlives its policy: the next one finds what has been used.
#[test]
fn a_change_of_the_policy_is_nobodys_new_day() {
    let fake = router("stop", &policy(r#""requests": 1"#));
    assert!(ask(&fake, 270));
    configure(
        &fake,
        ROUTER,
        &format!(r#"{{"hold": "stop", "policy": {}}}"#, policy(r#""requests": 1, "warnAt": [50]"#)),
    );
    assert!(!ask(&fake, 272));
}

#[test]
fn who_answers_is_who_pays() {
    let fake = router("stop", &policy(r#""requests": 9, "match": {"models": ["n"]}"#));
    configure(&fake, UPSTREAM, r#"{"role": "upstream"}"#);
    assert!(ask(&fake, 280));
    assert_eq!(used(&fake), 0, "`m` is tried first, and does not count");
    assert!(attempt(&fake, 282, &[(b"model", b"n"), (b"provider", b"d")]));
    answer(&fake, 280, "via_upstream", "200");
    dispatch::on_delete(280);
    assert_eq!(used(&fake), 1);
}

#[test]
fn an_answer_pays_what_it_took() {
    let fake = router("stop", &policy(r#""tokens": 5000"#));
    assert!(ask(&fake, 290));
    assert!(used(&fake) > 1_000);
    fake.state.borrow_mut().headers[2] = Vec::new();
    answer(&fake, 290, "via_upstream", "200");
    fake.state.borrow_mut().headers[2] =
        vec![(b":status".to_vec(), b"200".to_vec()), (b"content-type".to_vec(), b"application/json".to_vec())];
    dispatch::on_response_headers(290);
    let body = br#"{"choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":30,"completion_tokens":12}}"#;
    fake.state.borrow_mut().answer = body.to_vec();
    assert_eq!(dispatch::on_response_body(290, body.len(), true), Action::Continue);
    assert_eq!(used(&fake), 42);
    dispatch::on_log(290);
    dispatch::on_delete(290);
    assert_eq!(used(&fake), 42, "once");
}

/// What Envoy tells the rate limit service: whose account when a request has its model, and how much when its answer is over.
#[test]
fn what_all_proxies_share_is_told_in_filter_state() {
    let told = |fake: &Fake, what: &str| fake.property(&format!("pointsman_{what}_b"));
    let fake = router("stop", &policy(r#""tokens": 5000, "scope": "global""#));
    assert!(ask(&fake, 300));
    assert_eq!((told(&fake, "asks").as_deref(), told(&fake, "owes"), told(&fake, "hits")), (Some("all"), None, None));
    let refusal = fake.property("pointsman_refusal").unwrap_or_default();
    assert!(refusal.contains("budgetExceeded") && refusal.contains("`b`"), "{refusal}");
    assert_eq!(fake.property("pointsman_retry_after").as_deref(), Some("86399"));
    let estimate = used(&fake);
    dispatch::on_delete(300);
    assert_eq!((told(&fake, "owes").as_deref(), told(&fake, "hits")), (Some("all"), Some(estimate.to_string())));

    let fake = router("stop", &policy(r#""requests": 5, "scope": "global""#));
    assert!(ask(&fake, 302));
    dispatch::on_delete(302);
    assert_eq!((told(&fake, "asks").as_deref(), told(&fake, "hits")), (Some("all"), None), "it is counted by asking");

    for details in ["request_rate_limited", "rate_limiter_error"] {
        let fake = router("stop", &policy(r#""tokens": 5000, "scope": "global""#));
        assert!(ask(&fake, 304));
        answer(&fake, 304, details, "429");
        dispatch::on_delete(304);
        assert_eq!((used(&fake), told(&fake, "hits")), (0, None), "{details}");
    }
}

#[test]
fn a_budget_of_one_proxy_tells_nobody() {
    let fake = router("stop", &policy(r#""tokens": 5000"#));
    assert!(ask(&fake, 310));
    dispatch::on_delete(310);
    for name in ["asks_b", "owes_b", "hits_b", "refusal", "retry_after"] {
        assert_eq!(fake.property(&format!("pointsman_{name}")), None);
    }
}
