//! What a request was besides its body, as its record tells.

use super::Attributes;
use crate::api::Api;
use crate::claim::Claim;
use crate::corridor::Caller;
use crate::decide::sticky::StickyKey;
use crate::decide::when::Proved;
use crate::decide::witness::Witness;
use crate::policy::{HeaderText, Membership, Policy};
use crate::record::{Facts, Record};
use crate::request::endpoint::{self, Endpoint};

/// A caller of whom nothing is asked: whose request it was, and what was used of budgets, the record tells.
struct Told;

impl Caller for Told {
    fn principal(&self) -> Option<Vec<u8>> {
        None
    }

    fn claim(&self, _: &[String]) -> Option<Claim<'_>> {
        None
    }
}

impl Attributes {
    /// The request of a record, for a policy that knows its tenant, if it has any.
    pub(crate) fn told(policy: &Policy, record: &Record, api: Api, facts: Option<&Facts>) -> Self {
        let path: Box<[u8]> = facts.and_then(|facts| facts.path.as_deref()).unwrap_or_default().as_bytes().into();
        let named = match endpoint::recognise(&path, policy.path_prefixes()) {
            Endpoint::Named(named) if named.api == api => Some(named),
            _ => None,
        };
        let headers = policy.headers().iter().map(|known| {
            let fact = facts.and_then(|facts| facts.headers.get(known.name.as_str()));
            HeaderText::told(known.longest_searched(), fact)
        });
        let tenants = Membership::told(record.all_tenants().filter_map(|name| policy.tenant_named(name)));
        let told = Self {
            api,
            family: api.family(),
            only_counts: api.only_counts(),
            path,
            proved: Proved::of(policy, tenants.main(), &Told),
            tenants,
            demoted: Box::default(),
            standings: Vec::new(),
            session: facts.and_then(|facts| facts.client_session).map(|hash| StickyKey(hash.0)),
            headers: headers.collect(),
            claims: Box::default(),
            asked_at: 0,
            is_caller_unclear: false,
            witness: Witness::default(),
        };
        told.named(named.as_ref()).knowing(policy, &Told, &|| record.live())
    }

    /// The header of which something was asked that the record does not tell.
    pub(crate) fn untold_header(&self) -> Option<usize> {
        self.headers.iter().position(|text| text.as_ref().is_some_and(HeaderText::has_failed))
    }
}
