//! Days and hours. The time is passed in: who decides again says when it was.

use super::error::{PolicyErrorKind, Report};
use super::time_zone::{Zone, ZoneName};
use pointsman_document::{Path, Some1, object, text};

object! {
    /// Days of the week and hours of the day. Of those that are given, both must hold.
    pub(crate) struct ScheduleSpec {
        /// Days, or ranges of them: `mon-fri`, `sat`. Default: every day.
        "days" => days: Option<Some1<Days>>,
        /// From a minute on, and up to another: `09:00-18:00`. Hours that end before they begin last past midnight, and belong to
        /// the day on which they have begun. Default: all day.
        "hours" => hours: Option<Hours>,
        /// Whose clock it is: `UTC`, an offset such as `+01:00`, or a name such as `Europe/Berlin`.
        "timeZone" => time_zone: ZoneName = "UTC",
    }
    at_least_one_of("days", "hours");
}

text! {
    /// A day of the week, or a range of them.
    pub(crate) Days: "a day or days (`mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`, or a range such as `mon-fri`)",
        "^(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?$", 7, |text| days(text).is_some();
    /// Hours of the day.
    pub(crate) Hours: "hours such as `09:00-18:00` (from 00:00 to 24:00, and not the same twice)",
        "^([01][0-9]|2[0-4]):[0-5][0-9]-([01][0-9]|2[0-4]):[0-5][0-9]$", 11, |text| hours(text).is_some();
}

const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// One bit for each day, from Monday on. `sat-mon` goes past the week's end.
fn days(text: &str) -> Option<u8> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let day = |name: &str| NAMES.iter().position(|known| *known == name);
    let (from, to) = (day(from)?, day(to)?);
    let length = (to + 7 - from) % 7;
    Some((from..=from + length).fold(0, |days, day| days | 1 << (day % 7)))
}

/// Minutes of the day: from one on, up to another.
fn hours(text: &str) -> Option<(u16, u16)> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (minutes(from)?, minutes(to)?);
    (from != to && from < 24 * 60 && to <= 24 * 60).then_some((from, to))
}

/// Minutes of `09:30`.
pub(super) fn minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| {
        let is_one = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| is_one)
    };
    Some(number(hours)? * 60 + number(minutes).filter(|minutes| *minutes < 60)?)
}

/// When a rule applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    days: u8,
    hours: Option<(u16, u16)>,
    zone: Zone,
}

impl ScheduleSpec {
    pub(super) fn compile(self, at: &Path<'_>, report: &mut Report) -> Schedule {
        let written = self.days.map(|days| days.0).unwrap_or_default();
        let days = written.iter().filter_map(|text| days(&text.0)).fold(0, |days, more| days | more);
        let hours = self.hours.and_then(|text| hours(&text.0));
        if days == 0b111_1111 && hours.is_none() && !report.is_lost(at) {
            report.add(
                &at.key("days"),
                PolicyErrorKind::Meaning("is every day, and all day long: it says nothing".into()),
            );
        }
        let zone = Zone::named(&self.time_zone.0).unwrap_or(Zone::UTC);
        Schedule { days: if written.is_empty() { 0b111_1111 } else { days }, hours, zone }
    }
}

impl Schedule {
    /// Its days and hours, as they are written: `mon, tue 09:00-18:00`.
    #[cfg(any(test, feature = "trace"))]
    pub(crate) fn written(&self) -> String {
        let days: Vec<&str> =
            NAMES.iter().enumerate().filter(|(day, _)| self.days >> day & 1 == 1).map(|(_, name)| *name).collect();
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let days = if days.len() == NAMES.len() { "every day".to_owned() } else { days.join(", ") };
        match self.hours {
            Some((from, to)) => format!("{days} {}-{}", clock(from), clock(to)),
            None => days,
        }
    }

    /// What the clock shows in its time zone: `sat 21:59`.
    #[cfg(any(test, feature = "trace"))]
    pub(crate) fn clock(&self, now: u64) -> String {
        let (day, minute) = self.zone.clock(now);
        let name = NAMES.get(usize::from(day)).copied().unwrap_or_default();
        format!("{name} {:02}:{:02} in its time zone", minute / 60, minute % 60)
    }

