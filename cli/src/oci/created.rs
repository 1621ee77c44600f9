//! When an image says it was made. A clock would make every build another image, so there is none here.

/// A moment, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Created(u64);

/// The end of the year 9999, the last that RFC 3339 can write.
const LAST: u64 = 253_402_300_799;

impl Created {
    /// The beginning of 1970, for images that say nothing about their time.
    pub(crate) const UNSAID: Self = Self(0);

    /// What reproducible builds put into `SOURCE_DATE_EPOCH`.
    pub(crate) fn read(written: &str) -> Result<Self, String> {
        match written.parse() {
            Ok(seconds @ 0..=LAST) => Ok(Self(seconds)),
            _ => Err(format!("SOURCE_DATE_EPOCH: `{written}` is not a number of seconds since 1970")),
        }
    }

    pub(crate) fn seconds(self) -> u64 {
        self.0
    }

    pub(crate) fn rfc3339(self) -> String {
        let (year, month, day) = date(self.0 / 86_400);
        let second = self.0 % 86_400;
        format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3600, second / 60 % 60, second % 60)
    }
}

/// Year, month and day of the Gregorian calendar, given the days since 1970.
fn date(mut days: u64) -> (u64, u64, u64) {
    let mut year = 1970;
    while days >= days_of(year) {
        days -= days_of(year);
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

fn days_of(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
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
            (LAST, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(Created::read(&seconds.to_string()).map(Created::rfc3339), Ok(text.to_owned()));
        }
    }

    #[test]
    fn anything_but_seconds_is_refused() {
        for bad in ["", "-1", "today", "1.5", "253402300800", "99999999999999999999"] {
            assert!(Created::read(bad).is_err(), "{bad}");
        }
    }
}
