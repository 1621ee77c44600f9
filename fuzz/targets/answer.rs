//! Any answer, in any split: never a panic, the same bytes and the same figures for every split, nothing but signatures put
//! in, and no usage that cannot be.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pointsman_engine::api::Api;
use pointsman_engine::response::amending::{Amending, Amendments};
use pointsman_engine::response::signing::Signature;
use pointsman_engine::response::usage::{Reading, UsageReader};
use pointsman_engine::{Policy, spliced};
use std::sync::{Arc, LazyLock};

static POLICY: LazyLock<Arc<Policy>> = LazyLock::new(|| {
    let json = br#"{"models": [{"name": "m", "cluster": "c"}], "providerState": {"signedIds": {}}}"#;
    let policy = Policy::from_json(json).expect("a valid policy");
    Arc::new(policy.with_id_keys(Some("0123456789abcdef0123456789abcdef")).expect("a key"))
});

const TYPES: [&[u8]; 3] = [b"application/json", b"text/event-stream", b"application/x-ndjson"];

/// What leaves of an answer that comes in these chunks.
fn sent(content_type: &[u8], chunks: &[&[u8]]) -> Vec<u8> {
    let signature = Signature { policy: Arc::clone(&POLICY), cluster: "c".into(), tenant: None };
    let amendments = Amendments { signature: Some(signature), ..Amendments::default() };
    let mut signing = Amending::of(amendments, content_type).expect("a known type");
    let mut sent = Vec::new();
    for (nth, chunk) in chunks.iter().enumerate() {
        signing.push(chunk);
        sent.extend(spliced(chunk, &signing.finish(nth + 1 == chunks.len())));
    }
    sent
}

/// What such an answer of this API says of itself.
fn read(api: Api, content_type: &[u8], chunks: &[&[u8]], complete: bool) -> Option<Reading> {
    let mut reader = UsageReader::of(api, content_type, b"").ok()?;
    for chunk in chunks {
        reader.push(chunk);
    }
    let reading = reader.finish(complete);
    for usage in [reading.usage.ok(), reading.so_far].into_iter().flatten() {
        assert!(usage.cached + usage.cache_write <= usage.input && usage.audio_input <= usage.input, "{usage:?}");
        assert!(usage.reasoning <= usage.output && usage.audio_output <= usage.output, "{usage:?}");
        assert!(usage.input.max(usage.output) < 1 << 35, "{usage:?}");
    }
    assert!(reading.text_bytes <= chunks.iter().map(|chunk| chunk.len() as u64).sum());
    assert!(reading.model.as_ref().is_none_or(|model| model.len() <= Reading::LONGEST_MODEL));
    Some(reading)
}

fuzz_target!(|input: ((u8, u8), Vec<u8>, &[u8])| {
    let ((kind, api), cuts, answer) = input;
    let content_type = TYPES[usize::from(kind) % TYPES.len()];
    let api = Api::ALL[usize::from(api) % Api::ALL.len()];
    let (mut chunks, mut rest) = (Vec::new(), answer);
    for cut in cuts {
        let (chunk, tail) = rest.split_at(usize::from(cut).min(rest.len()));
        chunks.push(chunk);
        rest = tail;
    }
    chunks.push(rest);
    let (pieces, whole) = (sent(content_type, &chunks), sent(content_type, &[answer]));
    assert_eq!(pieces, whole);
    for complete in [true, false] {
        assert_eq!(read(api, content_type, &chunks, complete), read(api, content_type, &[answer], complete));
    }
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
