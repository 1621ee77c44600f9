//! The tenants that were tried, and why the caller is one of them or is not.

use super::Seen;
use super::conditions::Failed;
use serde::Serialize;
use std::sync::Arc;

/// A tenant, and whether the caller is it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// Its name.
    pub name: Arc<str>,
    /// Whether the caller is it.
    pub outcome: TenantOutcome,
    /// The first that the caller does not show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<Failed>,
    /// Whether those behind it are tried although it matched.
    #[serde(skip_serializing_if = "is_false")]
    pub continues: bool,
}

/// Whether a caller is a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TenantOutcome {
    /// It is.
    Matched,
    /// It is not.
    Failed,
    /// That cannot be said: then the caller is nobody.
    Unclear,
    /// Another had ended the search.
    NotReached,
}

impl Seen<'_> {
    pub(super) fn tenants(&self) -> Vec<Tenant> {
        if self.notes.tenants.is_empty() {
            return Vec::new();
        }
        let tenant = |(id, tenant): (_, &crate::policy::Tenant)| {
            let tried = self.notes.tenants.iter().find(|(tried, ..)| *tried == id);
            let (outcome, missing) = match tried {
                None => (TenantOutcome::NotReached, None),
                Some((_, Some(true), _)) => (TenantOutcome::Matched, None),
                Some((_, Some(false), missing)) => (TenantOutcome::Failed, Some(missing)),
                Some((_, None, missing)) => (TenantOutcome::Unclear, Some(missing)),
            };
            let failed = missing.and_then(|missing| self.unproved(&tenant.matches, missing));
            let continues = outcome == TenantOutcome::Matched && tenant.continues;
            Tenant { name: Arc::clone(&tenant.name), outcome, failed, continues }
        };
        self.policy.tenants().map(tenant).collect()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !value
}
