use super::*;
use crate::live::Demotions;
use proptest::prelude::*;
use std::cell::RefCell;

/// 2026-01-02T03:04:05Z.
const NOW: u64 = 1_767_323_045_000;

fn asked(headers: &[(&str, &str)]) -> (Option<u64>, usize) {
    let gets = RefCell::new(0);
    let header = |wanted: &'static str| {
        *gets.borrow_mut() += 1;
        headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_bytes())
    };
    (pause(header, || NOW), gets.into_inner())
}

fn check(status: &str, headers: &[(&str, &str)], expected: Option<u64>) {
    let all: Vec<_> = [(":status", status)].into_iter().chain(headers.iter().copied()).collect();
    assert_eq!(asked(&all).0, expected, "{all:?}");
}

#[test]
fn a_refusal_says_when_to_come_back() {
    check("429", &[("retry-after", "20")], Some(20_000));
    check("429", &[("retry-after", " 1.5 ")], Some(1_500));
    check("429", &[("retry-after", "Fri, 02 Jan 2026 03:04:35 GMT")], Some(30_000));
    check("429", &[("retry-after-ms", "120"), ("retry-after", "1")], Some(120));
    check("429", &[("retry-after-ms", "soon"), ("retry-after", "1")], Some(1_000));
    check("503", &[("retry-after", "2")], Some(2_000));
    check("529", &[("retry-after", "2")], Some(2_000));
}

#[test]
fn what_is_no_such_refusal_says_nothing() {
    check("429", &[], None);
    check("503", &[], None);
    for status in ["200", "301", "400", "500", "", "abc", "99999"] {
        check(status, &[("retry-after", "20")], None);
    }
    for value in ["0", "", "-1", "1e3", "inf", "NaN", "Fri, 02 Jan 2026 03:04:04 GMT", "Fri, 32 Jan 2026 03:05:05 GMT"]
    {
        check("429", &[("retry-after", value)], None);
    }
    let exhausted = ("x-ratelimit-remaining-requests", "0");
    check("500", &[exhausted, ("x-ratelimit-reset-requests", "1s")], None);
}

#[test]
fn a_limit_used_up_says_when_it_is_whole_again() {
    for (reset, expected) in [
        ("1s", Some(1_000)),
        ("6m0s", Some(360_000)),
        ("120ms", Some(120)),
        ("1m2.5s", Some(62_500)),
        ("59m59s", Some(3_599_000)),
        ("350µs", Some(1)),
        ("0.0001s", Some(1)),
        ("1.25s", Some(1_250)),
        ("1.0005", Some(1_001)),
        ("99999999999999999999999h", Some(LONGEST_PAUSE)),
        ("1.", None),
        (".5", None),
        ("1.2.3s", None),
        ("7", Some(7_000)),
        ("1h2m", Some(LONGEST_PAUSE)),
        ("2026-01-02T03:04:06Z", Some(1_000)),
        ("0s", None),
        ("s", None),
        ("5x", None),
        ("m5", None),
        ("", None),
    ] {
        check("200", &[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", reset)], expected);
    }
    let requests_left = ("x-ratelimit-remaining-requests", "12");
    let tokens = [("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "3s")];
    check("200", &[requests_left, tokens[0], tokens[1]], Some(3_000));
    check("429", &tokens, Some(3_000));
    check("429", &[("retry-after", "9"), tokens[0], tokens[1]], Some(9_000));
    check("200", &[requests_left, ("x-ratelimit-reset-requests", "3s")], None);
    check("200", &[("x-ratelimit-remaining-requests", "0")], None);
}

#[test]
fn anthropic_names_the_moment() {
    let requests = |left| ("anthropic-ratelimit-requests-remaining", left);
    let reset = ("anthropic-ratelimit-requests-reset", "2026-01-02T03:04:15Z");
    check("200", &[requests("0"), reset], Some(10_000));
    check("200", &[requests("1"), reset], None);
    let tokens = ("anthropic-ratelimit-tokens-remaining", "0");
    for (when, expected) in [
        ("2026-01-02T04:04:06.250+01:00", Some(1_250)),
        ("2026-01-01T22:04:06-05:00", Some(1_000)),
        ("2026-01-02T03:04:04Z", None),
        ("2026-01-02", None),
        ("2026-13-02T03:04:06Z", None),
        ("2026-01-02T03:04:06", None),
        ("9999-12-31T23:59:59Z", Some(LONGEST_PAUSE)),
    ] {
        check("200", &[requests("1"), tokens, ("anthropic-ratelimit-tokens-reset", when)], expected);
    }
    let output = "anthropic-ratelimit-output-tokens-remaining";
    let output_reset = ("anthropic-ratelimit-output-tokens-reset", "2026-01-02T03:04:07Z");
    check("429", &[(output, "0"), output_reset], Some(2_000));
}

#[test]
fn few_headers_are_asked_for() {
    assert_eq!(asked(&[(":status", "500")]).1, 1);
    assert_eq!(asked(&[(":status", "200")]).1, 3);
    let plenty = ("x-ratelimit-remaining-requests", "9");
    assert_eq!(asked(&[(":status", "200"), plenty, ("x-ratelimit-remaining-tokens", "9")]).1, 3);
    let anthropic = ("anthropic-ratelimit-requests-remaining", "9");
    assert_eq!(asked(&[(":status", "200"), anthropic]).1, 4);
    assert_eq!(asked(&[(":status", "429"), ("retry-after", "9")]).1, 3);
}

proptest! {
    #[test]
    fn no_answer_can_do_harm(
        status in "429|503|529|200|[0-9]{0,6}|\\PC{0,4}",
        values in prop::collection::vec(("\\PC{0,30}|[0-9.]{0,400}|[0-9hmsun.µ]{0,20}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2}|.{0,4})|[A-Z][a-z]{2}, [0-9]{2} (Jan|Feb|Dec) [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT", any::<bool>()), 20),
        bytes in prop::collection::vec(any::<u8>(), 0..40),
        now in any::<u64>(),
    ) {
        let names = [OPENAI.as_slice(), ANTHROPIC.as_slice()].concat();
        let names: Vec<_> = names.iter().flat_map(|(left, reset)| [*left, *reset]).chain(["retry-after", "retry-after-ms"]).collect();
        let header = |wanted: &'static str| match names.iter().position(|name| *name == wanted) {
            None => Some(status.clone().into_bytes()),
            Some(at) if wanted.contains("remaining") => Some(if values[at].1 { b"0".to_vec() } else { bytes.clone() }),
            Some(at) => Some(if values[at].1 { values[at].0.clone().into_bytes() } else { bytes.clone() }),
        };
        if let Some(pause) = pause(header, || now) {
            prop_assert!((1..=LONGEST_PAUSE).contains(&pause));
            let mut table = Demotions::read(&bytes);
            table.note("m", pause, now);
            let longest = now.saturating_add(LONGEST_PAUSE);
            prop_assert!(!table.in_force(longest, u64::MAX).demotes("m"));
        }
    }
}
