//! Numbers as people read them in a narrow column.

/// How many: `0`, `12`, `9999`, `12.3k`, `4.56M`.
pub(super) fn count(number: f64) -> String {
    if number < 9_999.5 { format!("{number:.0}") } else { large(number) }
}

/// How many a second: `0`, `0.2`, `12`, `1.2k`.
pub(super) fn rate(number: f64) -> String {
    match number {
        0.0 => "0".into(),
        ..0.05 => "<0.1".into(),
        ..9.95 => format!("{number:.1}"),
        _ => count(number),
    }
}

/// Money, of millionths: `0`, `0.0012`, `12.34`.
pub(super) fn money(micros: f64) -> String {
    match micros / 1e6 {
        0.0 => "0".into(),
        amount @ ..0.9995 => format!("{amount:.4}"),
        amount @ ..9_999.5 => format!("{amount:.2}"),
        amount => large(amount),
    }
}

/// Milliseconds: `0.4 ms`, `12 ms`, `1.2 s`.
pub(super) fn time(milliseconds: f64) -> String {
    match milliseconds {
        ..9.95 => format!("{milliseconds:.1} ms"),
        ..999.5 => format!("{milliseconds:.0} ms"),
        _ => format!("{:.1} s", milliseconds / 1e3),
    }
}

fn large(number: f64) -> String {
    let units = [("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12)];
    let fitting = units.into_iter().find(|(_, unit)| number < unit * 999.5);
    let Some((name, unit)) = fitting else { return format!("{number:.1e}") };
    let scaled = number / unit;
    let digits = if scaled < 9.995 { 2 } else { usize::from(scaled < 99.95) };
    format!("{scaled:.digits$}{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_short() {
        for (number, expected) in [
            (0.0, "0"),
            (12.0, "12"),
            (9_999.0, "9999"),
            (9_999.6, "10.0k"),
            (12_345.0, "12.3k"),
            (123_456.0, "123k"),
            (999_499.0, "999k"),
            (999_501.0, "1.00M"),
            (4.56e6, "4.56M"),
            (7e9, "7.00G"),
            (7e12, "7.00T"),
            (1e30, "1.0e30"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(count(number), expected);
        }
    }

    #[test]
    fn rates_tell_little_from_nothing() {
        for (number, expected) in
            [(0.0, "0"), (0.01, "<0.1"), (0.05, "0.1"), (1.0, "1.0"), (9.96, "10"), (1e4, "10.0k")]
        {
            assert_eq!(rate(number), expected);
        }
    }

    #[test]
    fn money_and_times_have_the_digits_that_matter() {
        for (micros, expected) in
            [(0.0, "0"), (1_234.0, "0.0012"), (999_600.0, "1.00"), (12_340_000.0, "12.34"), (2e10, "20.0k")]
        {
            assert_eq!(money(micros), expected);
        }
        for (milliseconds, expected) in [(0.0, "0.0 ms"), (9.96, "10 ms"), (999.6, "1.0 s"), (12_340.0, "12.3 s")] {
            assert_eq!(time(milliseconds), expected);
        }
    }
}
