//! What a refused caller could have asked for: its tenant, and the models that this one may use.

use crate::policy::Policy;
use crate::reason::Reason;
use crate::record::Record;
use std::fmt::Write;
use std::sync::Arc;

/// The names that are listed; of more, only the number is told.
const MOST: usize = 20;

/// Models that a caller may use with the API that it called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usable {
    /// The first of them.
    names: Vec<Arc<str>>,
    /// How many more there are.
    more: usize,
}

impl Usable {
    /// For a refusal that is about models; another is not helped by it.
    pub(super) fn of(policy: &Policy, record: &Record, reason: Reason) -> Option<Self> {
        let is_about_models = matches!(
            reason,
            Reason::UnknownModel
                | Reason::UnlistedModel
                | Reason::MissingModel
                | Reason::NoCandidate
                | Reason::NoCandidateForTenant
                | Reason::AliasWithoutModel
                | Reason::DefaultDeny
        );
        if !is_about_models {
            return None;
        }
        let tenants: Vec<_> = record.all_tenants().filter_map(|name| policy.tenant_named(name)).collect();
        let mut models = policy.models().filter(|(id, model)| {
            policy.exclusion(tenants.iter().copied(), *id).is_none()
                && record.api.is_none_or(|api| model.apis.contains(api))
        });
        let names = models.by_ref().take(MOST).map(|(_, model)| Arc::clone(&model.name)).collect();
        Some(Self { names, more: models.count() })
    }

    /// A part of a sentence: ``tenant `finance` may use `a`, `b` and 3 more``.
    pub(crate) fn sentence(&self, tenant: Option<&str>) -> String {
        let mut text = match tenant {
            Some(tenant) => format!("tenant `{tenant}` may use "),
            None => "there is ".to_owned(),
        };
        if self.names.is_empty() {
            text.push_str("no model for this API");
        }
        for (nth, name) in self.names.iter().enumerate() {
            let _ = write!(text, "{}`{name}`", if nth == 0 { "" } else { ", " });
        }
        if self.more > 0 {
            let _ = write!(text, " and {} more", self.more);
        }
        text
    }
}
