//! What an answer says of its provider's rate limits: for how long that provider does not want to be asked.
//!
//! Without a clock of its own: [`pause`] is told the time when it needs it.
//!
//! Answers come from outside. What cannot be read says nothing, and nothing said lasts longer than [`LONGEST_PAUSE`].

mod time;

use std::ops::Deref;

/// The longest pause that is believed, in milliseconds: the most that a policy's `feedback.maxSeconds` can be.
pub const LONGEST_PAUSE: u64 = 3_600_000;

/// Too many requests; for a while unavailable; overloaded (Anthropic's). All three can say when to come back.
const COME_BACK_LATER: [u16; 3] = [TOO_MANY_REQUESTS, 503, 529];
const TOO_MANY_REQUESTS: u16 = 429;

/// A limit: the header that says what is left of it, and the one that says when it is whole again.
type Limit = (&'static str, &'static str);

/// OpenAI's, which most others have taken over.
const OPENAI: [Limit; 2] = [
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
];

/// Anthropic's. The second is whichever of the last two is closer to its end, so an answer that is no refusal is asked for
/// the first two only.
const ANTHROPIC: [Limit; 4] = [
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
    ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
];
const ANTHROPIC_UNLESS_REFUSED: usize = 2;

/// For how many milliseconds a provider does not want to be asked, going by its answer. `now` is in milliseconds since 1970.
///
/// Every header costs a call to the host, so as few as possible are asked for: three of an answer without limits or with
/// OpenAI's, four with Anthropic's.
pub fn pause<V: Deref<Target = [u8]>>(
    header: impl Fn(&'static str) -> Option<V>,
    now: impl Fn() -> u64,
) -> Option<u64> {
    let status: u16 = text(&header(":status")?)?.parse().ok()?;
    let refused = status == TOO_MANY_REQUESTS;
    let mut pause = None;
    if COME_BACK_LATER.contains(&status) {
        pause = retry_after(&header, &now);
    }
    if pause.is_none() && (refused || status < 400) {
        let anthropic = ANTHROPIC.get(..ANTHROPIC_UNLESS_REFUSED).filter(|_| !refused).unwrap_or(&ANTHROPIC);
        pause = [&OPENAI, anthropic].iter().find_map(|of| limits(&header, &now, of, refused));
    }
    pause.map(|pause| pause.min(LONGEST_PAUSE)).filter(|pause| *pause > 0)
}

fn retry_after<V: Deref<Target = [u8]>>(
    header: &impl Fn(&'static str) -> Option<V>,
    now: &impl Fn() -> u64,
) -> Option<u64> {
    let precise = header("retry-after-ms").and_then(|value| time::milliseconds(text(&value)?));
    precise.or_else(|| {
        let value = header("retry-after")?;
        let value = text(&value)?;
        time::seconds(value).or_else(|| Some(time::http_date(value)?.saturating_sub(now())))
    })
}

/// The longest time until a limit that is used up is whole again, 0 if none is, `None` if the answer does not speak of such
/// limits. An answer that says nothing of the first is taken to say nothing of the others, unless it is a refusal.
fn limits<V: Deref<Target = [u8]>>(
    header: &impl Fn(&'static str) -> Option<V>,
    now: &impl Fn() -> u64,
    limits: &[Limit],
    refused: bool,
) -> Option<u64> {
    let mut longest = None;
    for (remaining, reset) in limits {
        let Some(remaining) = header(remaining) else {
            if refused || longest.is_some() {
                continue;
            }
            return None;
        };
        let used_up = text(&remaining).and_then(time::thousandfold) == Some(0);
        let wait = if used_up { header(reset).and_then(|reset| until_reset(&reset, now)) } else { None };
        longest = longest.max(Some(wait.unwrap_or_default()));
    }
    longest
}

fn until_reset(reset: &[u8], now: &impl Fn() -> u64) -> Option<u64> {
    let reset = text(reset)?;
    time::seconds(reset).or_else(|| time::duration(reset)).or_else(|| Some(time::rfc3339(reset)?.saturating_sub(now())))
}

fn text(value: &[u8]) -> Option<&str> {
    // No form of a time is longer.
    const LONGEST: usize = 64;
    std::str::from_utf8(value).ok().map(str::trim).filter(|text| text.len() <= LONGEST)
}

#[cfg(test)]
mod tests;
