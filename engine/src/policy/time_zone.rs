//! What the clock shows where the author of a policy is.
//!
//! Offsets, and the names of zones with one of two rules for summer: that of the European Union and that of the United States. A
//! database of all zones would be half the module, and out of date with the next government that changes its mind: what is not here
//! is refused, and can be written as an offset.

use crate::budget::window::{date, first_day};
use pointsman_document::text;

text! {
    /// A time zone.
    pub(crate) ZoneName: "a time zone (`UTC`, an offset such as `+01:00`, or a name such as `Europe/Berlin` or `America/New_York`; of names, only those that keep the summer of the European Union or of the United States, or none, are known)",
        "^(UTC|[+-][01][0-9]:[0-5][0-9]|[A-Z][A-Za-z_]+/[A-Z][A-Za-z_]+)$", 64, |text| Zone::named(text).is_some();
}

/// When clocks are an hour ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Summer {
    Never,
    /// From 01:00 UTC on the last Sunday of March to 01:00 UTC on the last Sunday of October.
    Europe,
    /// From 02:00 on the second Sunday of March to 02:00 on the first Sunday of November, by the clock.
    America,
}

/// A time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    /// Minutes ahead of UTC, in winter.
    offset: i64,
    summer: Summer,
}

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

/// Names, by what their clocks do.
const NAMES: [(i64, Summer, &[&str]); 13] = [
    (0, Summer::Europe, &["Europe/Dublin", "Europe/Lisbon", "Europe/London"]),
    (
        60,
        Summer::Europe,
        &[
            "Europe/Amsterdam",
            "Europe/Belgrade",
            "Europe/Berlin",
            "Europe/Bratislava",
            "Europe/Brussels",
            "Europe/Budapest",
            "Europe/Copenhagen",
            "Europe/Ljubljana",
            "Europe/Luxembourg",
            "Europe/Madrid",
            "Europe/Malta",
            "Europe/Oslo",
            "Europe/Paris",
            "Europe/Prague",
            "Europe/Rome",
            "Europe/Stockholm",
            "Europe/Vaduz",
            "Europe/Vienna",
            "Europe/Warsaw",
            "Europe/Zagreb",
            "Europe/Zurich",
        ],
    ),
    (
        120,
        Summer::Europe,
        &[
            "Europe/Athens",
            "Europe/Bucharest",
            "Europe/Helsinki",
            "Europe/Kyiv",
            "Europe/Riga",
            "Europe/Sofia",
            "Europe/Tallinn",
            "Europe/Vilnius",
        ],
    ),
    (180, Summer::Never, &["Europe/Istanbul"]),
    (330, Summer::Never, &["Asia/Kolkata"]),
    (480, Summer::Never, &["Asia/Shanghai", "Asia/Singapore"]),
    (540, Summer::Never, &["Asia/Seoul", "Asia/Tokyo"]),
    (-300, Summer::America, &["America/Detroit", "America/New_York"]),
    (-360, Summer::America, &["America/Chicago"]),
    (-420, Summer::America, &["America/Denver"]),
    (-420, Summer::Never, &["America/Phoenix"]),
    (-480, Summer::America, &["America/Los_Angeles"]),
    (-540, Summer::America, &["America/Anchorage"]),
];

impl Zone {
    pub(crate) const UTC: Self = Self { offset: 0, summer: Summer::Never };

    /// The zone of an offset or a name.
    pub(crate) fn named(text: &str) -> Option<Self> {
        if text == "UTC" {
            return Some(Self::UTC);
        }
        if let Some(ahead) = text.strip_prefix('+') {
            return Some(Self { offset: offset(ahead)?, summer: Summer::Never });
        }
        if let Some(behind) = text.strip_prefix('-') {
            return Some(Self { offset: -offset(behind)?, summer: Summer::Never });
        }
        let (offset, summer, _) = NAMES.iter().find(|(_, _, names)| names.contains(&text))?;
        Some(Self { offset: *offset, summer: *summer })
    }

    /// The day of the week, from Monday as 0, and the minute of the day, at a moment in milliseconds since 1970.
    pub(crate) fn clock(self, now: u64) -> (u8, u16) {
        let minutes = i64::try_from(now / 60_000).unwrap_or(i64::MAX / 2);
        let local = minutes + self.offset + if self.is_summer(minutes) { HOUR } else { 0 };
        let (day, minute) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        (u8::try_from(weekday(day)).unwrap_or(0), u16::try_from(minute).unwrap_or(0))
    }

