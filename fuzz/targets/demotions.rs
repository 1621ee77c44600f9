//! Any table of demotions, and any answer that could change it: never a panic, no growth, no pause without an end.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pointsman_engine::live::Demotions;
use pointsman_engine::response::limits::{LONGEST_PAUSE, pause};

/// A table as it is shared, the time, and an answer: headers by their place in a list.
type Input<'a> = (&'a [u8], u64, Vec<(u8, Vec<u8>)>);

/// A table of 64 models with the longest names that fit.
const LARGEST: usize = 1 + 64 * (8 + 8 + 2 + 65_535);

fuzz_target!(|input: Input| {
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
        headers
            .iter()
            .find(|(name, _)| NAMES[usize::from(*name) % NAMES.len()] == wanted)
            .map(|(_, value)| value.clone())
    };
    if let Some(pause) = pause(header, || now) {
        assert!((1..=LONGEST_PAUSE).contains(&pause));
        table.note("model", pause, now);
        assert_eq!(Demotions::read(&table.write()), table);
        let later = table.in_force(now.saturating_add(LONGEST_PAUSE), LONGEST_PAUSE);
        assert!(!later.demotes("model"));
    }
    assert!(table.write().len() <= LARGEST);
    assert!(!table.is_empty() || table.is_over(now));
});
