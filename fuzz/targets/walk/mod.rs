//! One request, whole and in pieces.

use pointsman_engine::{Exchange, Live, Policy, Received, Record, Step, explain, receive, spliced};
use std::sync::Arc;

/// Sends a body in pieces, each as long as its cut, and the rest as one. Its record must be that of the whole; where it goes on,
/// it is returned with the body that does.
pub fn walk(policy: &Policy, path: &str, content_type: &str, cuts: Vec<u8>, body: &[u8]) -> Option<(Record, Vec<u8>)> {
    let exchange = Exchange {
        method: "POST".into(),
        path: path.into(),
        headers: vec![("content-type".into(), content_type.into())],
        body: body.to_vec(),
        ..Exchange::default()
    };
    let policy = Arc::new(policy.clone());
    let whole = explain(&policy, &exchange);
    if body.is_empty() {
        return None;
    }
    let headers: [(&[u8], &[u8]); 3] =
        [(b":method", b"POST"), (b":path", path.as_bytes()), (b"content-type", content_type.as_bytes())];
    let Received::Read(mut reading) = receive(&policy, &headers, &exchange, &Live::default, false) else {
        panic!("an API call is read")
    };
    let (mut record, mut rest) = (None, body);
    let mut steps = Vec::new();
    for cut in cuts {
        let (chunk, tail) = rest.split_at(usize::from(cut).min(rest.len()));
        steps.push(reading.push(chunk));
        rest = tail;
    }
    steps.push(reading.push(rest));
    steps.push(reading.finish());
    let mut routed = None;
    for step in steps {
        match step {
            Step::Route(edits) => {
                record = Some(Arc::unwrap_or_clone(edits.record));
                routed = Some(edits.splices);
            }
            Step::Reply(reply) => {
                record = Some(reply.record);
                routed = None;
            }
            Step::Hold | Step::Flow => {}
        }
    }
    assert_eq!(record, whole);
    Some((record?, spliced(body, &routed?)))
}
