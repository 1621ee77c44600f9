//! The tenants that were tried, and why the caller is one of them or is not.

use super::conditions::{Failed, Words, leaf};
use super::{Seen, wording};
use crate::claim::Claim;
use crate::decide::witness::{Asked, Miss};
use crate::policy::{Credentials, Pattern, TenantMatch};
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
    /// The profiles whose limits and labels it has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
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
            Tenant { name: Arc::clone(&tenant.name), outcome, failed, profiles: tenant.profiles.clone(), continues }
        };
        self.policy.tenants().map(tenant).collect()
    }

    /// The first that a caller does not show of what tells a tenant.
    fn unproved(&self, wanted: &TenantMatch, missing: &[Miss]) -> Option<Failed> {
        let first = missing.first()?;
        if let Asked::Any(_) = first.asked {
            let inside = missing.iter().filter_map(|miss| {
                let Asked::Any(nth) = miss.asked else { return None };
                let asked = miss.inside.first()?.asked;
                let (wanted, found) = self.credential(wanted.any.get(nth)?, asked);
                Some(leaf(&format!("match.any[{nth}]"), asked, wanted, found))
            });
            let inside = inside.collect();
            return Some(Failed { condition: "any", at: "match.any".to_owned(), inside, ..Failed::default() });
        }
        let (wanted, found) = self.credential(&wanted.all, first.asked);
        Some(leaf("match", first.asked, wanted, found))
    }

    fn credential(&self, own: &Credentials, asked: Asked) -> Words {
        match asked {
            Asked::Principals => {
                let found = self.caller.principal.clone();
                (Some(wording::list(own.principals.iter().map(Pattern::written))), found)
            }
            Asked::Header(nth) => own.headers.get(nth).map_or((None, None), |header| self.header(header)),
            Asked::Claim(nth) => own.claims.get(nth).map_or((None, None), |claim| {
                let wanted = format!("{} {}", claim.path.join("."), wording::claim_test(&claim.test));
                let found = Claim::of_json(&self.caller.claims, &claim.path);
                (Some(wanted), found.as_ref().map(wording::claim_text))
            }),
            _ => (None, None),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !value
}
