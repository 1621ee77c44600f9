//! What operators write, made into a [`Policy`] that cannot be invalid.
//!
//! The way of a policy: text -> [`Document`] (`document`) -> written form (`spec` and the `…Spec` types,
//! declared with `object!`, read by `read`) -> compiled form, in which names have become indices. Every error on the
//! way is collected, each with the path of its field.
//! ```
//! use pointsman_router::policy::Policy;
//!
//! let errors = Policy::from_json(br#"{"models": [{"name": "small"}], "ruls": []}"#).unwrap_err();
//! let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
//! assert_eq!(errors, ["ruls: unknown field; did you mean `rules`?", "models[0].cluster: is required"]);
//! ```

mod alias;
mod api_name;
mod catalog;
mod claim;
mod condition;
mod document;
mod error;
mod failure;
mod header;
mod index;
mod keyword;
mod object;
mod path;
mod pattern;
mod read;
mod rule;
mod schema;
mod spec;
mod suggest;
mod tenant;
mod text;

pub use alias::Alias;
pub use catalog::Model;
pub use document::Document;
pub use error::{PolicyError, PolicyErrorKind, PolicyErrors, What};
pub use schema::schema;

pub(crate) use catalog::{Capability, CapabilitySet, Cost, ModelId, ModelSet};
pub(crate) use claim::{ClaimMatch, ClaimTest};
pub(crate) use condition::{Conditions, PathMatch, Range};
pub(crate) use failure::{OnFailure, OnUnknownTenant, OnUnread};
pub(crate) use header::{HeaderMatch, HeaderSlot, ValueTest};
pub(crate) use index::Candidates;
pub(crate) use keyword::KeywordId;
pub(crate) use pattern::Pattern;
pub(crate) use rule::{Action, Rule, RuleId};
pub(crate) use spec::DefaultAction;
pub(crate) use tenant::{Tenant, TenantId};

use alias::Aliases;
use catalog::Catalog;
use condition::Scope;
use error::Report;
use header::HeaderSlots;
use index::RuleIndex;
use keyword::Keywords;
use path::Path;
use read::Read;
use sha2::{Digest, Sha256};
use spec::PolicySpec;
use std::fmt::Write;
use tenant::Tenants;

/// A valid policy, made for evaluation.
#[derive(Clone, Debug)]
pub struct Policy {
    version: String,
    catalog: Catalog,
    aliases: Aliases,
    tenants: Tenants,
    index: RuleIndex,
    /// In their order; a `RuleId` is a place in it.
    pub(crate) rules: Vec<Rule>,
    /// What happens to requests to which no rule applies.
    pub(crate) default_action: DefaultAction,
    pub(crate) on_failure: OnFailure,
    pub(crate) max_body_bytes: u64,
    pub(crate) max_depth: usize,
    pub(crate) response_headers: bool,
    /// Prefixes in front of the APIs' paths, longest first; the empty one is always the last.
    pub(crate) path_prefixes: Vec<String>,
    /// Headers that tenants, rules and stickiness look at, in lower case (`:authority` for `host`); a
    /// `HeaderSlot` is a place in it.
    pub(crate) header_names: Vec<String>,
    /// Keywords of all rules, in lower case, each once; a `KeywordId` is a place in it.
    pub(crate) keywords: Vec<String>,
    jwt: Jwt,
}

/// Where the proxy leaves the claims of a verified JWT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwt {
    /// The namespace in dynamic metadata.
    pub namespace: String,
    /// The key of the payload there.
    pub payload: String,
}

impl Policy {
    /// Reads a policy from JSON text.
    pub fn from_json(json: &[u8]) -> Result<Self, PolicyErrors> {
        Self::from_document(&Document::from_json(json)?)
    }

    /// Reads a policy; every error is reported, not only the first.
    pub fn from_document(document: &Document) -> Result<Self, PolicyErrors> {
        let mut report = Report::default();
        let policy = Self::read(document, &Path::Root, &mut report);
        report.finish(policy)
    }

