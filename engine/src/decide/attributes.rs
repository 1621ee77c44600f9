//! What a request is besides its body: API, path, headers, and who is calling.

use super::session;
use super::sticky::StickyKey;
use crate::api::Api;
use crate::corridor::Caller;
use crate::policy::{HeaderSlot, ModelId, Policy, Tenant, TenantId};
use crate::reason::Reason;
use crate::record::{Disposition, Record};
use crate::request::envelope::HeaderList;
use std::sync::Arc;

/// Copied once, when the headers arrive: the host takes them back before the body is read.
#[derive(Debug)]
pub(crate) struct Attributes {
    pub(crate) api: Api,
    /// The path without its query; empty unless the policy looks at it.
    pub(crate) path: String,
    pub(crate) tenant: Option<TenantId>,
    /// Models whose providers have said that a limit is used up, and that are left out for it.
    pub(crate) demoted: Vec<ModelId>,
    /// The session that a known client has named in its headers; `None` where nobody asks.
    pub(crate) session: Option<StickyKey>,
    /// The headers that the policy looks at, by slot.
    headers: Vec<Option<Vec<u8>>>,
}

impl Attributes {
    pub(crate) fn new(policy: &Policy, api: Api, path: &[u8], headers: &HeaderList<'_>, caller: &dyn Caller) -> Self {
        let session = policy.wanted().text.identity.then(|| session::named(headers)).flatten();
        let headers = policy.header_names().iter().map(|name| value(headers, name)).collect::<Vec<_>>();
        let tenant = tenant(policy, &headers, caller);
        let path = if policy.uses_path() { bare(path) } else { String::new() };
        Self { api, path, tenant, demoted: Vec::new(), session, headers }
    }

    /// The same request, with what is known of models.
    pub(crate) fn demoting(self, demoted: Vec<ModelId>) -> Self {
        Self { demoted, ..self }
    }

    /// What those models are called.
    pub(crate) fn demoted_names(&self, policy: &Policy) -> Vec<Arc<str>> {
        self.demoted.iter().filter_map(|id| Some(Arc::clone(&policy.model(*id)?.name))).collect()
    }

    /// What every record of this request holds.
    pub(crate) fn record(&self, policy: &Policy, action: Disposition, reason: Reason) -> Record {
        Record { api: Some(self.api), ..Record::under(policy, self.tenant, action, reason) }
    }

    /// The value of a header that the policy looks at.
    pub(crate) fn header(&self, slot: HeaderSlot) -> Option<&[u8]> {
        self.headers.get(usize::from(slot.0))?.as_deref()
    }
}

fn bare(path: &[u8]) -> String {
    let end = path.iter().position(|byte| *byte == b'?').unwrap_or(path.len());
    String::from_utf8_lossy(path.get(..end).unwrap_or_default()).into_owned()
}

/// A header that stands more than once reads as HTTP joins it.
fn value(headers: &HeaderList<'_>, name: &str) -> Option<Vec<u8>> {
    let mut found: Option<Vec<u8>> = None;
    for (_, value) in headers.iter().filter(|(known, _)| *known == name.as_bytes()) {
        match &mut found {
            None => found = Some(value.to_vec()),
            Some(joined) => {
                joined.push(b',');
                joined.extend_from_slice(value);
            }
        }
    }
    found
}

/// The first tenant that the caller matches.
fn tenant(policy: &Policy, headers: &[Option<Vec<u8>>], caller: &dyn Caller) -> Option<TenantId> {
    let principal = if policy.uses_principal() { caller.principal() } else { None };
    policy.tenants().find(|(_, tenant)| is(tenant, headers, principal.as_deref(), caller)).map(|(id, _)| id)
}

fn is(tenant: &Tenant, headers: &[Option<Vec<u8>>], principal: Option<&[u8]>, caller: &dyn Caller) -> bool {
    let by_principal = tenant.principals.is_empty()
        || principal.is_some_and(|principal| tenant.principals.iter().any(|pattern| pattern.matches_bytes(principal)));
    by_principal
        && tenant.headers.iter().all(|header| {
            let value = headers.get(usize::from(header.slot.0)).and_then(Option::as_deref);
            value.is_some_and(|value| header.test.matches(value))
        })
        && tenant.claims.iter().all(|claim| caller.claim(&claim.path).is_some_and(|value| claim.test.matches(&value)))
}
