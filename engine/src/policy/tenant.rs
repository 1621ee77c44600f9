//! Who is calling, and which models they may use.

mod credentials;
mod limits;
mod membership;
mod profile;

pub(crate) use credentials::{Credentials, TenantMatch};
pub(crate) use limits::Limits;
pub(super) use limits::{patterns, requirements};
pub(crate) use membership::Membership;
pub(crate) use profile::{ProfileSpec, Profiles};

use super::catalog::Catalog;
use super::error::{PolicyErrorKind, PolicyFault, Report, What};
use super::header::HeaderSlots;
use super::text::{LabelKey, Name, NamePattern, Plain};
use credentials::TenantMatchSpec;
use limits::TenantModelsSpec;
use pointsman_document::{Document, MAX_WHOLE, Map, Path, Whole, object};
use profile::TenantLabels;
use std::collections::BTreeMap;
use std::sync::Arc;

object! {
    /// A tenant: who is calling, and what they may use. The first that matches is the caller's, with those before it that let
    /// the search go on.
    pub(crate) struct TenantSpec {
        /// Its name. Unique.
        "name" => name: Name,
        /// Who it is.
        "match" => matches: TenantMatchSpec,
        /// Whether callers that are this tenant can be others as well: its limits hold, and those behind it are tried.
        "continue" => continues: bool = false,
        /// What it is labelled with, such as `team: search`, for rules.
        "labels" => labels: Map<LabelKey, Plain>,
        /// Profiles whose limits and labels it has too.
        "profiles" => profiles: Vec<Name>,
        /// The models it may use. Default: all of them.
        "models" => models: TenantModelsSpec = Document::EMPTY,
        /// The most tokens that an answer may have: a request for more, or for no certain number, is sent with this one.
        /// Default: what the client asks for.
        "maxOutputTokens" => max_output_tokens: Option<Whole<1, MAX_WHOLE>>,
    }
}

/// The place of a tenant in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TenantId(pub(crate) u16);

/// Who is calling, and what they may use.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) name: Arc<str>,
    pub(crate) matches: TenantMatch,
    /// Whether its callers can be other tenants as well.
    pub(crate) continues: bool,
    /// Its own, and those of its profiles.
    labels: TenantLabels,
    /// Its own, and those of its profiles.
    pub(crate) limits: Limits,
    /// Of which it has limits and labels.
    #[cfg(any(test, feature = "trace"))]
    pub(crate) profiles: Vec<String>,
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
        profiles: &Profiles,
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
            tenants.all.push(spec.compile(profiles, catalog, slots, &at, report));
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

    fn iter(&self) -> impl Iterator<Item = (TenantId, &Tenant)> {
        (0..=u16::MAX).map(TenantId).zip(&self.all)
    }

    /// The tenants of these names or patterns, each of which must match one. Sorted.
    pub(super) fn matching(
        &self,
        patterns: impl Iterator<Item = NamePattern>,
        at: &Path<'_>,
        report: &mut Report,
    ) -> Vec<TenantId> {
        let mut found = Vec::new();
        for (nth, pattern) in patterns.enumerate() {
            let (at, pattern, NamePattern(text)) = (at.index(nth), pattern.pattern(), pattern);
            if pattern.exact().is_some() {
                found.extend(self.resolve(&Name(text), &at, report));
                continue;
            }
            let before = found.len();
            found.extend(self.iter().filter(|(_, tenant)| pattern.matches(&tenant.name)).map(|(id, _)| id));
            if found.len() == before && !self.has_gaps && !report.is_lost(&at) {
                let what = What::TenantPattern;
                report.add(&at, PolicyFault::NoSuch { what, name: text, suggestion: None }.into());
            }
        }
        pointsman_document::order::sort_by(&mut found, Ord::cmp);
        found.dedup();
        found
    }

    /// Keeps the tenants that have all of these labels, of which at least one must be left; of none given, all that have them.
    pub(super) fn labelled(
        &self,
        labels: Map<LabelKey, Plain>,
        among: Vec<TenantId>,
        at: &Path<'_>,
        report: &mut Report,
    ) -> Vec<TenantId> {
        if labels.0.is_empty() {
            return among;
        }
        let is_asked = |id: &TenantId| among.is_empty() || among.binary_search(id).is_ok();
        let has_all = |tenant: &Tenant| labels.0.iter().all(|(key, value)| tenant.labels.get(&key.0) == Some(&value.0));
        let found: Vec<_> =
            self.iter().filter(|(id, tenant)| is_asked(id) && has_all(tenant)).map(|(id, _)| id).collect();
        if found.is_empty() && !self.has_gaps && !report.is_lost(at) {
            self.report_labels(&labels, at, report);
        }
        found
    }

    /// Why no tenant has all of these labels: one is nobody's, or they are not those of one tenant.
    fn report_labels(&self, labels: &Map<LabelKey, Plain>, at: &Path<'_>, report: &mut Report) {
        for (LabelKey(key), Plain(value)) in &labels.0 {
            let has = |tenant: &&Tenant| tenant.labels.get(key).is_some_and(|own| own == value);
            if self.all.iter().any(|tenant| has(&tenant)) {
                continue;
            }
            let is_known = self.all.iter().any(|tenant| tenant.labels.contains_key(key));
            let fault = if is_known {
                let values = self.all.iter().filter_map(|tenant| tenant.labels.get(key)).map(String::as_str);
                let suggestion = report.suggest(value, values);
                PolicyFault::NoSuch { what: What::TenantLabelValue(key.clone()), name: value.clone(), suggestion }
            } else {
                let keys = self.all.iter().flat_map(|tenant| tenant.labels.keys()).map(String::as_str);
                let suggestion = report.suggest(key, keys);
                PolicyFault::NoSuch { what: What::TenantLabel, name: key.clone(), suggestion }
            };
            report.add(&at.key(key), fault.into());
            return;
        }
        report.add(at, PolicyFault::NoTenantWithLabels.into());
    }
}

