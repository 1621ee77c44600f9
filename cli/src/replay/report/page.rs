//! What both the text and the page say in words.

use super::Report;
use crate::replay::tally::{Cost, Counts};

/// `1,234,567`.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 request`.
pub(super) fn requests(count: u64) -> String {
    format!("{} {}", grouped(count), if count == 1 { "request" } else { "requests" })
}

/// ` (1.2%)` of so many.
pub(super) fn share(part: u64, of: u64) -> String {
    if of == 0 { String::new() } else { format!(" ({:.1}%)", part as f64 * 100.0 / of as f64) }
}

/// What was compared, and what was not.
pub(super) fn compared(report: &Report<'_>) -> String {
    let tally = &report.tally;
    let mut text = format!("{}, {} compared", requests(tally.records), grouped(tally.all.compared));
    for (count, what) in [
        (tally.all.unknown, "unknown"),
        (tally.unasked, "no rule is asked for"),
        (tally.unreadable, if tally.unreadable == 1 { "line is no record" } else { "lines are no record" }),
    ] {
        if count > 0 {
            text.push_str(&format!(", {} {what}", grouped(count)));
        }
    }
    text
}

/// Costs, those that were counted and those that are estimated apart.
pub(super) fn costs(report: &Report<'_>, counts: &Counts) -> Vec<(&'static str, String)> {
    let one = |cost: Cost| {
        let change = if cost.before > 0 {
            format!(" ({:+.1}%)", (cost.after as f64 - cost.before as f64) * 100.0 / cost.before as f64)
        } else {
            String::new()
        };
        format!("{} -> {}{change}", report.money(cost.before), report.money(cost.after))
    };
    let of = |cost: Cost| format!("{}, {}", one(cost), requests(cost.requests));
    let mut rows = Vec::new();
    if counts.cost.counted.requests > 0 {
        rows.push(("cost", of(counts.cost.counted)));
    }
    if counts.cost.estimated.requests > 0 {
        rows.push(("estimated", of(counts.cost.estimated)));
    }
    if counts.cost.unpriced > 0 {
        rows.push(("unpriced", format!("{}: no price, or nothing said of tokens", requests(counts.cost.unpriced))));
    }
    rows
}
