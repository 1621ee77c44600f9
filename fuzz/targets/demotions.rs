//! Any table of demotions, and any answer that could change it: never a panic, no growth, no pause without an end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pointsman_engine::feedback::{Demotions, LONGEST_PAUSE, pause};

/// The most models that a table holds.
const MOST: usize = 64;

fuzz_target!(|input: (&[u8], u64, Vec<(u8, Vec<u8>)>)| {
    const NAMES: [&str; 10] = [
        ":status",
        "retry-after",
        "retry-after-ms",
        "x-ratelimit-remaining-requests",
        "x-ratelimit-reset-requests",
        "x-ratelimit-remaining-tokens",
        "x-ratelimit-reset-tokens",
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
        "anthropic-ratelimit-tokens-remaining",
    ];
    let (bytes, now, headers) = input;
    let mut table = Demotions::read(bytes);
    assert_eq!(Demotions::read(&table.write()), table);
    let header = |wanted: &'static str| {
        headers.iter().find(|(name, _)| NAMES[usize::from(*name) % NAMES.len()] == wanted).map(|(_, value)| value.clone())
    };
    if let Some(pause) = pause(header, || now) {
        assert!((1..=LONGEST_PAUSE).contains(&pause));
        table.note("model", pause, now);
        assert_eq!(Demotions::read(&table.write()), table);
        let later = table.in_force(now.saturating_add(LONGEST_PAUSE), LONGEST_PAUSE);
        assert!(later.iter().all(|name| name != "model"));
    }
    assert!(table.in_force(now, LONGEST_PAUSE).len() <= MOST);
    assert!(!table.is_empty() || table.is_over(now));
});
