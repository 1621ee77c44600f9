//! When an image says it was made. A clock would make every build another image, so there is none here.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment from 1970 to 9999, the last year that RFC 3339 can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Created(OffsetDateTime);

impl Created {
    /// The beginning of 1970, for images that say nothing about their time.
    pub(crate) const UNSAID: Self = Self(OffsetDateTime::UNIX_EPOCH);

    /// What reproducible builds put into `SOURCE_DATE_EPOCH`.
    pub(crate) fn read(written: &str) -> Result<Self, String> {
        let seconds = written.parse::<u64>().ok().and_then(|seconds| i64::try_from(seconds).ok());
        match seconds.map(OffsetDateTime::from_unix_timestamp) {
            Some(Ok(moment)) => Ok(Self(moment)),
            _ => Err(format!("SOURCE_DATE_EPOCH: `{written}` is not a number of seconds since 1970")),
        }
    }

    pub(crate) fn seconds(self) -> u64 {
        // Never before 1970.
        self.0.unix_timestamp().try_into().unwrap_or_default()
    }

    pub(crate) fn rfc3339(self) -> String {
        // Never after 9999.
        self.0.format(&Rfc3339).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_written_as_rfc_3339() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (1_795_262_400, "2026-11-21T12:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799_u64, "9999-12-31T23:59:59Z"),
        ] {
            let created = Created::read(&seconds.to_string());
            assert_eq!(created.map(|created| (created.seconds(), created.rfc3339())), Ok((seconds, text.to_owned())));
        }
    }

    #[test]
    fn anything_but_seconds_is_refused() {
        for bad in ["", "-1", "today", "1.5", "253402300800", "99999999999999999999"] {
            assert!(Created::read(bad).is_err(), "{bad}");
        }
    }
}
