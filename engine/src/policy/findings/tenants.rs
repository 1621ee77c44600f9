//! Tenants that nobody is, that may use nothing, or that anybody can be.

use super::cover::tenant_covers;
use super::{Kind, Search};
use crate::policy::claim::{ClaimTest, Scalar};
use crate::policy::header::ValueTest;
use crate::policy::tenant::{Credentials, Tenant, TenantMatch};
use std::collections::BTreeMap;

/// Which tenants nobody is, by their places.
pub(super) type Shadowed = Vec<bool>;

/// What every caller of a tenant shows: what of it, where, and how its text begins.
type Key<'a> = (Shown, &'a [String], usize, &'a str);

/// By what a caller is told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shown {
    Principal,
    Claim,
    Word,
    Header,
}

pub(super) fn shadowed(search: &mut Search<'_>) -> Shadowed {
    let tenants = &search.policy.tenants.all;
    let mut filed: BTreeMap<Key<'_>, Vec<usize>> = BTreeMap::new();
    let mut general: Vec<usize> = Vec::new();
    let mut shadowed = Shadowed::with_capacity(tenants.len());
    let mut found = Vec::new();
    for (nth, tenant) in tenants.iter().enumerate() {
        let near = shown(&tenant.matches).into_iter().flat_map(beginnings).filter_map(|key| filed.get(&key)).flatten();
        let mut earlier = near.chain(&general).filter_map(|place| Some((*place, tenants.get(*place)?)));
        let taker = earlier.find(|(_, other)| tenant_covers(&other.matches, &tenant.matches));
        if let Some((first, other)) = taker {
            let message = format!("no caller is ever this tenant: whoever matches it matches `{}` first", other.name);
            found.push((nth, first, message));
        }
        shadowed.push(taker.is_some());
        // Behind a tenant that lets the search go on, callers of it can be others.
        if tenant.continues {
            continue;
        }
        match own_keys(&tenant.matches) {
            Some(keys) => keys.into_iter().for_each(|key| filed.entry(key).or_default().push(nth)),
            None => general.push(nth),
        }
    }
    for (nth, first, message) in found {
        search.find_beside(Kind::ShadowedTenant, format!("tenants[{nth}]"), message, format!("tenants[{first}]"));
    }
    shadowed
}

/// What a tenant is filed by: whoever matches it shows one of these. `None`: by nothing that can be looked up.
fn own_keys(tenant: &TenantMatch) -> Option<Vec<Key<'_>>> {
    let by_any = || {
        let ways = tenant.any.iter().map(credentials_keys).collect::<Option<Vec<_>>>()?;
        Some(ways.concat()).filter(|keys| !keys.is_empty())
    };
    credentials_keys(&tenant.all).or_else(by_any)
}

fn credentials_keys(tenant: &Credentials) -> Option<Vec<Key<'_>>> {
    if !tenant.principals.is_empty() {
        return Some(tenant.principals.iter().map(|it| (Shown::Principal, &[][..], 0, it.prefix())).collect());
    }
    let by_claim = tenant.claims.iter().find_map(|claim| {
        let path = claim.path.as_slice();
        match &claim.test {
            ClaimTest::Contains(Scalar::Text(word)) => Some(vec![(Shown::Word, path, 0, word.as_str())]),
            ClaimTest::AnyOf(values) => values
                .iter()
                .map(|value| match value {
                    Scalar::Text(pattern) => Some((Shown::Claim, path, 0, pattern.prefix())),
                    Scalar::Number(_) | Scalar::Boolean(_) => None,
                })
                .collect(),
            ClaimTest::Contains(_) => None,
        }
    });
    by_claim.or_else(|| {
        tenant.headers.iter().find_map(|header| match &header.test {
            ValueTest::Exact(value) | ValueTest::Prefix(value) => {
                Some(vec![(Shown::Header, &[][..], usize::from(header.slot.0), value.as_str())])
            }
            ValueTest::Regex(_) => None,
        })
    })
}

/// What one caller of this tenant is sure to show.
fn shown(tenant: &TenantMatch) -> Vec<Key<'_>> {
    std::iter::once(&tenant.all).chain(tenant.any.first()).flat_map(shown_by).collect()
}

