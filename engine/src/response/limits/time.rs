//! The ways in which providers spell a time.
//!
//! Each function is one spelling and gives milliseconds; a text in another gives `None`.

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A thousand times a number in plain decimal spelling (`0`, `20`, `0.25`), rounded up. Too large a number is the largest.
///
/// Without floats: reading one takes more code than all the rest.
pub(super) fn thousandfold(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if whole.is_empty() || fraction.is_empty() {
        return None;
    }
    let mut value = 0_u64;
    for digit in whole.bytes() {
        value = value.saturating_mul(10).saturating_add(decimal(digit)?);
    }
    let mut unit = 1_000;
    let mut rest = 0;
    for digit in fraction.bytes() {
        let digit = decimal(digit)?;
        unit /= 10;
        rest = if unit > 0 { rest + digit * unit * 10 } else { rest | digit.min(1) };
    }
    Some(value.saturating_mul(1_000).saturating_add(rest.div_ceil(10)))
}

fn decimal(byte: u8) -> Option<u64> {
    byte.is_ascii_digit().then(|| u64::from(byte - b'0'))
}

/// Seconds without a unit: `20`.
pub(super) fn seconds(text: &str) -> Option<u64> {
    thousandfold(text)
}

/// Milliseconds without a unit: `120`.
pub(super) fn milliseconds(text: &str) -> Option<u64> {
    thousandfold(text).map(|thousandfold| thousandfold.div_ceil(1_000))
}

/// A duration as Go spells it, and OpenAI with it: `1s`, `6m0s`, `120ms`, `1h2m3.5s`.
pub(super) fn duration(text: &str) -> Option<u64> {
    const MILLISECOND: u64 = 1_000_000;
    let (mut nanoseconds, mut rest) = (0_u64, text);
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (amount, tail) = rest.split_at_checked(unit_at)?;
        let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(end)?;
        let unit = match unit {
            "d" => 86_400_000 * MILLISECOND,
            "h" => 3_600_000 * MILLISECOND,
            "m" => 60_000 * MILLISECOND,
            "s" => 1_000 * MILLISECOND,
            "ms" => MILLISECOND,
            "us" | "µs" | "μs" => 1_000,
            "ns" => 1,
            _ => return None,
        };
        let amount = u128::from(thousandfold(amount)?) * u128::from(unit);
        nanoseconds = nanoseconds.saturating_add(u64::try_from(amount.div_ceil(1_000)).unwrap_or(u64::MAX));
        rest = tail;
    }
    (!text.is_empty()).then_some(nanoseconds.div_ceil(MILLISECOND))
}

/// The date of HTTP: `Sun, 06 Nov 1994 08:49:37 GMT`. Its two obsolete spellings say nothing.
pub(super) fn http_date(text: &str) -> Option<u64> {
    let (_, date) = text.split_once(", ")?;
    let mut parts = date.split(' ');
    let day = digits(parts.next()?, 2)?;
    let name = parts.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as u64 + 1;
    let year = digits(parts.next()?, 4)?;
    let seconds = of_day(parts.next()?)?;
    (parts.next() == Some("GMT") && parts.next().is_none()).then_some(())?;
    Some(days(year, month, day)?.checked_mul(86_400)?.checked_add(seconds)?.saturating_mul(1_000))
}

/// RFC 3339: `2026-01-02T03:04:05Z`, `2026-01-02T03:04:05.678+01:00`.
pub(super) fn rfc3339(text: &str) -> Option<u64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut date = date.split('-');
    let (year, month, day) = (digits(date.next()?, 4)?, digits(date.next()?, 2)?, digits(date.next()?, 2)?);
    date.next().is_none().then_some(())?;
    let zone_at = time.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = time.split_at_checked(zone_at)?;
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let milliseconds = thousandfold(&format!("0.{fraction}"))?;
    let local = days(year, month, day)?.checked_mul(86_400)?.checked_add(of_day(clock)?)?;
    let utc = match zone.split_at_checked(1)? {
        ("Z" | "z", "") => local,
        ("+", ahead) => local.checked_sub(offset(ahead)?)?,
        ("-", behind) => local.checked_add(offset(behind)?)?,
        _ => return None,
    };
    Some(utc.saturating_mul(1_000).saturating_add(milliseconds))
}

/// `08:49:37` in seconds; a leap second counts.
fn of_day(text: &str) -> Option<u64> {
    let mut parts = text.split(':');
    let (hours, minutes, seconds) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let fits = hours < 24 && minutes < 60 && seconds <= 60 && parts.next().is_none();
    fits.then_some(hours * 3_600 + minutes * 60 + seconds)
}

/// `01:00` in seconds.
fn offset(text: &str) -> Option<u64> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    (hours < 24 && minutes < 60).then_some(hours * 3_600 + minutes * 60)
}

fn digits(text: &str, count: usize) -> Option<u64> {
    let plain = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

/// Days since 1970. Years are counted from March, so that the leap day is a year's last.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    let before_march = (153 * month + 2) / 5;
    // The first of March of the year 0 is day -719468.
    (year * 365 + leap_days + before_march + day - 1).checked_sub(719_468)
}
