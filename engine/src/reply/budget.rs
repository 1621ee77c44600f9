//! What a client is told of a budget that has no room for its request, in the headers that its library knows.

use crate::api::Family;
use crate::budget::window::rfc3339;
use crate::policy::{Budget, Unit};

/// The headers of limit, rest, and when there is more.
type Names = [&'static str; 3];

const OPENAI_REQUESTS: Names =
    ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"];
const OPENAI_TOKENS: Names = ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"];
const ANTHROPIC_REQUESTS: Names = [
    "anthropic-ratelimit-requests-limit",
    "anthropic-ratelimit-requests-remaining",
    "anthropic-ratelimit-requests-reset",
];
const ANTHROPIC_TOKENS: Names =
    ["anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"];

/// What is used of a budget, and until when, at some moment; times are in milliseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest {
    pub(crate) used: u64,
    pub(crate) until: u64,
    pub(crate) now: u64,
}

/// How long to wait, and how much there is. No API has headers for money.
pub(crate) fn headers(family: Family, budget: &Budget, rest: Rest) -> Vec<(&'static str, String)> {
    let seconds = rest.until.saturating_sub(rest.now).div_ceil(1_000).max(1);
    let mut headers = vec![("retry-after", seconds.to_string())];
    let names = match (family, budget.unit) {
        (Family::OpenAi | Family::Azure, Unit::Requests) => OPENAI_REQUESTS,
        (Family::OpenAi | Family::Azure, Unit::Tokens) => OPENAI_TOKENS,
        (Family::Anthropic, Unit::Requests) => ANTHROPIC_REQUESTS,
        (Family::Anthropic, Unit::Tokens) => ANTHROPIC_TOKENS,
        _ => return headers,
    };
    let reset = if family == Family::Anthropic {
        rfc3339(rest.now.saturating_add(seconds.saturating_mul(1_000)))
    } else {
        duration(seconds)
    };
    let values = [budget.limit.to_string(), budget.limit.saturating_sub(rest.used).to_string(), reset];
    headers.extend(names.into_iter().zip(values));
    headers
}

/// As Go spells it, and OpenAI with it: `1s`, `6m0s`, `1h0m5s`.
fn duration(seconds: u64) -> String {
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, seconds) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Policy;

    fn check(family: Family, measure: &str, expected: &[(&str, &str)]) {
        let policy = format!(
            r#"{{"models": [{{"name": "m", "cluster": "c", "cost": {{}}}}],
                "budgets": [{{"name": "b", "window": {{"every": "hour"}}, {measure}}}]}}"#
        );
        let policy = Policy::from_json(policy.as_bytes()).expect("a policy");
        // 2026-11-28T04:45:14.5Z, and the end of that hour.
        let rest = Rest { used: 95, until: 1_795_842_000_000, now: 1_795_841_114_500 };
        let headers = headers(family, &policy.budgets()[0], rest);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(headers, expected);
    }

    #[test]
    fn each_api_has_its_own_headers() {
        check(
            Family::OpenAi,
            r#""requests": 100"#,
            &[
                ("retry-after", "886"),
                ("x-ratelimit-limit-requests", "100"),
                ("x-ratelimit-remaining-requests", "5"),
                ("x-ratelimit-reset-requests", "14m46s"),
            ],
        );
        check(
            Family::Anthropic,
            r#""tokens": 90"#,
            &[
                ("retry-after", "886"),
                ("anthropic-ratelimit-tokens-limit", "90"),
                ("anthropic-ratelimit-tokens-remaining", "0"),
                ("anthropic-ratelimit-tokens-reset", "2026-11-28T05:00:00Z"),
            ],
        );
        check(Family::Gemini, r#""tokens": 90"#, &[("retry-after", "886")]);
        check(Family::OpenAi, r#""money": 1"#, &[("retry-after", "886")]);
    }

    #[test]
    fn times_read_as_openai_writes_them() {
        let all = [1, 59, 60, 360, 3_600, 90_005].map(duration);
        assert_eq!(all, ["1s", "59s", "1m0s", "6m0s", "1h0m0s", "25h0m5s"]);
    }
}