impl TenantSpec {
    fn compile(
        self,
        profiles: &Profiles,
        catalog: &Catalog,
        slots: &mut HeaderSlots,
        at: &Path<'_>,
        report: &mut Report,
    ) -> Tenant {
        let matches = self.matches.compile(slots, &at.key("match"), report);
        let mut limits = Limits::compile(self.models, self.max_output_tokens, catalog, &at.key("models"), report);
        let mut labels = profile::labels(self.labels);
        profiles.apply(&self.profiles, &mut limits, &mut labels, &at.key("profiles"), report);
        Tenant {
            name: self.name.0.into(),
            matches,
            continues: self.continues,
            labels,
            limits,
            #[cfg(any(test, feature = "trace"))]
            profiles: self.profiles.into_iter().map(|name| name.0).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::testing::{check, valid};
    use crate::reason::Reason;

    #[test]
    fn a_tenant_is_told_by_something() {
        check(
            r#""tenants": [{"name": "a", "match": {}}, {"name": "b"}, {"name": "c", "match": {"principals": []}}]"#,
            &[
                "tenants[0].match: needs at least one of `principals`, `headers`, `claims`, `any`",
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

    const PROFILES: &str = r#""profiles": [
        {"name": "eu", "labels": {"region": "eu", "tier": "a"}, "models": {"require": {"region": "eu"}}, "maxOutputTokens": 9},
        {"name": "us", "labels": {"region": "us"}, "models": {"allow": ["gpt-*"]}}
    ]"#;

    fn with_profiles(tenant: &str) -> String {
        format!(r#"{PROFILES}, "tenants": [{{"name": "a", "match": {{"principals": ["x"]}}, {tenant}}}]"#)
    }

    #[test]
    fn a_profile_limits_together_with_the_tenant() {
        for (tenant, usable, most) in [
            (r#""profiles": ["eu"]"#, &["llama-small"][..], Some(9)),
            (r#""profiles": ["eu"], "maxOutputTokens": 5"#, &["llama-small"], Some(5)),
            (r#""profiles": ["eu"], "maxOutputTokens": 50"#, &["llama-small"], Some(9)),
            (r#""profiles": ["us"]"#, &["gpt-4o"], None),
            (r#""profiles": ["us"], "models": {"deny": ["gpt-4o"]}"#, &[], None),
            (r#""profiles": ["eu", "us"], "labels": {"region": "both"}"#, &[], Some(9)),
        ] {
            let policy = valid(&with_profiles(tenant));
            let may_use = policy.models().filter(|(id, _)| policy.exclusion([TenantId(0)], *id).is_none());
            assert_eq!(may_use.map(|(_, model)| model.name()).collect::<Vec<_>>(), usable, "{tenant}");
            assert_eq!(policy.max_output_tokens([TenantId(0)]), most, "{tenant}");
        }
    }

    #[test]
    fn profiles_exist_and_agree() {
        check(
            &with_profiles(r#""profiles": ["eu", "uss"]"#),
            &["tenants[0].profiles[1]: no profile `uss`; did you mean `us`?"],
        );
        check(
            &with_profiles(r#""profiles": ["eu", "us"]"#),
            &[
                "tenants[0].profiles[1]: the profiles `eu` and `us` give the label `region` different values; the tenant's \
               own `labels` can say which it has",
            ],
        );
        check(
            r#""profiles": [{"name": "a"}, {"name": "a", "models": {"deny": ["gpt-5"]}}]"#,
            &[
                "profiles[1].name: `a` is taken by profiles[0]",
                "profiles[1].models.deny[0]: no model `gpt-5` in the catalog",
            ],
        );
    }

    /// The tenants that a rule is about.
    fn about(matches: &str) -> Result<Vec<u16>, Vec<String>> {
        let policy = crate::policy::testing::read(&format!(
            r#"{PROFILES}, "tenants": [
                {{"name": "team-a", "match": {{"principals": ["a"]}}, "profiles": ["eu"], "labels": {{"team": "a"}}}},
                {{"name": "team-b", "match": {{"principals": ["b"]}}, "profiles": ["us"]}},
                {{"name": "c", "match": {{"principals": ["c"]}}, "profiles": ["us", "eu"], "labels": {{"region": "us"}}}}
            ], "rules": [{{"name": "r", "match": {matches}, "deny": {{}}}}]"#
        ));
        let policy = policy.map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        Ok(policy.rules[0].conditions.tenants.iter().map(|TenantId(id)| *id).collect())
    }

    #[test]
    fn rules_are_about_tenants_by_pattern_and_label() {
        assert_eq!(about(r#"{"tenants": ["team-*"]}"#), Ok(vec![0, 1]));
        assert_eq!(about(r#"{"tenants": ["c", "*-a", "c"]}"#), Ok(vec![0, 2]));
        assert_eq!(about(r#"{"tenantLabels": {"region": "us"}}"#), Ok(vec![1, 2]));
        assert_eq!(about(r#"{"tenantLabels": {"region": "us", "tier": "a"}}"#), Ok(vec![2]));
        assert_eq!(about(r#"{"tenants": ["team-*"], "tenantLabels": {"region": "us"}}"#), Ok(vec![1]));
        let error = |matches: &str, error: &str| assert_eq!(about(matches), Err(vec![error.to_owned()]));
        error(r#"{"tenants": ["x-*"]}"#, "rules[0].match.tenants[0]: no tenant matches `x-*`");
        error(
            r#"{"tenantLabels": {"regio": "us"}}"#,
            "rules[0].match.tenantLabels.regio: no tenant has the label `regio`; did you mean `region`?",
        );
        error(
            r#"{"tenantLabels": {"region": "uk"}}"#,
            "rules[0].match.tenantLabels.region: no tenant has the label `region` with the value `uk`; did you mean `us`?",
        );
        let none = "rules[0].match.tenantLabels: no tenant that the rule is about has all of these labels";
        error(r#"{"tenantLabels": {"team": "a", "region": "us"}}"#, none);
        error(r#"{"tenants": ["c"], "tenantLabels": {"team": "a"}}"#, none);
    }

    #[test]
    fn rules_look_at_so_many_claims() {
        let rules = |count: usize| {
            let rule = |nth| {
                format!(
                    r#"{{"name": "r{nth}", "match": {{"claims": [{{"name": "c{nth}", "value": 1}}]}}, "deny": {{}}}}"#
                )
            };
            format!(r#""rules": [{}]"#, (0..count).map(rule).collect::<Vec<_>>().join(","))
        };
        check(&rules(64), &[]);
        check(&rules(65), &["rules[64].match.claims[0]: the rules look at more than 64 different claims"]);
    }
}
