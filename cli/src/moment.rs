//! When a request comes: as it is given, or now.

use std::time::{SystemTime, UNIX_EPOCH};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time that is given: milliseconds since 1970.
pub(crate) fn read(text: &str) -> Result<u64, String> {
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => Some(seconds),
        Err(_) => OffsetDateTime::parse(text, &Rfc3339).ok().and_then(|moment| moment.unix_timestamp().try_into().ok()),
    };
    // A proxy that knows no time says 0, and so the first second of 1970 is no time either.
    let milliseconds = seconds.filter(|seconds| *seconds > 0).and_then(|seconds| seconds.checked_mul(1_000));
    milliseconds.ok_or_else(|| "expected a time such as 2026-11-28T09:00:00+01:00, or seconds since 1970".into())
}

/// The time of this machine, in milliseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis().try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_zone_or_is_a_number() {
        for (text, expected) in [
            ("1795867200", Some(1_795_867_200_000)),
            ("2026-11-28T12:00:00Z", Some(1_795_867_200_000)),
            ("2026-11-28T13:00:00+01:00", Some(1_795_867_200_000)),
            ("2026-11-28T12:00:00", None),
            ("1969-12-31T23:59:59Z", None),
            ("0", None),
            ("18446744073709551615", None),
            ("noon", None),
        ] {
            assert_eq!(read(text).ok(), expected, "{text}");
        }
    }
}
