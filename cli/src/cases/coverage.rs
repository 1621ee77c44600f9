//! What of a policy's rules no case has shown.

use super::probe::Probe;
use crate::policy_file::PolicyFile;
use pointsman_engine::{Exchange, Record};
use pointsman_source::{Finding, Part};

/// What the cases have shown of each rule so far.
#[derive(Debug)]
pub(super) struct Coverage {
    rules: Vec<Shown>,
}

#[derive(Debug)]
struct Shown {
    name: String,
    /// Whether it has decided a case.
    decided: bool,
    conditions: Vec<Seen>,
}

/// How a condition has been seen, in cases that came to its rule.
#[derive(Debug)]
struct Seen {
    key: String,
    as_true: bool,
    as_false: bool,
}

/// What there is to show, and what has been shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) rules: usize,
    pub(crate) rules_decided: usize,
    pub(crate) conditions: usize,
    /// Those that were seen both true and false.
    pub(crate) conditions_shown: usize,
}

impl Share {
    /// In whole percent, rounded down, so that 100 is all. A policy without rules has nothing to show.
    pub(crate) fn percent(self) -> usize {
        let (all, shown) = (self.rules + self.conditions, self.rules_decided + self.conditions_shown);
        (shown * 100).checked_div(all).unwrap_or(100)
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            rules: self.rules + other.rules,
            rules_decided: self.rules_decided + other.rules_decided,
            conditions: self.conditions + other.conditions,
            conditions_shown: self.conditions_shown + other.conditions_shown,
        }
    }
}

impl Coverage {
    pub(super) fn of(probe: &Probe) -> Self {
        let rules = probe.rules.iter().map(|apart| {
            let seen = |key: &String| Seen { key: key.clone(), as_true: false, as_false: false };
            let conditions = apart.conditions.iter().map(|alone| seen(&alone.key)).collect();
            Shown { name: apart.name.clone(), decided: false, conditions }
        });
        Self { rules: rules.collect() }
    }

    /// Takes in a case. It came to every rule up to the one that decided.
    pub(super) fn take(&mut self, probe: &Probe, exchange: &Exchange, record: Option<&Record>) {
        let decided = record.and_then(|record| record.rule.as_deref());
        for (apart, shown) in probe.rules.iter().zip(&mut self.rules) {
            if !apart.is_asked(exchange) {
                return;
            }
            for (alone, seen) in apart.conditions.iter().zip(&mut shown.conditions) {
                match apart.is_true(alone, exchange) {
                    Some(true) => seen.as_true = true,
                    Some(false) => seen.as_false = true,
                    None => {}
                }
            }
            if decided == Some(shown.name.as_str()) {
                shown.decided = true;
                return;
            }
        }
    }

    pub(super) fn share(&self) -> Share {
        let conditions = || self.rules.iter().flat_map(|rule| &rule.conditions);
        Share {
            rules: self.rules.len(),
            rules_decided: self.rules.iter().filter(|rule| rule.decided).count(),
            conditions: conditions().count(),
            conditions_shown: conditions().filter(|seen| seen.as_true && seen.as_false).count(),
        }
    }

    /// What is missing, each with its place in the policy.
    pub(super) fn gaps(&self, policy: &PolicyFile) -> Vec<Finding> {
        let mut gaps = Vec::new();
        for (nth, rule) in self.rules.iter().enumerate() {
            let name = &rule.name;
            if !rule.decided {
                let message = format!("no case is decided by the rule `{name}`");
                gaps.push(policy.source.finding(&format!("rules[{nth}].name"), Part::Value, &message));
            }
            for seen in &rule.conditions {
                let never = match (seen.as_true, seen.as_false) {
                    (true, true) => continue,
                    (true, false) => "fails",
                    (false, true) => "holds",
                    (false, false) => "is asked",
                };
                let message = format!("there is no case in which this condition of `{name}` {never}");
                gaps.push(policy.source.finding(&format!("rules[{nth}].match.{}", seen.key), Part::Key, &message));
            }
        }
        gaps
    }
}
