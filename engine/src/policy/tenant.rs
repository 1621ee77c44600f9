//! Who is calling, and which models they may use.

use super::catalog::{Catalog, ModelId};
use super::claim::{ClaimMatch, ClaimSpec};
use super::error::{PolicyErrorKind, PolicyFault, Report, What};
use super::group::{ModelsSpec, groups};
use super::header::{HeaderMatch, HeaderSlots, HeaderSpec};
use super::model_set::ModelSet;
use super::pattern::Pattern;
use super::text::{LabelKey, Name, NamePattern, Plain, PlainPattern};
use crate::reason::Reason;
use pointsman_document::{Document, MAX_WHOLE, Map, Path, Some1, Whole, object};
use std::collections::BTreeMap;
use std::sync::Arc;

object! {
    /// A tenant: who is calling, and what they may use. The first that matches is the caller's.
    pub(crate) struct TenantSpec {
        /// Its name. Unique.
        "name" => name: Name,
        /// Who it is.
        "match" => matches: TenantMatchSpec,
        /// The models it may use. Default: all of them.
        "models" => models: TenantModelsSpec = Document::EMPTY,
        /// The most tokens that an answer may have: a request for more, or for no certain number, is sent with this one.
        /// Default: what the client asks for.
        "maxOutputTokens" => max_output_tokens: Option<Whole<1, MAX_WHOLE>>,
    }
}

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
    }
    at_least_one_of("principals", "headers", "claims");
}

object! {
    /// The models that a tenant may use.
    pub(crate) struct TenantModelsSpec {
        /// Names, patterns with `*`, or groups by labels, of the models it may use; none if the list is empty. Default:
        /// every model.
        "allow" => allow: Option<Vec<ModelsSpec>>,
        /// Names, patterns with `*`, or groups by labels, of models it may not use. Stronger than `allow`.
        "deny" => deny: Vec<ModelsSpec>,
        /// Labels that a model must have for this tenant, such as `region: eu`. No rule gets around them.
        "require" => require: Map<LabelKey, Plain>,
    }
}

/// The place of a tenant in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TenantId(pub(crate) u16);

/// Who is calling, and what they may use.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) name: Arc<str>,
    /// One must match the caller's principal; empty: any caller, also one without.
    pub(crate) principals: Vec<Pattern>,
    /// All must match.
    pub(crate) headers: Vec<HeaderMatch>,
    /// All must match.
    pub(crate) claims: Vec<ClaimMatch>,
    pub(crate) max_output_tokens: Option<u64>,
    allowed: ModelSet,
    labelled: ModelSet,
}

impl Tenant {
    /// Why it may not use the model, or `None` if it may.
    pub(super) fn exclusion(&self, model: ModelId) -> Option<Reason> {
        if !self.allowed.contains(model) {
            Some(Reason::Tenant)
        } else if !self.labelled.contains(model) {
            Some(Reason::Label)
        } else {
            None
        }
    }
}

/// The tenants, in the order of the document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tenants {
    pub(crate) all: Vec<Tenant>,
    by_name: BTreeMap<String, TenantId>,
    has_gaps: bool,
}

impl Tenants {
    #[inline(never)]
    pub(super) fn compile(
        specs: Vec<TenantSpec>,
        catalog: &Catalog,
        slots: &mut HeaderSlots,
        at: &Path<'_>,
        report: &mut Report,
    ) -> Self {
        let mut tenants = Self { has_gaps: report.is_lost(at), ..Self::default() };
        for (nth, spec) in specs.into_iter().enumerate() {
            let at = at.index(nth);
            let Ok(id) = u16::try_from(nth).map(TenantId) else {
                report.add(&at, PolicyErrorKind::TooMany { max: usize::from(u16::MAX) });
                break;
            };
            let name = spec.name.0.clone();
            if report.is_lost(&at.key("name")) {
                tenants.has_gaps = true;
            } else if let Some(TenantId(first)) = tenants.by_name.get(&name) {
                report.add(&at.key("name"), PolicyErrorKind::Taken { name, by: format!("tenants[{first}]") });
            } else {
                tenants.by_name.insert(name, id);
            }
            tenants.all.push(spec.compile(catalog, slots, &at, report));
        }
        tenants
    }

    pub(super) fn named(&self, name: &str) -> Option<TenantId> {
        self.by_name.get(name).copied()
    }

    /// The tenant of a name that must exist.
    pub(super) fn resolve(&self, name: &Name, at: &Path<'_>, report: &mut Report) -> Option<TenantId> {
        let found = self.by_name.get(&name.0).copied();
        if found.is_none() && !self.has_gaps && !report.is_lost(at) {
            let suggestion = report.suggest(&name.0, self.by_name.keys().map(String::as_str));
            report.add(at, PolicyFault::NoSuch { what: What::Tenant, name: name.0.clone(), suggestion }.into());
        }
        found
    }
}

impl TenantSpec {
    fn compile(self, catalog: &Catalog, slots: &mut HeaderSlots, at: &Path<'_>, report: &mut Report) -> Tenant {
        let (matches, models) = (self.matches, self.models);
        let (at_match, at_models) = (at.key("match"), at.key("models"));
        let at_headers = at_match.key("headers");
        let headers = matches.headers.unwrap_or_default().0.into_iter().enumerate();
        let headers = headers.map(|(nth, header)| header.compile(slots, &at_headers.index(nth), report)).collect();
        let allow = models.allow.map(|allow| groups(allow, catalog, &at_models.key("allow"), report));
        let deny = groups(models.deny, catalog, &at_models.key("deny"), report);
        let require = requirements(models.require, catalog, &at_models.key("require"), report);
        let set = |test: &dyn Fn(&super::Model) -> bool| {
            catalog.iter().filter(|(_, model)| test(model)).map(|(id, _)| id).collect()
        };
        Tenant {
            name: self.name.0.into(),
            max_output_tokens: self.max_output_tokens.map(|most| most.0),
            principals: matches.principals.unwrap_or_default().0.iter().map(PlainPattern::pattern).collect(),
            headers,
            claims: matches.claims.unwrap_or_default().0.into_iter().map(ClaimSpec::compile).collect(),
            allowed: set(&|model| {
                allow.as_ref().is_none_or(|allow| allow.iter().any(|group| group.has(model)))
                    && !deny.iter().any(|group| group.has(model))
            }),
            labelled: set(&|model| require.iter().all(|(key, value)| model.labels.get(key) == Some(value))),
        }
    }
}

