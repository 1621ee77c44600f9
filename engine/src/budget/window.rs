//! Over what a budget is counted: a calendar's minute, hour, day or month, or the time just past.

use pointsman_document::names;

const SECOND: u64 = 1_000;
const DAY: u64 = 86_400 * SECOND;

names! {
    /// A part of the calendar, in UTC.
    #[derive(Hash)]
    pub enum Period {
        /// It begins with the second 0.
        Minute => "minute",
        /// It begins with the minute 0.
        Hour => "hour",
        /// It begins at 00:00 UTC.
        Day => "day",
        /// It begins on the first, at 00:00 UTC.
        Month => "month",
    }
}

/// Over what a budget is counted. Times are in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Window {
    /// A part of the calendar, in UTC.
    Every(Period),
    /// The last so many milliseconds, in steps of a sixteenth: what is used counts for at least that long, and for at most a
    /// sixteenth of it longer.
    Rolling(u64),
}

impl Window {
    /// The steps in which a rolling window moves on.
    pub const STEPS: u64 = 16;

    /// The number of the part of time that a moment falls into. Parts are what amounts are kept for.
    pub(super) fn part(self, now: u64) -> u64 {
        match self {
            Self::Every(Period::Minute) => now / (60 * SECOND),
            Self::Every(Period::Hour) => now / (3_600 * SECOND),
            Self::Every(Period::Day) => now / DAY,
            Self::Every(Period::Month) => month_of(now / DAY),
            Self::Rolling(length) => now / step(length),
        }
    }

    /// The first part that counts at the time of another.
    pub(super) const fn first_counted(self, part: u64) -> u64 {
        match self {
            Self::Every(_) => part,
            Self::Rolling(_) => part.saturating_sub(Self::STEPS),
        }
    }

    /// The moment from which on what was used in a part does not count any more.
    pub(super) fn end_of(self, part: u64) -> u64 {
        match self {
            Self::Every(Period::Minute) => part.saturating_add(1).saturating_mul(60 * SECOND),
            Self::Every(Period::Hour) => part.saturating_add(1).saturating_mul(3_600 * SECOND),
            Self::Every(Period::Day) => part.saturating_add(1).saturating_mul(DAY),
            Self::Every(Period::Month) => first_day(part.saturating_add(1)).saturating_mul(DAY),
            Self::Rolling(length) => part.saturating_add(Self::STEPS + 1).saturating_mul(step(length)),
        }
    }

    /// The moment from which on what is used now does not count any more.
    pub(crate) fn end(self, now: u64) -> u64 {
        self.end_of(self.part(now))
    }

    /// How it is called where amounts are kept: those of different windows are not compared.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Every(period) => pointsman_document::Named::name(period).to_owned(),
            Self::Rolling(length) => format!("{length}ms"),
        }
    }
}

/// The most parts that count at once.
pub(super) const MOST_PARTS: usize = Window::STEPS as usize + 1;

const fn step(length: u64) -> u64 {
    let step = length.div_ceil(Window::STEPS);
    if step == 0 { 1 } else { step }
}

/// The month that a day falls into, counted from January 1970.
fn month_of(day: u64) -> u64 {
    let (year, month, _) = date(day);
    (year - 1970) * 12 + month - 1
}

/// The first day of a month that is counted from January 1970.
pub(crate) fn first_day(month: u64) -> u64 {
    // Years begin in March, so that leap days come last. Months that no clock tells can stand in bytes that somebody made up.
    let months = month.min(LAST_MONTH) + 10;
    let (year, month) = (1969 + months / 12, months % 12);
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5;
    days.saturating_sub(DAYS_TO_1970)
}

/// Behind the last month that milliseconds can name.
const LAST_MONTH: u64 = 8_000_000_000;

/// From the first of March of the year 0 to the first of January 1970.
const DAYS_TO_1970: u64 = 719_468;

/// Year, month and day, of a day that is counted from 1970.
pub(crate) fn date(day: u64) -> (u64, u64, u64) {
    let day = day.saturating_add(DAYS_TO_1970);
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, of_year - (153 * from_march + 2) / 5 + 1)
}

/// A moment as RFC 3339 has it, to the second: `2026-01-02T03:04:05Z`.
#[must_use]
pub fn rfc3339(now: u64) -> String {
    let ((year, month, day), seconds) = (date(now / DAY), now % DAY / SECOND);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(window: Window, now: u64, end: &str) {
        assert_eq!(rfc3339(window.end_of(window.part(now))), end, "{window:?}");
    }

    #[test]
    fn the_calendar_is_that_of_utc() {
        // 2026-11-28T04:45:14.5Z
        let now = 1_795_841_114_500;
        assert_eq!(rfc3339(now), "2026-11-28T04:45:14Z");
        check(Window::Every(Period::Minute), now, "2026-11-28T04:46:00Z");
        check(Window::Every(Period::Hour), now, "2026-11-28T05:00:00Z");
        check(Window::Every(Period::Day), now, "2026-11-29T00:00:00Z");
        check(Window::Every(Period::Month), now, "2026-12-01T00:00:00Z");
        check(Window::Every(Period::Month), 0, "1970-02-01T00:00:00Z");
        // 2028-02-29T12:00:00Z and 2026-12-31T23:59:59.999Z
        check(Window::Every(Period::Month), 1_835_438_400_000, "2028-03-01T00:00:00Z");
        check(Window::Every(Period::Month), 1_798_761_599_999, "2027-01-01T00:00:00Z");
    }

    #[test]
    fn what_is_used_counts_for_the_length_and_at_most_a_step_longer() {
        let window = Window::Rolling(3_600_000);
        for now in [0, 1, 224_999, 225_000, 1_795_841_114_500] {
            let counted = window.end_of(window.part(now)) - now;
            assert!((3_600_000..=3_600_000 + 225_000).contains(&counted), "{counted}");
        }
    }

    proptest! {
        #[test]
        fn every_moment_is_in_one_part(
            now in 0_u64..8_000_000_000_000,
            window in prop_oneof![
                prop::sample::select(vec![Period::Minute, Period::Hour, Period::Day, Period::Month]).prop_map(Window::Every),
                (1_u64..100_000_000).prop_map(Window::Rolling),
            ],
        ) {
            let part = window.part(now);
            prop_assert!(window.first_counted(part) <= part);
            prop_assert!(now < window.end_of(part));
            if let Window::Every(_) = window {
                prop_assert_eq!(window.part(window.end_of(part) - 1), part);
                prop_assert_eq!(window.part(window.end_of(part)), part + 1);
            } else {
                let end = window.end_of(part);
                prop_assert!(window.first_counted(window.part(end)) > part);
                prop_assert!(window.first_counted(window.part(end - 1)) <= part);
            }
        }

        #[test]
        fn no_time_is_too_late(now in any::<u64>()) {
            for period in [Period::Minute, Period::Hour, Period::Day, Period::Month] {
                let window = Window::Every(period);
                let _ = (window.end_of(window.part(now)), rfc3339(now));
            }
        }
    }
}