    /// Reads a policy that is part of another document.
    pub(crate) fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        let spec = PolicySpec::read(document, at, report);
        let catalog = Catalog::compile(spec.models.0, &at.key("models"), report);
        let aliases = Aliases::compile(spec.aliases, &catalog, &at.key("aliases"), report);
        let (mut slots, mut keywords) = (HeaderSlots::default(), Keywords::default());
        let tenants = Tenants::compile(spec.tenants, &catalog, &mut slots, &at.key("tenants"), report);
        let mut scope =
            Scope { catalog: &catalog, aliases: &aliases, tenants: &tenants, slots: &mut slots, keywords: &mut keywords };
        let rules = rule::compile(spec.rules, &mut scope, &at.key("rules"), report);
        let on_failure = spec.on_failure.compile(&catalog, &at.key("onFailure"), report);
        let mut path_prefixes: Vec<_> = spec.path_prefixes.into_iter().map(|prefix| prefix.0).collect();
        path_prefixes.push(String::new());
        path_prefixes.sort_by_key(|prefix| std::cmp::Reverse(prefix.len()));
        path_prefixes.dedup();
        Self {
            version: version(document),
            index: RuleIndex::new(&rules),
            catalog,
            aliases,
            tenants,
            rules,
            default_action: spec.default.action,
            on_failure,
            max_body_bytes: spec.limits.max_body_bytes.0,
            max_depth: usize::try_from(spec.limits.max_depth.0).unwrap_or(usize::MAX),
            response_headers: spec.visibility.response_headers,
            path_prefixes,
            header_names: slots.0,
            keywords: keywords.all,
            jwt: Jwt { namespace: spec.identity.jwt.namespace.0, payload: spec.identity.jwt.payload.0 },
        }
    }

    /// The SHA-256 of the policy's canonical form, as 64 hex digits.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The models, in the order of the document.
    pub fn models(&self) -> &[Model] {
        &self.catalog.models
    }

    /// The aliases, in the order of the document.
    pub fn aliases(&self) -> &[Alias] {
        &self.aliases.all
    }

    /// Where the claims of a verified JWT are.
    pub fn jwt(&self) -> &Jwt {
        &self.jwt
    }

    /// The model of that name.
    pub(crate) fn model(&self, name: &str) -> Option<ModelId> {
        self.catalog.find(name)
    }

    /// The model in that place. There is one for every `ModelId` that this policy gave out.
    pub(crate) fn model_at(&self, ModelId(id): ModelId) -> Option<&Model> {
        self.catalog.models.get(usize::from(id))
    }

    /// Every model and its place.
    pub(crate) fn catalog(&self) -> impl Iterator<Item = (ModelId, &Model)> {
        self.catalog.iter()
    }

    /// The alias that a name falls under: one without `*` first, then the one with the longest literal
    /// beginning, then the first of the document. Models come before aliases: ask `model` first.
    pub(crate) fn alias(&self, name: &str) -> Option<&Alias> {
        self.aliases.find(name)
    }

    /// The tenants, in the order in which they are tried; a `TenantId` is a place in it.
    pub(crate) fn tenants(&self) -> &[Tenant] {
        &self.tenants.all
    }

    /// The tenant in that place.
    pub(crate) fn tenant_at(&self, TenantId(id): TenantId) -> Option<&Tenant> {
        self.tenants.all.get(usize::from(id))
    }

    /// The rule in that place.
    pub(crate) fn rule_at(&self, RuleId(id): RuleId) -> Option<&Rule> {
        self.rules.get(usize::try_from(id).ok()?)
    }

    /// Every rule that can apply to such a request (and some that cannot), each once, in order.
    ///
    /// `asked` is the name as the client spelled it; `header_value` gives the value that rules are compared with.
    pub(crate) fn candidate_rules<'v>(
        &self,
        asked: Option<&str>,
        tenant: Option<TenantId>,
        header_value: &dyn Fn(HeaderSlot) -> Option<&'v [u8]>,
    ) -> Candidates<'_> {
        self.index.candidates(asked, tenant, header_value)
    }

    /// Whether a tenant is told by its certificate.
    pub(crate) fn uses_principal(&self) -> bool {
        self.tenants().iter().any(|tenant| !tenant.principals.is_empty())
    }

    /// Whether a tenant is told by its JWT.
    pub(crate) fn uses_claims(&self) -> bool {
        self.tenants().iter().any(|tenant| !tenant.claims.is_empty())
    }

    /// Whether some rule looks for words in the text.
    pub(crate) fn needs_keywords(&self) -> bool {
        !self.keywords.is_empty()
    }

    /// Whether some rule may choose by the conversation's identity.
    pub(crate) fn needs_identity(&self) -> bool {
        self.rules.iter().any(|rule| rule.action.needs_identity())
    }
}

impl Document {
    /// Reads JSON text.
    pub(crate) fn from_json(json: &[u8]) -> Result<Self, PolicyErrors> {
        serde_json::from_slice(json).map_err(|err| PolicyErrors::whole(PolicyErrorKind::Syntax(err.to_string())))
    }
}

/// SHA-256 of the canonical form, in hex.
fn version(document: &Document) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(document.canonical().as_bytes()) {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