/// Patterns over the models' names; one without a star must be the name of a model.
pub(super) fn patterns(
    patterns: &[NamePattern],
    catalog: &Catalog,
    at: &Path<'_>,
    report: &mut Report,
) -> Vec<Pattern> {
    let mut compiled = Vec::with_capacity(patterns.len());
    for (nth, pattern) in patterns.iter().enumerate() {
        let pattern = pattern.pattern();
        if let Some(name) = pattern.exact() {
            catalog.resolve(&Name(name.to_owned()), &at.index(nth), report);
        }
        compiled.push(pattern);
    }
    compiled
}

/// Label requirements; some model must have such a label, whatever its value.
pub(super) fn requirements(
    require: Map<LabelKey, Plain>,
    catalog: &Catalog,
    at: &Path<'_>,
    report: &mut Report,
) -> Vec<(String, String)> {
    let mut compiled = Vec::with_capacity(require.0.len());
    for (LabelKey(key), Plain(value)) in require.0 {
        let mut labels = catalog.models.iter().flat_map(|model| model.labels.keys());
        if !catalog.has_gaps() && !labels.any(|label| *label == key) {
            let labels = catalog.models.iter().flat_map(|model| model.labels.keys().map(String::as_str));
            let suggestion = report.suggest(&key, labels);
            report.add(&at.key(&key), PolicyFault::NoSuch { what: What::Label, name: key.clone(), suggestion }.into());
        }
        compiled.push((key, value));
    }
    compiled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::testing::{check, valid};

    #[test]
    fn a_tenant_is_told_by_something() {
        check(
            r#""tenants": [{"name": "a", "match": {}}, {"name": "b"}, {"name": "c", "match": {"principals": []}}]"#,
            &[
                "tenants[0].match: needs at least one of `principals`, `headers`, `claims`",
                "tenants[1].match: is required",
                "tenants[2].match.principals: needs at least one item",
            ],
        );
    }

    #[test]
    fn names_are_unique() {
        let tenant = r#"{"name": "a", "match": {"principals": ["*"]}}"#;
        check(&format!(r#""tenants": [{tenant}, {tenant}]"#), &["tenants[1].name: `a` is taken by tenants[0]"]);
    }

    #[test]
    fn a_claim_has_one_test() {
        check(
            r#""tenants": [{"name": "a", "match": {"claims": [
                {"name": "org"}, {"name": "org", "value": "a", "contains": "b"}, {"name": "a..b", "value": "c"},
                {"name": "groups", "contains": "admins"}, {"name": "org", "values": ["a", "b-*"]}
            ]}}]"#,
            &[
                "tenants[0].match.claims[0]: needs exactly one of `value`, `values`, `contains`",
                "tenants[0].match.claims[1]: needs exactly one of `value`, `values`, `contains`",
                "tenants[0].match.claims[2].name: `a..b` is not a claim name (`org`, `realm.roles`, or \
                 `https://example\\.com/org` for a dot of the name itself)",
            ],
        );
    }

    #[test]
    fn models_and_labels_exist() {
        check(
            r#""tenants": [{"name": "a", "match": {"principals": ["x"]},
                "models": {"allow": ["gpt-*", "llama-smal"], "deny": ["nothing"], "require": {"regoin": "eu", "region": "xx"}}}]"#,
            &[
                "tenants[0].models.allow[1]: no model `llama-smal` in the catalog; did you mean `llama-small`?",
                "tenants[0].models.deny[0]: no model `nothing` in the catalog",
                "tenants[0].models.require.regoin: no model has the label `regoin`; did you mean `region`?",
            ],
        );
    }

    /// Why `gpt-4o` and `llama-small` are excluded for a tenant with these limits.
    fn exclusions(models: &str, expected: [Option<Reason>; 2]) {
        let policy =
            valid(&format!(r#""tenants": [{{"name": "a", "match": {{"principals": ["x"]}}, "models": {models}}}]"#));
        let reasons = policy.models().map(|(id, _)| policy.exclusion(Some(TenantId(0)), id)).collect::<Vec<_>>();
        assert_eq!(reasons, expected, "{models}");
    }

    #[test]
    fn limits_say_why_a_model_is_excluded() {
        exclusions("{}", [None, None]);
        exclusions(r#"{"allow": ["gpt-*"]}"#, [None, Some(Reason::Tenant)]);
        exclusions(r#"{"allow": []}"#, [Some(Reason::Tenant), Some(Reason::Tenant)]);
        exclusions(r#"{"deny": ["gpt-*"]}"#, [Some(Reason::Tenant), None]);
        exclusions(r#"{"allow": ["*"], "deny": ["*"]}"#, [Some(Reason::Tenant), Some(Reason::Tenant)]);
        exclusions(r#"{"require": {"region": "eu"}}"#, [Some(Reason::Label), None]);
        exclusions(r#"{"allow": ["gpt-*"], "require": {"region": "eu"}}"#, [Some(Reason::Label), Some(Reason::Tenant)]);
    }
}
