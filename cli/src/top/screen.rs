//! What is shown, line by line: the same for a terminal and for one look as text.

use super::look::Look;
use super::number::{count, money, rate};
use super::table::{Column, Row, rows};
use super::view::View;
use super::window::Recent;
use pointsman_document::Visible;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Everything there is to show.
#[derive(Debug)]
pub(crate) struct Shown<'l> {
    pub(crate) address: &'l str,
    pub(crate) look: &'l Look,
    pub(crate) recent: Option<&'l Recent>,
    pub(crate) view: View,
    /// Why the last look failed, after one that did not.
    pub(crate) trouble: Option<&'l str>,
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    /// What the columns are called.
    Head,
    /// Something fails.
    Alarm,
    /// What keys do.
    Hint,
}

/// A line, without its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) style: Style,
    pub(crate) text: String,
}

impl Line {
    fn new(style: Style, text: impl Into<String>) -> Self {
        Self { style, text: text.into() }
    }

    /// As much as fits into that many columns of a terminal.
    pub(crate) fn within(&self, columns: usize) -> &str {
        let mut used = 0;
        let end = self.text.char_indices().find(|(_, character)| {
            used += character.width().unwrap_or_default();
            used > columns
        });
        end.and_then(|(end, _)| self.text.get(..end)).unwrap_or(&self.text)
    }
}

const KEYS: &str =
    "q quit   tab, t m r c: by tenant, model, rule, cluster   \u{2190} \u{2192} sort by   \u{2191} \u{2193} scroll";

/// A screen of so many lines.
pub(crate) fn screen(shown: &Shown<'_>, height: usize) -> Vec<Line> {
    let mut lines = head(shown);
    let mut table = table(shown);
    // Above and below stand the titles of the columns and the keys.
    let room = height.saturating_sub(lines.len() + 2);
    let rows = table.len().saturating_sub(1);
    let first = shown.view.first.min(rows.saturating_sub(room));
    lines.extend(table.drain(..1));
    lines.extend(table.drain(first..).take(room));
    lines.resize(lines.len().max(height.saturating_sub(1)), Line::new(Style::Plain, ""));
    lines.push(Line::new(Style::Hint, KEYS));
    lines
}

/// All of it, as text.
pub(crate) fn text(shown: &Shown<'_>) -> String {
    let lines = head(shown).into_iter().chain(table(shown));
    lines.map(|line| format!("{}\n", line.text.trim_end())).collect()
}

fn head(shown: &Shown<'_>) -> Vec<Line> {
    let Shown { address, look, recent, .. } = shown;
    let policies = look.policies.iter().map(|version| Visible(version).to_string()).collect::<Vec<_>>();
    let policies = if policies.is_empty() { "none".into() } else { policies.join(", ") };
    let all = Row::all(&look.total, *recent);
    let mut lines = vec![
        Line::new(Style::Plain, format!("envoy {address}   policy {policies}")),
        Line::new(if all.fails() { Style::Alarm } else { Style::Plain }, sums(&all)),
    ];
    lines.extend(budgets(look));
    if look.missing > 0.0 {
        let times = count(look.missing);
        lines.push(Line::new(
            Style::Alarm,
            format!("not counted: {times} values, beyond the policy's `metrics.maxSeries`"),
        ));
    }
    if look.unread > 0 {
        lines.push(Line::new(Style::Alarm, format!("{} lines of Envoy's answer are not read", look.unread)));
    }
    if let Some(trouble) = shown.trouble {
        lines.push(Line::new(Style::Alarm, Visible(trouble).to_string()));
    }
    lines.push(Line::new(Style::Plain, ""));
    lines
}

/// The fullest budgets, if there are any.
fn budgets(look: &Look) -> Option<Line> {
    const SHOWN: usize = 5;
    let mut budgets = look.budgets.iter().collect::<Vec<_>>();
    // They come by name, which stays their order where they are equally full.
    budgets.sort_by(|left, right| right.1.total_cmp(left.1));
    let (_, fullest) = budgets.first()?;
    let style = if **fullest >= 100.0 { Style::Alarm } else { Style::Plain };
    let shown = budgets.iter().take(SHOWN).map(|(name, used)| format!("{} {used:.0} %", Visible(name)));
    let left_out = budgets.len().saturating_sub(SHOWN);
    let more = if left_out > 0 { format!("   and {left_out} more") } else { String::new() };
    Some(Line::new(style, format!("budgets used: {}{more}", shown.collect::<Vec<_>>().join("   "))))
}

/// The whole traffic in a line.
fn sums(all: &Row<'_>) -> String {
    let mut parts = Vec::new();
    if all.recent.is_some() {
        let of = |figure: fn(&super::figures::Figures) -> f64| rate(all.rate(figure).unwrap_or_default());
        parts.push(format!("{} requests/s", of(|figures| figures.requests)));
        parts.push(format!("{} tokens/s in, {} out", of(|figures| figures.input), of(|figures| figures.output)));
        let cost = all.rate(|figures| figures.cost_micros).unwrap_or_default() * 60.0;
        parts.push(format!("cost {}/min", money(cost)));
        parts.push(format!("{} errors/s", of(|figures| figures.errors)));
        parts.push(format!("{} refused/s", of(|figures| figures.refused)));
    }
    // Of late, or since Envoy started where nothing was sent of late.
    let of_late = all.recent.and_then(|(figures, _)| figures).filter(|figures| figures.sent > 0.0);
    let figures = of_late.unwrap_or(all.total);
    if figures.sent > 0.0 {
        parts.push(format!("{:.2} attempts a request", figures.attempts / figures.sent));
        parts.push(format!("usage unknown of {:.0} %", 100.0 * figures.unknown / figures.sent));
    }
    if parts.is_empty() {
        "no request is counted yet; for that, the policy needs `metrics: {}`".into()
    } else {
        parts.join("   ")
    }
}

/// The titles, and a line for each row.
fn table(shown: &Shown<'_>) -> Vec<Line> {
    let Shown { look, recent, view: View { by, sort, .. }, .. } = shown;
    let rows = rows(&look.total, *recent, *by, *sort);
    let titles = Column::ALL.map(|column| {
        let mark = if column == *sort { "\u{2193}" } else { "" };
        format!("{mark}{}", column.title(*by))
    });
    let cells = rows.iter().map(Row::cells).collect::<Vec<_>>();
    let mut widths = titles.each_ref().map(|title| title.width());
    for row in &cells {
        widths.iter_mut().zip(row).for_each(|(width, cell)| *width = cell.width().max(*width));
    }
    let line = |cells: &[String]| {
        let padded = cells.iter().zip(widths).enumerate().map(|(place, (cell, width))| {
            let gap = " ".repeat(width.saturating_sub(cell.width()));
            // Names begin where their column does, numbers end there.
            if place == 0 { format!("{cell}{gap}") } else { format!("  {gap}{cell}") }
        });
        padded.collect::<String>()
    };
    let mut lines = vec![Line::new(Style::Head, line(&titles))];
    lines.extend(
        rows.iter()
            .zip(&cells)
            .map(|(row, cells)| Line::new(if row.fails() { Style::Alarm } else { Style::Plain }, line(cells))),
    );
    lines
}
