//! A host call that fails, at each position: the client gets a 500, and nothing goes on that should not.

use super::chain::{Ending, Filters, Way, send};
use super::{Expected, chunks, expected, policies, request_headers};
use crate::names::CLUSTER_HEADER;
use crate::stream::installation::UNDECIDED;

fn check(body: &[u8], filters: Filters) {
    let mut answered = 0;
    for policy in policies() {
        let headers = request_headers(body, true);
        let Expected::Route { body: whole, .. } = expected(&policy, body, &headers) else { panic!("it is routed") };
        for fails_at in 0.. {
            let way = Way { fails_at: Some(fails_at), ..Way::undisturbed(filters, Ending::WithLast) };
            let fate = send(&policy, &headers, &chunks(body, &[15, 40]), &way);
            if !fate.proxy.failed {
                break;
            }
            match &fate.proxy.replies[..] {
                [] => {
                    // It was not worth a refusal: all that matters is there.
                    assert!(fate.is_complete && fate.body == whole, "{filters:?}, command {fails_at}");
                    let cluster = fate.proxy.value(CLUSTER_HEADER).expect("a cluster");
                    assert_ne!(cluster.as_bytes(), UNDECIDED);
                }
                replies => {
                    assert_eq!(replies, [500], "{filters:?}, command {fails_at}");
                    assert!(!(fate.is_complete && fate.headers.is_some()), "answered and forwarded");
                    answered += 1;
                }
            }
        }
    }
    assert!(answered > 20, "{answered}");
}

#[test]
fn the_router_that_stops_headers() {
    check(br#"{"model":"small","messages":[{"role":"user","content":"hello"}]}"#, Filters::Stop);
}

#[test]
fn the_router_with_a_gate() {
    check(br#"{"model":"small","messages":[{"role":"user","content":"hello"}]}"#, Filters::Gate);
}

#[test]
fn the_router_with_two_gates() {
    check(br#"{"model":"small","messages":[{"role":"user","content":"hello"}]}"#, Filters::TwoGates);
}
