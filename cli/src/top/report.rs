//! One look for scripts, as JSON.

use super::figures::{By, Figures};
use super::screen::Shown;
use super::table::{Row, rows};
use super::view::View;
use serde_json::{Map, Value, json};

/// The figures that are sums, by their names.
type Sums = [(&'static str, fn(&Figures) -> f64); 14];

const SUMS: Sums = [
    ("requests", |figures| figures.requests),
    ("served", |figures| figures.served),
    ("errors", |figures| figures.errors),
    ("clientErrors", |figures| figures.client_errors),
    ("refused", |figures| figures.refused),
    ("abandoned", |figures| figures.abandoned),
    ("sent", |figures| figures.sent),
    ("attempts", |figures| figures.attempts),
    ("inputTokens", |figures| figures.input),
    ("cachedInputTokens", |figures| figures.cached),
    ("outputTokens", |figures| figures.output),
    ("reasoningOutputTokens", |figures| figures.reasoning),
    ("costMicros", |figures| figures.cost_micros),
    ("usageUnknown", |figures| figures.unknown),
];

/// What is shown, as one object.
pub(crate) fn json(shown: &Shown<'_>) -> String {
    let Shown { address, look, recent, view: View { by, sort, .. }, .. } = shown;
    let all = of(&Row::all(&look.total, *recent), *by);
    let parts = rows(&look.total, *recent, *by, *sort).iter().map(|row| of(row, *by)).collect::<Vec<_>>();
    let report = json!({
        "envoy": address,
        "policies": look.policies,
        "budgetsUsedPercent": look.budgets,
        "seconds": recent.map(|recent| recent.seconds),
        "notCounted": look.missing,
        "unreadLines": look.unread,
        "by": by.name(),
        "all": all,
        "rows": parts,
    });
    serde_json::to_string_pretty(&report).map(|json| json + "\n").unwrap_or_default()
}

fn of(row: &Row<'_>, by: By) -> Value {
    let total = SUMS.iter().map(|(name, of)| ((*name).to_owned(), number(of(row.total)))).collect::<Map<_, _>>();
    let rates = SUMS.iter().map(|(name, of)| ((*name).to_owned(), json!(row.rate(of)))).collect::<Map<_, _>>();
    let quantile = |share| row.total.first_token.quantile(share);
    json!({
        by.name(): Some(row.name).filter(|name| !name.is_empty()),
        "total": total,
        "perSecond": row.recent.map(|_| rates),
        "firstTokenMs": quantile(0.5).map(|p50| json!({"p50": p50, "p95": quantile(0.95)})),
    })
}

/// Sums are whole, and are written so as far as JSON's readers know whole numbers.
fn number(sum: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and between 0 and 2^53")]
    if sum.fract() == 0.0 && (0.0..=EXACT).contains(&sum) { json!(sum as u64) } else { json!(sum) }
}
