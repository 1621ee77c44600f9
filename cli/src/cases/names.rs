//! The names that cases may use: those of their policy.

use crate::policy_file::PolicyFile;
use pointsman_document::{Document, Path as Field, Report, did_you_mean};

/// The names of a policy.
#[derive(Debug)]
pub(super) struct Names<'a> {
    policy: &'a PolicyFile,
}

impl<'a> Names<'a> {
    pub(super) fn of(policy: &'a PolicyFile) -> Self {
        Self { policy }
    }

    fn listed(&self, section: &str) -> impl Iterator<Item = &'a str> {
        let section = self.policy.source.document.get(section);
        section.map(Document::items).unwrap_or_default().iter().filter_map(|item| item.get("name")?.as_str())
    }

    pub(super) fn model(&self, name: &str, at: &Field<'_>, report: &mut Report) {
        one("model", self.listed("models"), name, at, report);
    }

    pub(super) fn rule(&self, name: &str, at: &Field<'_>, report: &mut Report) {
        one("rule", self.listed("rules"), name, at, report);
    }

    pub(super) fn tenant(&self, name: &str, at: &Field<'_>, report: &mut Report) {
        one("tenant", self.listed("tenants"), name, at, report);
    }

    pub(super) fn cluster(&self, name: &str, at: &Field<'_>, report: &mut Report) {
        one("cluster", self.policy.policy.clusters(), name, at, report);
    }

    /// Whether a rule asks for the time.
    pub(super) fn tells_time(&self) -> bool {
        self.policy.policy.tells_time()
    }

    pub(super) fn account(&self, name: &str, at: &Field<'_>, report: &mut Report) {
        if self.policy.policy.spent(name, 0.0).is_none() {
            let known = report.suggest(name, self.policy.policy.budget_names());
            report.add(at, format!("no budget `{name}` in the policy{}", did_you_mean(&known)).into());
        }
    }
}

fn one<'n>(what: &str, known: impl Iterator<Item = &'n str>, name: &str, at: &Field<'_>, report: &mut Report) {
    let known: Vec<_> = known.collect();
    if !known.contains(&name) {
        let suggestion = report.suggest(name, known);
        report.add(at, format!("no {what} `{name}` in the policy{}", did_you_mean(&suggestion)).into());
    }
}
