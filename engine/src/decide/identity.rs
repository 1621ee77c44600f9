//! Which tenants a caller is. What cannot be said for certain is no "no": a later tenant may be allowed more, and one that lets
//! the search go on may allow less.

use super::witness::{Asked, Witness};
use crate::corridor::Caller;
use crate::policy::{Credentials, HeaderText, Membership, Policy, TenantMatch};

/// The tenants that the caller is, `None` where that cannot be said.
pub(super) fn membership(
    policy: &Policy,
    headers: &[Option<HeaderText>],
    caller: &dyn Caller,
    witness: &Witness,
) -> Option<Membership> {
    let principal = if policy.uses_principal() { caller.principal() } else { None };
    let shown = Shown { principal: principal.as_deref(), headers, caller, witness };
    let mut membership = Membership::default();
    for (id, tenant) in policy.tenants() {
        witness.tries();
        if witness.tried(id, shown.is(&tenant.matches))? {
            membership.add(id, !tenant.continues);
            if !tenant.continues {
                break;
            }
        }
    }
    Some(membership)
}

/// What a caller shows.
struct Shown<'a> {
    principal: Option<&'a [u8]>,
    headers: &'a [Option<HeaderText>],
    caller: &'a dyn Caller,
    witness: &'a Witness,
}

impl Shown<'_> {
    fn is(&self, wanted: &TenantMatch) -> Option<bool> {
        let all = self.has(&wanted.all);
        if all == Some(false) || wanted.any.is_empty() {
            return all;
        }
        let mut one = Some(false);
        for (nth, way) in wanted.any.iter().enumerate() {
            self.witness.enters();
            let has = self.has(way);
            self.witness.leaves(Asked::Any(nth), has == Some(true));
            match has {
                Some(true) => {
                    self.witness.sees_any(true);
                    return all;
                }
                Some(false) => {}
                None => one = None,
            }
        }
        one
    }

    /// Whether it is all there: one certain "no" settles it, whatever else cannot be judged.
    fn has(&self, wanted: &Credentials) -> Option<bool> {
        let by_principal = wanted.principals.is_empty()
            || self.principal.is_some_and(|shown| wanted.principals.iter().any(|pattern| pattern.matches_bytes(shown)));
        if !self.witness.sees(Asked::Principals, by_principal) {
            return Some(false);
        }
        let claims = wanted
            .claims
            .iter()
            .map(|wanted| self.caller.claim(&wanted.path).map_or(Some(false), |claim| wanted.test.judge(&claim)));
        let headers = wanted.headers.iter().map(|wanted| {
            let header = self.headers.get(usize::from(wanted.slot.0)).and_then(Option::as_ref);
            header.map_or(Some(false), |text| wanted.test.judge(text))
        });
        let mut all = Some(true);
        let claims = claims.enumerate().map(|(nth, answer)| (Asked::Claim(nth), answer));
        for (asked, answer) in claims.chain(headers.enumerate().map(|(nth, answer)| (Asked::Header(nth), answer))) {
            self.witness.sees(asked, answer == Some(true));
            match answer {
                Some(true) => {}
                Some(false) => return answer,
                None => all = None,
            }
        }
        all
    }
}
