//! Tables for a terminal.

use super::Report;
use super::page::{compared, costs, grouped, share};
use pointsman_document::Visible;

/// Rows shown of a table; JSON has all.
const ROWS: usize = 20;

pub(super) fn print(report: &Report<'_>) -> String {
    let tally = &report.tally;
    let all = &tally.all;
    let version = report.against.1.as_ref().map_or_else(String::new, |version| format!(", version {version}"));
    let mut rows = vec![
        ("policy", format!("{}, version {}", report.policy.0, report.policy.1)),
        ("against", format!("{}{version}", report.against.0)),
        ("traffic", compared(report)),
        ("moved", format!("{}{}", grouped(all.moved), share(all.moved, all.compared))),
        ("denied", format!("{} that were served", grouped(all.denied))),
        ("allowed", format!("{} that were refused", grouped(all.allowed))),
    ];
    for (name, count, what) in [
        ("chains", tally.rechained, "stay with their model and get another fallback"),
        ("rules", tally.reruled, "come to the same by another rule"),
        ("mirrors", tally.remirrored, "get another copy, or none"),
    ] {
        if count > 0 {
            rows.push((name, format!("{} {what}", grouped(count))));
        }
    }
    rows.extend(costs(report, all));
    let mut text: String = rows.iter().map(|(name, value)| format!("{name:<10}{}\n", Visible(value))).collect();
    report.notes.iter().for_each(|note| text.push_str(&format!("note      {}\n", Visible(note))));
    tables(report, &mut text);
    text
}

fn tables(report: &Report<'_>, text: &mut String) {
    let tally = &report.tally;
    let moves = report.moves().into_iter().map(|(from, to, found)| {
        let examples: Vec<_> = found.examples.iter().map(|place| report.place(place)).collect();
        vec![grouped(found.count), from.to_owned(), to.to_owned(), examples.join(", ")]
    });
    table(text, &["moved", "from", "to", "such as"], moves.collect());
    let tenants = tally.tenants.0.iter().map(|(name, counts)| {
        let numbers = [counts.compared, counts.moved, counts.denied, counts.allowed, counts.unknown].map(grouped);
        std::iter::once(name.clone()).chain(numbers).collect()
    });
    table(text, &["tenant", "compared", "moved", "denied", "allowed", "unknown"], tenants.collect());
    let rules = tally.rules.0.iter().map(|(name, hits)| {
        std::iter::once(name.clone()).chain([hits.before, hits.after, hits.moved].map(grouped)).collect()
    });
    table(text, &["rule", "before", "after", "moved"], rules.collect());
    let untold = tally.untold.0.iter().map(|(name, count)| vec![grouped(*count), name.clone()]);
    table(text, &["unknown", "what the records do not tell"], untold.collect());
    if !report.never.is_empty() {
        text.push_str(&format!("\nrules that decide nothing: {}\n", Visible(&report.never.join(", "))));
    }
    if let Some(place) = &tally.first_unreadable {
        text.push_str(&format!("\nfirst line that is no record: {}\n", Visible(&report.place(place))));
    }
}

fn table(text: &mut String, heads: &[&str], rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    let more = rows.len().saturating_sub(ROWS);
    let shown: Vec<_> = rows.into_iter().take(ROWS).collect();
    let width = |column: usize| {
        let cells = shown.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(heads.get(column).map(|head| head.len())).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..heads.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<_> = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", Visible(padded.join("  ").trim_end()))
    };
    text.push('\n');
    text.push_str(&line(&mut heads.iter().copied()));
    shown.iter().for_each(|row| text.push_str(&line(&mut row.iter().map(String::as_str))));
    if more > 0 {
        text.push_str(&format!("and {more} more: --output json\n"));
    }
}