    /// Whether clocks are an hour ahead, at a minute since 1970.
    fn is_summer(self, minutes: i64) -> bool {
        let (from, to) = match self.summer {
            Summer::Never => return false,
            Summer::Europe => {
                let ends = |month| sunday_before(minutes, month, 32) * DAY + HOUR;
                (ends(3), ends(10))
            }
            // In winter's minutes: at the end 02:00 is 01:00.
            Summer::America => (
                sunday_before(minutes, 3, 15) * DAY + 2 * HOUR - self.offset,
                sunday_before(minutes, 11, 8) * DAY + HOUR - self.offset,
            ),
        };
        (from..to).contains(&minutes)
    }
}

/// Minutes of `05:30`.
fn offset(text: &str) -> Option<i64> {
    super::schedule::minutes(text).filter(|minutes| *minutes <= 14 * 60).map(i64::from)
}

/// From Monday as 0: the first day of 1970 was a Thursday.
fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7)
}

/// The last Sunday before a day of a month, in the year of a minute; days are counted from 1970.
fn sunday_before(minutes: i64, month: u64, before: i64) -> i64 {
    let (year, ..) = date(u64::try_from(minutes.div_euclid(DAY)).unwrap_or(0));
    let first = first_day((year - 1970) * 12 + month - 1);
    let last = i64::try_from(first).unwrap_or(0) + before - 2;
    last - (weekday(last) + 1).rem_euclid(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A zone, seconds since 1970, the day and the minute that its clocks show: by the database that Python has.
    const CLOCKS: &[(&str, u64, u8, u16)] = &[
        ("Europe/London", 1774745940, 6, 59),
        ("Europe/London", 1774746000, 6, 120),
        ("Europe/London", 1780986534, 1, 448),
        ("Europe/London", 1792889940, 6, 119),
        ("Europe/London", 1792890000, 6, 60),
        ("Europe/London", 1798761599, 3, 1439),
        ("Europe/London", 1837645140, 6, 59),
        ("Europe/London", 1837645200, 6, 120),
        ("Europe/London", 1856393940, 6, 119),
        ("Europe/London", 1856394000, 6, 60),
        ("Europe/London", 1873856391, 5, 279),
        ("Europe/London", 1932598740, 6, 59),
        ("Europe/London", 1932598800, 6, 120),
        ("Europe/London", 1950742740, 6, 119),
        ("Europe/London", 1950742800, 6, 60),
        ("Europe/Berlin", 1725923578, 1, 72),
        ("Europe/Berlin", 1774745940, 6, 119),
        ("Europe/Berlin", 1774746000, 6, 180),
        ("Europe/Berlin", 1792889940, 6, 179),
        ("Europe/Berlin", 1792890000, 6, 120),
        ("Europe/Berlin", 1798761599, 4, 59),
        ("Europe/Berlin", 1837645140, 6, 119),
        ("Europe/Berlin", 1837645200, 6, 180),
        ("Europe/Berlin", 1856393940, 6, 179),
        ("Europe/Berlin", 1856394000, 6, 120),
        ("Europe/Berlin", 1911969249, 5, 514),
        ("Europe/Berlin", 1932598740, 6, 119),
        ("Europe/Berlin", 1932598800, 6, 180),
        ("Europe/Berlin", 1950742740, 6, 179),
        ("Europe/Berlin", 1950742800, 6, 120),
        ("Europe/Kyiv", 1738888934, 4, 162),
        ("Europe/Kyiv", 1774745940, 6, 179),
        ("Europe/Kyiv", 1774746000, 6, 240),
        ("Europe/Kyiv", 1792889940, 6, 239),
        ("Europe/Kyiv", 1792890000, 6, 180),
        ("Europe/Kyiv", 1798761599, 4, 119),
        ("Europe/Kyiv", 1837645140, 6, 179),
        ("Europe/Kyiv", 1837645200, 6, 240),
        ("Europe/Kyiv", 1856393940, 6, 239),
        ("Europe/Kyiv", 1856394000, 6, 180),
        ("Europe/Kyiv", 1932598740, 6, 179),
        ("Europe/Kyiv", 1932598800, 6, 240),
        ("Europe/Kyiv", 1950742740, 6, 239),
        ("Europe/Kyiv", 1950742800, 6, 180),
        ("Europe/Kyiv", 1987699461, 6, 1244),
        ("Europe/Istanbul", 1750535682, 5, 1374),
        ("Europe/Istanbul", 1774745940, 6, 239),
        ("Europe/Istanbul", 1798761599, 4, 179),
        ("Europe/Istanbul", 1896327743, 6, 522),
        ("Asia/Kolkata", 1731137934, 5, 788),
        ("Asia/Kolkata", 1774745940, 6, 389),
        ("Asia/Kolkata", 1798761599, 4, 329),
        ("Asia/Kolkata", 1972427486, 5, 361),
        ("America/New_York", 1720130331, 3, 1078),
        ("America/New_York", 1772953140, 6, 119),
        ("America/New_York", 1772953200, 6, 180),
        ("America/New_York", 1774745940, 5, 1259),
        ("America/New_York", 1793512740, 6, 119),
        ("America/New_York", 1793512800, 6, 60),
        ("America/New_York", 1798761599, 3, 1139),
        ("America/New_York", 1815265209, 5, 1220),
        ("America/New_York", 1836457140, 6, 119),
        ("America/New_York", 1836457200, 6, 180),
        ("America/New_York", 1857016740, 6, 119),
        ("America/New_York", 1857016800, 6, 60),
        ("America/New_York", 1930805940, 6, 119),
        ("America/New_York", 1930806000, 6, 180),
        ("America/New_York", 1951365540, 6, 119),
        ("America/New_York", 1951365600, 6, 60),
        ("America/Phoenix", 1746142571, 3, 996),
        ("America/Phoenix", 1774745940, 5, 1079),
        ("America/Phoenix", 1798761599, 3, 1019),
        ("America/Phoenix", 1932811755, 1, 309),
        ("America/Los_Angeles", 1737503345, 1, 949),
        ("America/Los_Angeles", 1772963940, 6, 119),
        ("America/Los_Angeles", 1772964000, 6, 180),
        ("America/Los_Angeles", 1774745940, 5, 1079),
        ("America/Los_Angeles", 1793523540, 6, 119),
        ("America/Los_Angeles", 1793523600, 6, 60),
        ("America/Los_Angeles", 1798761599, 3, 959),
        ("America/Los_Angeles", 1836467940, 6, 119),
        ("America/Los_Angeles", 1836468000, 6, 180),
        ("America/Los_Angeles", 1857027540, 6, 119),
        ("America/Los_Angeles", 1857027600, 6, 60),
        ("America/Los_Angeles", 1924504467, 3, 34),
        ("America/Los_Angeles", 1930816740, 6, 119),
        ("America/Los_Angeles", 1930816800, 6, 180),
        ("America/Los_Angeles", 1951376340, 6, 119),
        ("America/Los_Angeles", 1951376400, 6, 60),
        ("America/Anchorage", 1748701179, 5, 379),
        ("America/Anchorage", 1772967540, 6, 119),
        ("America/Anchorage", 1772967600, 6, 180),
        ("America/Anchorage", 1774745940, 5, 1019),
        ("America/Anchorage", 1793527140, 6, 119),
        ("America/Anchorage", 1793527200, 6, 60),
        ("America/Anchorage", 1798761599, 3, 899),
        ("America/Anchorage", 1829204964, 5, 1409),
        ("America/Anchorage", 1836471540, 6, 119),
        ("America/Anchorage", 1836471600, 6, 180),
        ("America/Anchorage", 1857031140, 6, 119),
        ("America/Anchorage", 1857031200, 6, 60),
        ("America/Anchorage", 1930820340, 6, 119),
        ("America/Anchorage", 1930820400, 6, 180),
        ("America/Anchorage", 1951379940, 6, 119),
        ("America/Anchorage", 1951380000, 6, 60),
    ];

    #[test]
    fn clocks_show_what_they_do() {
        for (zone, seconds, day, minute) in CLOCKS {
            let clock = Zone::named(zone).map(|zone| zone.clock(seconds * 1000));
            assert_eq!(clock, Some((*day, *minute)), "{zone} {seconds}");
        }
    }

    #[test]
    fn offsets_are_ahead_or_behind() {
        let clock = |zone: &str| Zone::named(zone).map(|zone| zone.clock(0));
        assert_eq!(clock("UTC"), Some((3, 0)));
        assert_eq!(clock("+05:30"), Some((3, 330)));
        assert_eq!(clock("-00:01"), Some((2, 1439)));
        for wrong in ["", "Z", "+1:00", "+14:01", "+01", "Europe", "Europe/Atlantis", "utc", "+01:60"] {
            assert_eq!(clock(wrong), None, "{wrong}");
        }
        assert!(Zone::named("Europe/Berlin").is_some_and(|zone| zone.clock(u64::MAX).1 < 1440));
    }
}
