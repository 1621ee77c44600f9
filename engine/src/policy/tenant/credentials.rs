//! What a caller shows, and what of it makes a tenant.

use super::super::claim::{ClaimMatch, ClaimSpec};
use super::super::error::Report;
use super::super::header::{HeaderMatch, HeaderSlots, HeaderSpec};
use super::super::pattern::Pattern;
use super::super::text::PlainPattern;
use pointsman_document::{Path, Some1, object};

object! {
    /// Who a tenant is. Of the kinds that are given, all must match.
    pub(crate) struct TenantMatchSpec {
        /// Identities of the client's verified certificate (URI SANs, such as SPIFFE IDs); `*` stands for any
        /// characters. One must match.
        "principals" => principals: Option<Some1<PlainPattern>>,
        /// Request headers. All must match. Only safe for headers that the proxy sets itself: whatever a
        /// client can send, it can also forge.
        "headers" => headers: Option<Some1<HeaderSpec>>,
        /// Claims of the JWT that the proxy has verified. All must match.
        "claims" => claims: Option<Some1<ClaimSpec>>,
        /// Several ways of knowing the tenant, such as by certificate or by token. One must match.
        "any" => any: Option<Some1<CredentialsSpec>>,
    }
    at_least_one_of("principals", "headers", "claims", "any");
}

object! {
    /// One way of knowing a tenant. Of the kinds that are given, all must match.
    pub(crate) struct CredentialsSpec {
        /// Identities of the client's verified certificate; `*` stands for any characters. One must match.
        "principals" => principals: Option<Some1<PlainPattern>>,
        /// Request headers. All must match. Only safe for headers that the proxy sets itself.
        "headers" => headers: Option<Some1<HeaderSpec>>,
        /// Claims of the JWT that the proxy has verified. All must match.
        "claims" => claims: Option<Some1<ClaimSpec>>,
    }
    at_least_one_of("principals", "headers", "claims");
}

/// What a caller has to show. What is empty asks for nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Credentials {
    /// One must match the caller's principal.
    pub(crate) principals: Vec<Pattern>,
    /// All must match.
    pub(crate) headers: Vec<HeaderMatch>,
    /// All must match.
    pub(crate) claims: Vec<ClaimMatch>,
}

/// Who a tenant is.
#[derive(Clone, Debug, Default)]
pub(crate) struct TenantMatch {
    /// What each of its callers shows.
    pub(crate) all: Credentials,
    /// Besides that, each shows one of these; empty: no more.
    pub(crate) any: Vec<Credentials>,
}

impl TenantMatch {
    /// Everything that it looks at.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Credentials> {
        std::iter::once(&self.all).chain(&self.any)
    }
}

impl TenantMatchSpec {
    pub(super) fn compile(self, slots: &mut HeaderSlots, at: &Path<'_>, report: &mut Report) -> TenantMatch {
        let Self { principals, headers, claims, any } = self;
        let all = CredentialsSpec { principals, headers, claims }.compile(slots, at, report);
        let at_any = at.key("any");
        let any = any.unwrap_or_default().0.into_iter().enumerate();
        TenantMatch { all, any: any.map(|(nth, way)| way.compile(slots, &at_any.index(nth), report)).collect() }
    }
}

impl CredentialsSpec {
    fn compile(self, slots: &mut HeaderSlots, at: &Path<'_>, report: &mut Report) -> Credentials {
        let at_headers = at.key("headers");
        let headers = self.headers.unwrap_or_default().0.into_iter().enumerate();
        Credentials {
            principals: self.principals.unwrap_or_default().0.iter().map(PlainPattern::pattern).collect(),
            headers: headers.map(|(nth, header)| header.compile(slots, &at_headers.index(nth), report)).collect(),
            claims: self.claims.unwrap_or_default().0.into_iter().map(ClaimSpec::compile).collect(),
        }
    }
}