    /// Whether a moment is one of its, in milliseconds since 1970.
    pub(crate) fn holds(&self, now: u64) -> bool {
        let (day, minute) = self.zone.clock(now);
        let is_on = |day: u8| self.days >> (day % 7) & 1 == 1;
        match self.hours {
            None => is_on(day),
            Some((from, to)) if from < to => is_on(day) && (from..to).contains(&minute),
            Some((from, to)) => (minute >= from && is_on(day)) || (minute < to && is_on(day + 6)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::RuleId;
    use crate::policy::testing::{check, valid};

    fn rule(schedule: &str) -> String {
        format!(r#""rules": [{{"name": "r", "match": {{"schedule": {schedule}}}, "deny": {{}}}}]"#)
    }

    #[test]
    fn what_is_no_time_is_an_error() {
        check(
            &rule(r#"{"days": ["mon-fri", "Sat", "mon-"], "hours": "9-18", "timeZone": "Europe/Atlantis"}"#),
            &[
                "rules[0].match.schedule.days[1]: `Sat` is not a day or days (`mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`, or a range such as `mon-fri`)",
                "rules[0].match.schedule.days[2]: `mon-` is not a day or days (`mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`, or a range such as `mon-fri`)",
                "rules[0].match.schedule.hours: `9-18` is not hours such as `09:00-18:00` (from 00:00 to 24:00, and not the same twice)",
                "rules[0].match.schedule.timeZone: `Europe/Atlantis` is not a time zone (`UTC`, an offset such as `+01:00`, or a name such as \
                 `Europe/Berlin` or `America/New_York`; of names, only those that keep the summer of the European Union or of the United \
                 States, or none, are known)",
            ],
        );
        check(&rule(r#"{"timeZone": "UTC"}"#), &["rules[0].match.schedule: needs at least one of `days`, `hours`"]);
        check(
            &rule(r#"{"days": ["sat-fri"]}"#),
            &["rules[0].match.schedule.days: is every day, and all day long: it says nothing"],
        );
        for wrong in ["24:00-01:00", "00:00-24:01", "08:00-08:00", "08:60-09:00", "+8:00-09:00"] {
            assert_eq!(hours(wrong), None, "{wrong}");
        }
    }

    /// Whether a time is in it: days from Monday, the 5th of January 2026, on.
    fn holds(schedule: &str, day: u64, clock: &str) -> bool {
        let policy = valid(&rule(schedule));
        let schedule = policy.rule(RuleId(0)).and_then(|rule| rule.conditions.schedule.clone()).expect("a schedule");
        schedule.holds((1_767_571_200 + day * 86_400 + u64::from(minutes(clock).expect("a time")) * 60) * 1000)
    }

    #[test]
    fn hours_begin_with_their_first_minute_and_end_before_their_last() {
        let office = r#"{"days": ["mon-fri"], "hours": "09:00-18:00"}"#;
        for (day, clock, expected) in
            [(0, "09:00", true), (0, "08:59", false), (4, "17:59", true), (4, "18:00", false), (5, "12:00", false)]
        {
            assert_eq!(holds(office, day, clock), expected, "{day} {clock}");
        }
        assert!(
            holds(r#"{"days": ["sat-mon", "wed"]}"#, 0, "00:00")
                && !holds(r#"{"days": ["sat-mon", "wed"]}"#, 1, "00:00")
        );
        assert!(holds(r#"{"hours": "00:00-24:00", "days": ["sun"]}"#, 6, "23:59"));
    }

    #[test]
    fn a_night_belongs_to_the_day_it_began() {
        let night = r#"{"days": ["fri"], "hours": "22:00-06:00"}"#;
        for (day, clock, expected) in [
            (4, "21:59", false),
            (4, "22:00", true),
            (5, "05:59", true),
            (5, "06:00", false),
            (4, "05:59", false),
            (5, "22:00", false),
        ] {
            assert_eq!(holds(night, day, clock), expected, "{day} {clock}");
        }
        // Monday begins an hour earlier in Berlin, two in summer.
        let berlin = r#"{"days": ["mon"], "timeZone": "Europe/Berlin"}"#;
        assert!(holds(berlin, 6, "23:00") && !holds(berlin, 6, "22:59"));
    }
}