fn shown_by(tenant: &Credentials) -> Vec<Key<'_>> {
    let mut keys: Vec<Key<'_>> = Vec::new();
    keys.extend(tenant.principals.first().map(|it| (Shown::Principal, &[][..], 0, it.prefix())));
    for claim in &tenant.claims {
        let path = claim.path.as_slice();
        match &claim.test {
            ClaimTest::Contains(Scalar::Text(word)) => keys.push((Shown::Word, path, 0, word)),
            ClaimTest::AnyOf(values) => {
                if let Some(Scalar::Text(pattern)) = values.first() {
                    keys.push((Shown::Claim, path, 0, pattern.prefix()));
                    let words = pattern.exact().into_iter().flat_map(|text| text.split(' '));
                    keys.extend(words.map(|word| (Shown::Word, path, 0, word)));
                }
            }
            ClaimTest::Contains(_) => {}
        }
    }
    for header in &tenant.headers {
        if let ValueTest::Exact(value) | ValueTest::Prefix(value) = &header.test {
            keys.push((Shown::Header, &[][..], usize::from(header.slot.0), value));
        }
    }
    keys
}

/// The same with every beginning of its text: others may be filed by a shorter one. A word is a word.
fn beginnings((shown, path, slot, text): Key<'_>) -> impl Iterator<Item = Key<'_>> {
    let lengths = if shown == Shown::Word { text.len() } else { 0 }..=text.len();
    lengths.filter_map(move |length| Some((shown, path, slot, text.get(..length)?)))
}

pub(super) fn check(search: &mut Search<'_>, shadowed: &Shadowed) {
    let policy = search.policy;
    for ((id, tenant), shadowed) in policy.tenants().zip(shadowed) {
        let at = format!("tenants[{}]", id.0);
        if *shadowed {
            continue;
        }
        if !policy.models().any(|(model, _)| policy.exclusion(Some(id), model).is_none()) {
            let message = "may use no model: everything that it asks for is refused";
            search.find(Kind::TenantWithoutModels, format!("{at}.models"), message);
        }
        for field in forgeable(tenant) {
            let message = "is told by headers alone, and a client can write any header: right only where the proxy sets them and \
                removes the client's";
            search.find(Kind::ForgeableTenant, format!("{at}.match.{field}"), message);
        }
    }
}

/// Tenants told by a token that let the search go on, where callers are somebody without the token as well: who leaves it out
/// leaves the tenant.
pub(super) fn to_leave(search: &mut Search<'_>, shadowed: &Shadowed) {
    let tenants = &search.policy.tenants.all;
    let alive = || tenants.iter().zip(shadowed).enumerate().filter(|(_, (_, shadowed))| !**shadowed);
    for (nth, (tenant, _)) in alive().filter(|(_, (tenant, _))| tenant.continues && needs_token(tenant)) {
        // Those behind it, and those before it that let the search come here.
        let mut others = alive().filter(|(place, (other, _))| *place != nth && (*place > nth || other.continues));
        if let Some((_, (other, _))) = others.find(|(_, (other, _))| takes_no_token(other)) {
            let message = format!(
                "is told by a token, and a caller who sends none is still `{}`: the limits of `{}` hold only for who wants them, \
                 unless the proxy asks everybody for a token",
                other.name, tenant.name
            );
            search.find(Kind::TenantToLeave, format!("tenants[{nth}].continue"), message);
        }
    }
}

/// Whether nobody is the tenant without a token.
fn needs_token(tenant: &Tenant) -> bool {
    let TenantMatch { all, any } = &tenant.matches;
    let by_token = |credentials: &Credentials| !credentials.claims.is_empty();
    by_token(all) || (!any.is_empty() && any.iter().all(by_token))
}

/// Whether somebody can be the tenant without a token.
fn takes_no_token(tenant: &Tenant) -> bool {
    let TenantMatch { all, any } = &tenant.matches;
    all.claims.is_empty() && (any.is_empty() || any.iter().any(|way| way.claims.is_empty()))
}

/// The ways to be the tenant that take no more than headers, by their fields.
fn forgeable(tenant: &Tenant) -> Vec<String> {
    let TenantMatch { all, any } = &tenant.matches;
    let by_headers = |credentials: &Credentials| credentials.principals.is_empty() && credentials.claims.is_empty();
    if !by_headers(all) {
        return Vec::new();
    }
    if any.is_empty() {
        return vec!["headers".to_owned()];
    }
    let ways = any.iter().enumerate().filter(|(_, way)| by_headers(way));
    ways.map(|(nth, _)| format!("any[{nth}].headers")).collect()
}
