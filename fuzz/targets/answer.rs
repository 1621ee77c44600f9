//! Any answer, in any split: never a panic, the same bytes for every split, and nothing but signatures put in.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pointsman_engine::response::signing::{Signature, Signing};
use pointsman_engine::{Policy, spliced};
use std::sync::{Arc, LazyLock};

static POLICY: LazyLock<Arc<Policy>> = LazyLock::new(|| {
    let json = br#"{"models": [{"name": "m", "cluster": "c"}], "providerState": {"signedIds": {}}}"#;
    let policy = Policy::from_json(json).expect("a valid policy");
    Arc::new(policy.with_id_keys(Some("0123456789abcdef0123456789abcdef")).expect("a key"))
});

const TYPES: [&[u8]; 2] = [b"application/json", b"text/event-stream"];

/// What leaves of an answer that comes in these chunks.
fn sent(content_type: &[u8], chunks: &[&[u8]]) -> Vec<u8> {
    let signature = Signature { policy: Arc::clone(&POLICY), cluster: "c".into(), tenant: None };
    let mut signing = Signing::of(signature, content_type).expect("a known type");
    let mut sent = Vec::new();
    for (nth, chunk) in chunks.iter().enumerate() {
        signing.push(chunk);
        sent.extend(spliced(chunk, &signing.finish(nth + 1 == chunks.len())));
    }
    sent
}

fuzz_target!(|input: (bool, Vec<u8>, &[u8])| {
    let (streams, cuts, answer) = input;
    let content_type = TYPES[usize::from(streams)];
    let (mut chunks, mut rest) = (Vec::new(), answer);
    for cut in cuts {
        let (chunk, tail) = rest.split_at(usize::from(cut).min(rest.len()));
        chunks.push(chunk);
        rest = tail;
    }
    chunks.push(rest);
    let (pieces, whole) = (sent(content_type, &chunks), sent(content_type, &[answer]));
    assert_eq!(pieces, whole);
    // What looks like a signature by itself could be told from one by nobody here.
    if !answer.windows(SIGN.len()).any(|window| window == SIGN) {
        assert_eq!(without_signatures(&whole), answer, "something else has changed");
    }
});

/// How a signature begins, and how long it is.
const SIGN: &[u8] = b"psm1";
const SIGNATURE: usize = 24;

fn without_signatures(sent: &[u8]) -> Vec<u8> {
    let (mut plain, mut rest) = (Vec::new(), sent);
    while let Some((first, tail)) = rest.split_first() {
        if rest.starts_with(SIGN) {
            rest = rest.get(SIGNATURE..).expect("a whole signature");
        } else {
            plain.push(*first);
            rest = tail;
        }
    }
    plain
}
