//! The figures of a replay, by the names that `--fail-if` and JSON have for them.

use crate::replay::tally::{Cost, Tally};

/// Figures by their names. One that is not known is missing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures([Option<f64>; Figures::NAMES.len()]);

impl Figures {
    pub(crate) const NAMES: [&'static str; 17] = [
        "records",
        "compared",
        "moved",
        "moved_percent",
        "denied",
        "denied_percent",
        "allowed",
        "unknown",
        "unknown_percent",
        "unasked",
        "unreadable",
        "unpriced",
        "rules_never_hit",
        "cost_before",
        "cost_after",
        "cost_change",
        "cost_change_percent",
    ];

    pub(crate) fn of(tally: &Tally, never: usize) -> Self {
        let all = &tally.all;
        let whole = |count: u64| Some(count as f64);
        let percent = |part: u64, of: u64| (of > 0).then(|| part as f64 * 100.0 / of as f64);
        let Cost { requests, before, after } = both(all.cost.counted, all.cost.estimated);
        let money = |micros: f64| (requests > 0).then_some(micros / 1e6);
        let change = after as f64 - before as f64;
        let mut figures = Self::default();
        for (name, value) in [
            ("records", whole(tally.records)),
            ("compared", whole(all.compared)),
            ("moved", whole(all.moved)),
            ("moved_percent", percent(all.moved, all.compared)),
            ("denied", whole(all.denied)),
            ("denied_percent", percent(all.denied, all.compared)),
            ("allowed", whole(all.allowed)),
            ("unknown", whole(all.unknown)),
            ("unknown_percent", percent(all.unknown, all.compared + all.unknown)),
            ("unasked", whole(tally.unasked)),
            ("unreadable", whole(tally.unreadable)),
            ("unpriced", whole(all.cost.unpriced)),
            ("rules_never_hit", Some(never as f64)),
            ("cost_before", money(before as f64)),
            ("cost_after", money(after as f64)),
            ("cost_change", money(change)),
            ("cost_change_percent", (before > 0).then(|| change * 100.0 / before as f64)),
        ] {
            figures.set(name, value);
        }
        figures
    }

    pub(crate) fn set(&mut self, name: &str, value: Option<f64>) {
        let place = Self::NAMES.iter().position(|known| *known == name).and_then(|nth| self.0.get_mut(nth));
        if let Some(place) = place {
            *place = value;
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<f64> {
        self.iter().find(|(known, _)| *known == name)?.1
    }

    /// All, in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, Option<f64>)> {
        Self::NAMES.into_iter().zip(self.0)
    }
}

/// What is counted and what is estimated, together.
fn both(one: Cost, other: Cost) -> Cost {
    Cost {
        requests: one.requests + other.requests,
        before: one.before.saturating_add(other.before),
        after: one.after.saturating_add(other.after),
    }
}
