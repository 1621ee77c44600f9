//! A page that loads nothing: styles and charts are in it, and it has no script.

mod chart;

use super::Report;
use super::page::{compared, costs, grouped, share};
use crate::replay::tally::{Cost, Counts};
use chart::{Bar, bars};

/// Rows of a table; JSON has all.
const ROWS: usize = 100;
/// Bars of a chart.
const BARS: usize = 15;

const STYLE: &str = include_str!("html/style.css");

pub(super) fn print(report: &Report<'_>) -> String {
    let version = report.against.1.as_ref().map_or_else(String::new, |version| format!(", version {version}"));
    let body = [
        format!(
            "<h1>{}</h1>\n<p class=\"sub\">version {}, against {}{}. {}.</p>\n",
            escaped(&report.policy.0),
            escaped(&report.policy.1),
            escaped(&report.against.0),
            escaped(&version),
            escaped(&compared(report))
        ),
        report.notes.iter().map(|note| format!("<p class=\"note\">{}</p>\n", escaped(note))).collect(),
        tiles(report),
        moves(report),
        cost(report),
        tenants(report),
        rules(report),
        unknown(report),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>Replay of {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{}</main>\n</body>\n</html>\n",
        escaped(&report.policy.0),
        body.concat()
    )
}

/// The figures that a reader looks for first.
fn tiles(report: &Report<'_>) -> String {
    let all = &report.tally.all;
    let rated = |count: u64| format!("{}<small>{}</small>", grouped(count), share(count, all.compared));
    let change = report.figures.get("cost_change_percent");
    let mut tiles = vec![
        ("moved", rated(all.moved), all.moved > 0),
        ("newly denied", rated(all.denied), all.denied > 0),
        ("newly allowed", rated(all.allowed), false),
        ("unknown", grouped(all.unknown), all.unknown > 0),
    ];
    tiles.extend(change.map(|change| ("cost", format!("{change:+.1}%"), change > 0.0)));
    let tile = |(name, value, warns): (&str, String, bool)| {
        let class = if warns { " class=\"warns\"" } else { "" };
        format!("<div{class}><dt>{name}</dt><dd>{value}</dd></div>\n")
    };
    format!("<dl class=\"tiles\">\n{}</dl>\n", tiles.into_iter().map(tile).collect::<String>())
}

fn moves(report: &Report<'_>) -> String {
    let moves = report.moves();
    if moves.is_empty() {
        return "<h2>Moves</h2>\n<p>Every request that could be compared goes where it went.</p>\n".to_owned();
    }
    let shown = moves.iter().take(BARS).map(|(from, to, found)| Bar {
        name: format!("{from} \u{2192} {to}"),
        parts: vec![(found.count, if to.starts_with("refused") { "bad" } else { "main" })],
        label: grouped(found.count),
    });
    let rows = moves.iter().take(ROWS).map(|(from, to, found)| {
        let examples: Vec<_> = found.examples.iter().map(|place| report.place(place)).collect();
        vec![(*from).to_owned(), (*to).to_owned(), grouped(found.count), examples.join(", ")]
    });
    format!(
        "<h2>Moves</h2>\n{}{}",
        bars("How many requests move, from where to where", &shown.collect::<Vec<_>>()),
        table(&["from", "to", "requests", "such as"], rows.collect(), moves.len())
    )
}

fn cost(report: &Report<'_>) -> String {
    let all = &report.tally.all;
    let pair = |name: &str, cost: Cost| {
        [("before", cost.before, "other"), ("after", cost.after, "main")].map(|(when, micros, class)| Bar {
            name: format!("{name}, {when}"),
            parts: vec![(micros, class)],
            label: report.money(micros),
        })
    };
    let mut shown = Vec::new();
    for (name, cost) in [("counted", all.cost.counted), ("estimated", all.cost.estimated)] {
        if cost.requests > 0 {
            shown.extend(pair(name, cost));
        }
    }
    if shown.is_empty() {
        return String::new();
    }
    let lines: String =
        costs(report, all).iter().map(|(name, value)| format!("<li>{name}: {}</li>\n", escaped(value))).collect();
    format!("<h2>Cost</h2>\n{}<ul>\n{lines}</ul>\n", bars("What the requests cost before and after", &shown))
}

fn tenants(report: &Report<'_>) -> String {
    let mut tenants: Vec<_> = report.tally.tenants.0.iter().collect();
    tenants.sort_by(|a, b| b.1.compared.cmp(&a.1.compared).then(a.0.cmp(b.0)));
    let stays = |counts: &Counts| counts.compared - counts.moved;
    let shown = tenants.iter().take(BARS).map(|(name, counts)| Bar {
        name: (*name).clone(),
        parts: vec![
            (stays(counts), "other"),
            (counts.moved - counts.denied, "main"),
            (counts.denied, "bad"),
            (counts.unknown, "faint"),
        ],
        label: format!("{} of {} move", grouped(counts.moved), grouped(counts.compared)),
    });
    let rows = tenants.iter().take(ROWS).map(|(name, counts)| {
        let numbers = [counts.compared, counts.moved, counts.denied, counts.allowed, counts.unknown].map(grouped);
        std::iter::once((*name).clone()).chain(numbers).collect()
    });
    format!(
        "<h2>Tenants</h2>\n<p class=\"key\"><i class=\"other\"></i> stay <i class=\"main\"></i> move <i class=\"bad\"></i> are denied <i class=\"faint\"></i> unknown</p>\n{}{}",
        bars("Requests of each tenant", &shown.collect::<Vec<_>>()),
        table(&["tenant", "compared", "moved", "denied", "allowed", "unknown"], rows.collect(), tenants.len())
    )
}

fn rules(report: &Report<'_>) -> String {
    let rows: Vec<Vec<String>> = report
        .tally
        .rules
        .0
        .iter()
        .take(ROWS)
        .map(|(name, hits)| {
            std::iter::once(name.clone()).chain([hits.before, hits.after, hits.moved].map(grouped)).collect()
        })
        .collect();
    let never = match report.never.as_slice() {
        [] => String::new(),
        never => format!("<p class=\"note\">Rules that decide nothing: {}</p>\n", escaped(&never.join(", "))),
    };
    let count = report.tally.rules.0.len();
    if rows.is_empty() && never.is_empty() {
        return String::new();
    }
    format!("<h2>Rules</h2>\n{never}{}", table(&["rule", "before", "after", "moved"], rows, count))
}

fn unknown(report: &Report<'_>) -> String {
    let untold = &report.tally.untold.0;
    if untold.is_empty() {
        return String::new();
    }
    let rows = untold.iter().take(ROWS).map(|(name, count)| vec![name.clone(), grouped(*count)]).collect();
    format!(
        "<h2>Unknown</h2>\n<p>These decisions depend on what the records do not tell. Nothing is guessed.</p>\n{}",
        table(&["what", "requests"], rows, untold.len())
    )
}

fn table(heads: &[&str], rows: Vec<Vec<String>>, count: usize) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let head: String = heads.iter().map(|head| format!("<th>{head}</th>")).collect();
    let more = match count.saturating_sub(rows.len()) {
        0 => String::new(),
        more => format!("<p class=\"sub\">and {more} more: --output json</p>\n"),
    };
    let is_number = |cell: &str| cell.bytes().all(|byte| byte.is_ascii_digit() || byte == b',');
    let cell = |cell: &String| {
        let class = if is_number(cell) { " class=\"number\"" } else { "" };
        format!("<td{class}>{}</td>", escaped(cell))
    };
    let rows: String =
        rows.iter().map(|row| format!("<tr>{}</tr>\n", row.iter().map(cell).collect::<String>())).collect();
    format!(
        "<div class=\"wide\"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n{more}"
    )
}

/// Names come out of records, and those from clients.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter if letter.is_control() => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}
