//! What the router and its gate promise, over random requests.

use super::chain::{Ending, Fate, Filters, Way, send, way};
use super::{Expected, body, chunks, cuts, expected, part, policies, request_headers};
use crate::names::CLUSTER_HEADER;
use crate::stream::installation::{ROUTABLE_HEADER, UNDECIDED};
use proptest::prelude::*;
use serde_json::Value;

fn value<'a>(fate: &'a Fate, name: &str) -> Option<&'a [u8]> {
    let headers = fate.headers.as_ref()?;
    headers.iter().find(|(known, _)| known == name.as_bytes()).map(|(_, value)| &value[..])
}

/// Nothing is forwarded undecided, and what is forwarded is what was decided.
fn check_headers(fate: &Fate, record: &str, sent: &[u8], with_length: bool) {
    let record: Value = serde_json::from_str(record).expect("a record");
    let cluster = value(fate, CLUSTER_HEADER).map(|cluster| String::from_utf8_lossy(cluster).into_owned());
    assert_ne!(cluster.as_deref().map(str::as_bytes), Some(UNDECIDED));
    if record.get("chain").is_some() {
        assert!(cluster.is_some_and(|cluster| cluster.starts_with("failover:")));
        assert!(fate.proxy.state.contains_key(crate::names::PLAN_PROPERTY.as_bytes()));
    } else {
        assert_eq!(cluster.as_deref(), record["cluster"].as_str());
    }
    assert_eq!(value(fate, ROUTABLE_HEADER), Some(&b"https"[..]), "no route fits it");
    if with_length {
        let length = String::from_utf8_lossy(value(fate, "content-length").expect("a length")).into_owned();
        assert_eq!(length, sent.len().to_string());
    }
}

fn check(body: &[u8], cuts: &[usize], with_length: bool, way: &Way) {
    for policy in policies() {
        let headers = request_headers(body, with_length);
        let fate = send(&policy, &headers, &chunks(body, cuts), way);
        let wrong = matches!(way.filters, Filters::GateFirst | Filters::GateMissing | Filters::BothSides);
        let expected = expected(&policy, body, &headers);
        assert!(fate.proxy.replies.len() <= 1);
        match expected {
            _ if wrong && way.ending == Ending::Reset => assert_eq!(fate.headers, None),
            _ if wrong => {
                assert_eq!((fate.headers.is_none(), &fate.proxy.replies[..]), (true, &[500][..]));
            }
            Expected::Route { body, record } => {
                assert_eq!(fate.proxy.replies, [0_u16; 0], "{}", fate.proxy.record());
                if fate.was_reset {
                    assert!(body.starts_with(&fate.body));
                    continue;
                }
                assert!(fate.is_complete, "it hangs");
                assert_eq!(String::from_utf8_lossy(&fate.body), String::from_utf8_lossy(&body));
                assert_eq!(fate.proxy.record(), record);
                check_headers(&fate, &record, &body, with_length);
            }
            Expected::Reply { status, record } => {
                assert!(!fate.is_complete, "a refused request reached its upstream whole");
                assert_ne!(value(&fate, CLUSTER_HEADER), Some(UNDECIDED));
                if let Some(length) = value(&fate, "content-length") {
                    // To an upstream that counts, all bytes are the whole request.
                    assert_ne!(String::from_utf8_lossy(length), fate.body.len().to_string());
                }
                if !fate.was_reset {
                    assert_eq!(fate.proxy.replies, [status]);
                    assert_eq!(fate.proxy.record(), record);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// The upstream receives exactly the body with only the model's value changed, and the right headers; or nothing, and
    /// the client gets exactly one answer. Every way ends, and all end alike.
    #[test]
    fn a_request_is_forwarded_right_or_answered_once(body in body(), cuts in cuts(), with_length: bool, way in way()) {
        check(&body, &cuts, with_length, &way);
    }
}

/// The value stands behind more than the machine would take in at once, and behind more than one piece.
#[test]
fn a_value_far_behind_the_start_is_changed() {
    for before in [70_000, (1 << 20) + 70_000] {
        let body = format!(r#"{{"user":"{}","model":"small","seed":1}}"#, "x".repeat(before));
        let form = [part("user", &"x".repeat(before)), part("model", "small"), "--B--".into()].concat();
        for filters in [Filters::Stop, Filters::Gate] {
            let way = Way::undisturbed(filters, Ending::Alone);
            for body in [&body, &form] {
                check(body.as_bytes(), &[1, 65_536, before, before + 20], true, &way);
            }
        }
    }
}

/// A short rest of a refused request is waited for, and none of it goes on.
#[test]
fn a_refusal_waits_for_the_rest_of_its_body() {
    let body = br#"{"model":"nobody","messages":[{"role":"user","content":"hello"}]}"#;
    for ending in [Ending::WithLast, Ending::Alone, Ending::Trailers] {
        for with_length in [true, false] {
            let way =
                Way { filters: Filters::Stop, ending, deliveries: vec![true; 12], fails_at: None, attribute: None };
            check(body, &[20, 30, 40], with_length, &way);
        }
    }
}

/// Where no end is sure to come behind the last byte, nobody waits for one.
#[test]
fn a_refusal_that_has_all_its_bytes_is_answered_where_no_end_is_sure() {
    let body = br#"{"model":"nobody","messages":[]}"#;
    let http2: (&[u8], &[u8]) = (b"request\0protocol", b"HTTP/2");
    for filters in [Filters::Stop, Filters::Gate] {
        for (attribute, upgrade, replies) in
            [(None, true, &[404][..]), (Some(http2), false, &[404]), (None, false, &[])]
        {
            let mut headers = request_headers(body, true);
            if upgrade {
                headers.push((b"upgrade".to_vec(), b"foo".to_vec()));
            }
            let way = Way { filters, ending: Ending::Open, deliveries: vec![true; 12], fails_at: None, attribute };
            for cuts in [&[][..], &[10, 20]] {
                let fate = send(&policies()[0], &headers, &chunks(body, cuts), &way);
                assert_eq!((&fate.proxy.replies[..], fate.is_complete), (replies, false), "{attribute:?}");
                let short = send(&policies()[0], &headers, &chunks(&body[..20], cuts), &way);
                assert!(short.proxy.replies.is_empty(), "more can come");
            }
        }
    }
}

/// An upstream that counts would take what follows for the next request.
#[test]
fn a_body_that_goes_on_behind_its_length_is_refused() {
    let body = br#"{"model":"small","messages":[]}"#;
    for filters in [Filters::Stop, Filters::Gate] {
        let headers = request_headers(body, true);
        let way =
            Way { filters, ending: Ending::WithLast, deliveries: vec![true; 12], fails_at: None, attribute: None };
        let fate = send(&policies()[0], &headers, &[body.to_vec(), b"GET / HTTP/1.1".to_vec()], &way);
        assert_eq!((&fate.proxy.replies[..], fate.is_complete), (&[500][..], false));
    }
}
