//! The decision record, as people read it: `explain` and `run` print it.

use pointsman_document::{Named as _, Visible};
use pointsman_engine::Record;
use pointsman_engine::budget::window::rfc3339;
use pointsman_engine::record::{Disposition, Ending, Excluded, Outcome, UsedBudget};
use std::sync::Arc;

/// On one line: `auto -> llama-small on llama, rule short-questions (rule)`.
pub(crate) fn line(record: &Record) -> String {
    let asked = show(record.asked.as_deref());
    let mut line = match record.action {
        Disposition::Route => format!("{asked} -> {}", target(record)),
        Disposition::Models => "lists the models".into(),
        Disposition::Pass => "passes untouched".into(),
        Disposition::Deny => format!("{asked} refused"),
    };
    if record.action != Disposition::Models {
        line.push_str(&because(record));
    }
    if let Some(message) = &record.message {
        line.push_str(&format!(": {message}"));
    }
    if !record.changed.is_empty() {
        line.push_str(&format!("; changes {}", record.changed.join(", ")));
    }
    if let Some(ending) = record.answer.as_deref().filter(|_| record.action == Disposition::Route) {
        line.push_str(&used(ending));
    }
    if let Some(mirror) = &record.mirror {
        line.push_str(&format!("; copy to {mirror}"));
    }
    if !record.excluded.is_empty() {
        line.push_str(&format!("; not {}", list(&record.excluded)));
    }
    printable(&line)
}

/// Several lines, one per thing to know. `cost` is what a million tokens of the model cost, input and output.
pub(crate) fn page(record: &Record, cost: Option<(f64, f64)>) -> String {
    let text = |value: &Option<Arc<str>>| value.as_deref().map(str::to_owned);
    let model = match (&record.model, &record.upstream_model) {
        (Some(model), Some(upstream)) if model != upstream => Some(format!("{model} (upstream as {upstream})")),
        (model, _) => text(model),
    };
    let cost = cost.map(|(input, output)| format!("{input} per million input tokens, {output} per million output"));
    let rows = [
        ("action", Some(record.action.name().to_owned())),
        ("api", record.api.map(|api| api.name().to_owned())),
        ("tenant", text(&record.tenant)),
        ("tenants", Some(record.tenants.join(", ")).filter(|list| !list.is_empty())),
        ("asked", record.asked.as_deref().map(str::to_owned)),
        ("model", model),
        ("cluster", text(&record.cluster)),
        ("cost", cost),
        ("chain", Some(record.chain.join(" > ")).filter(|chain| !chain.is_empty())),
        ("changed", Some(record.changed.join(", ")).filter(|list| !list.is_empty())),
        ("kept by", text(&record.kept_by)),
        ("mirror", text(&record.mirror)),
        ("rule", text(&record.rule)),
        ("variant", text(&record.variant)),
        ("reason", Some(record.reason.code().to_owned())),
        ("status", record.status.map(|status| status.to_string())),
        ("message", record.message.as_deref().map(str::to_owned)),
        ("excluded", Some(list(&record.excluded)).filter(|list| !list.is_empty())),
        ("unreadable", Some(record.unreadable.join(", ")).filter(|list| !list.is_empty())),
        ("budgets", Some(budgets(record)).filter(|list| !list.is_empty())),
        ("demoted", Some(record.demoted.join(", ")).filter(|list| !list.is_empty())),
        ("at", record.at.map(|at| rfc3339(at.saturating_mul(1_000)))),
        ("policy", text(&record.policy)),
    ];
    rows.iter().filter_map(|(name, value)| Some(format!("{name:<9} {}\n", printable(value.as_ref()?)))).collect()
}

/// `small on llama`; of a chain who answered, and after whom: `small on llama, attempt 2 of large > small`.
fn target(record: &Record) -> String {
    let chain = record.chain.join(" > ");
    match (&record.answered_by, record.attempt) {
        (Some(model), Some(attempt)) => {
            format!("{model} on {}, attempt {attempt} of {chain}", show(record.answered_from.as_deref()))
        }
        (None, Some(attempt)) => format!("no answer, {attempt} {} of {chain}", plural(attempt, "attempt")),
        _ => {
            let first = format!("{} on {}", show(record.model.as_deref()), show(record.cluster.as_deref()));
            match record.chain.get(1..).unwrap_or_default() {
                [] => first,
                others => format!("{first}, else {}", others.join(", then ")),
            }
        }
    }
}

fn because(record: &Record) -> String {
    let variant = record.variant.as_ref().map_or_else(String::new, |variant| format!(", variant {variant}"));
    match &record.rule {
        Some(rule) => format!(", rule {rule} ({}){variant}", record.reason),
        None => format!(" ({})", record.reason),
    }
}

