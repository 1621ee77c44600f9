//! One object with everything.

use super::Report;
use crate::replay::tally::{Cost, Counts};
use serde_json::{Map, Value, json};

pub(super) fn print(report: &Report<'_>) -> String {
    let tally = &report.tally;
    let figures: Map<String, Value> =
        report.figures.iter().map(|(name, value)| (name.to_owned(), number(value))).collect();
    let moves = report.moves().into_iter().map(|(from, to, found)| {
        let examples: Value = found
            .examples
            .iter()
            .map(|it| json!({ "file": report.traffic.name(it.file), "line": it.line, "id": it.id }))
            .collect();
        json!({ "from": from, "to": to, "count": found.count, "examples": examples })
    });
    let stayed = tally.moves.iter().filter(|((from, to), _)| from == to);
    let tenants = tally.tenants.0.iter().map(|(name, counts)| (name.clone(), self::counts(counts)));
    let rules =
        tally.rules.0.iter().map(|(name, hits)| {
            (name.clone(), json!({ "before": hits.before, "after": hits.after, "moved": hits.moved }))
        });
    let whole = json!({
        "policy": { "file": report.policy.0, "version": report.policy.1 },
        "against": { "what": report.against.0, "version": report.against.1 },
        "figures": figures,
        "currency": report.currency,
        "cost": costs(&tally.all),
        "other": { "chains": tally.rechained, "rules": tally.reruled, "mirrors": tally.remirrored },
        "moves": moves.collect::<Value>(),
        "moreMoves": tally.more_moves,
        "stayed": stayed.map(|((from, _), found)| (from.clone(), found.count.into())).collect::<Map<_, _>>(),
        "tenants": tenants.collect::<Map<_, _>>(),
        "rules": rules.collect::<Map<_, _>>(),
        "rulesNeverHit": report.never,
        "unknown": tally.untold.0,
        "firstUnreadable": tally.first_unreadable.as_ref().map(|place| report.place(place)),
        "notes": report.notes,
    });
    format!("{whole:#}\n")
}

fn number(value: Option<f64>) -> Value {
    match value {
        // Counts are whole, and read better so.
        Some(value) if value.fract() == 0.0 && value.abs() < 9e15 => json!(value as i64),
        Some(value) => json!(value),
        None => Value::Null,
    }
}

fn counts(counts: &Counts) -> Value {
    json!({
        "compared": counts.compared, "moved": counts.moved, "denied": counts.denied, "allowed": counts.allowed,
        "unknown": counts.unknown, "cost": costs(counts),
    })
}

fn costs(counts: &Counts) -> Value {
    let cost =
        |cost: Cost| json!({ "requests": cost.requests, "beforeMicros": cost.before, "afterMicros": cost.after });
    json!({
        "counted": cost(counts.cost.counted),
        "estimated": cost(counts.cost.estimated),
        "unpriced": counts.cost.unpriced,
    })
}