/// What an answer took: `; 12 + 34 tokens, 0.000345, first after 12 ms`.
fn used(ending: &Ending) -> String {
    let mut text = match (&ending.usage, ending.unknown) {
        (Some(usage), _) => format!("; {} + {} tokens", usage.input, usage.output),
        (None, Some(why)) => format!("; tokens unknown ({})", why.code()),
        (None, None) => String::new(),
    };
    if let Some(micros) = ending.cost_micros {
        text.push_str(&format!(", cost {}", money(micros)));
    }
    if let Some(first) = ending.first_token_ms {
        text.push_str(&format!(", the first after {first} ms"));
    }
    if ending.outcome != Outcome::Served {
        text.push_str(&format!("; {}", ending.outcome.name()));
    }
    text
}

/// Millionths of a currency, in the currency: at least two places behind the point, and no more than there are.
pub(crate) fn money(micros: u64) -> String {
    let (whole, part) = (micros / 1_000_000, format!("{:06}", micros % 1_000_000));
    let part = part.trim_end_matches('0');
    format!("{whole}.{part:0<2}")
}

fn list(excluded: &[Excluded]) -> String {
    let items: Vec<_> = excluded.iter().map(|item| format!("{} ({})", item.model, item.reason)).collect();
    items.join(", ")
}

/// What was used of budgets: `finance 950`, `large 12 of gpt-4o`.
fn budgets(record: &Record) -> String {
    let one = |used: &UsedBudget| {
        let model = used.model.as_ref().map_or_else(String::new, |model| format!(" of {model}"));
        format!("{} {}{model}", used.budget, used.used)
    };
    record.budgets.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn plural(count: u64, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

/// Names and paths come from clients: nothing in one may move a cursor, or turn the direction of writing.
pub(crate) fn printable(text: &str) -> String {
    Visible(text).to_string()
}

fn show(name: Option<&str>) -> &str {
    name.unwrap_or("no model")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_the_places_that_it_needs() {
        for (micros, expected) in
            [(0, "0.00"), (1, "0.000001"), (2_500_000, "2.50"), (1_230, "0.00123"), (7_000_000, "7.00")]
        {
            assert_eq!(money(micros), expected);
        }
    }

    fn check(json: &str, expected: &str) {
        assert_eq!(line(&Record::from_json(json).unwrap()), expected);
    }

    #[test]
    fn a_route_reads_as_a_sentence() {
        check(
            r#"{"v":1,"policy":"00","action":"route","api":"chatCompletions","asked":"auto","rule":"short","reason":"rule","model":"small","upstreamModel":"s","cluster":"llama","excluded":[{"model":"big","reason":"label"}]}"#,
            "auto -> small on llama, rule short (rule); not big (label)",
        );
    }

    const CHAIN: &str =
        r#""action":"route","asked":"auto","rule":"r","reason":"rule","model":"a","cluster":"x","chain":["a","b","c"]"#;

    #[test]
    fn a_chain_says_who_comes_next_and_then_who_answered() {
        check(&format!("{{{CHAIN}}}"), "auto -> a on x, else b, then c, rule r (rule)");
        check(
            &format!(r#"{{{CHAIN},"attempt":2,"answeredBy":"b","answeredFrom":"y"}}"#),
            "auto -> b on y, attempt 2 of a > b > c, rule r (rule)",
        );
        check(&format!(r#"{{{CHAIN},"attempt":1}}"#), "auto -> no answer, 1 attempt of a > b > c, rule r (rule)");
        check(&format!(r#"{{{CHAIN},"attempt":3}}"#), "auto -> no answer, 3 attempts of a > b > c, rule r (rule)");
    }

    #[test]
    fn a_variant_and_a_copy_are_named() {
        check(
            r#"{"action":"route","asked":"auto","rule":"r","reason":"rule","variant":"new","model":"a","cluster":"x","mirror":"b"}"#,
            "auto -> a on x, rule r (rule), variant new; copy to b",
        );
    }

    #[test]
    fn what_is_changed_is_named() {
        let record = r#"{"action":"route","asked":"a","reason":"default","model":"a","cluster":"x","changed":["max_tokens","stop"]}"#;
        check(record, "a -> a on x (default); changes max_tokens, stop");
        assert!(page(&Record::from_json(record).unwrap(), None).contains("changed   max_tokens, stop\n"));
    }

    #[test]
    fn a_refusal_says_why() {
        check(
            r#"{"action":"deny","asked":"x","reason":"unknownModel","status":404,"message":"no model `x`"}"#,
            "x refused (unknownModel): no model `x`",
        );
    }
}
