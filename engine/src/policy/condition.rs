//! When a rule applies.

use super::alias::Aliases;
use super::api_name::RoutableApi;
use super::catalog::Catalog;
use super::claim::{ClaimCondition, ClaimSlots, ClaimSpec};
use super::error::{PolicyErrorKind, PolicyFault, Report, What};
use super::header::{HeaderMatch, HeaderSlots, HeaderSpec};
use super::keyword::{KeywordId, Keywords};
use super::path_match::{PathMatch, PathSpec};
use super::pattern::Pattern;
use super::schedule::{Schedule, ScheduleSpec};
use super::share::Share;
use super::sticky::FieldSlots;
use super::tenant::{TenantId, Tenants};
use super::text::{Keyword, LabelKey, NamePattern, Plain};
use super::when::{When, WhenText};
use crate::api::ApiSet;
use crate::request::flag::{Flag, FlagSet, flags};
use pointsman_document::{Definitions, Document, MAX_WHOLE, Map, Path, Read, Some1, Value, Whole, object};
use serde_json::json;

/// The conditions: those of flags come from their table.
macro_rules! conditions {
    ($($(#[doc = $doc:literal])+ $field:ident $flag:ident $condition:literal $(needs $capability:ident)?,)+) => {
        object! {
            /// When a rule applies. Of the conditions that are given, all must hold; none at all always holds.
            pub(crate) struct ConditionsSpec {
                /// The API is one of these.
                "apis" => apis: Option<Some1<RoutableApi>>,
                /// The model asked for is one of these; `*` stands for any characters. Compared with the name as the
                /// client spelled it, before aliases.
                "models" => models: Option<Some1<NamePattern>>,
                /// The caller is one of these tenants; `*` stands for any characters.
                "tenants" => tenants: Option<Some1<NamePattern>>,
                /// The caller is a tenant that has all of these labels; with `tenants`, one of those.
                "tenantLabels" => tenant_labels: Map<LabelKey, Plain>,
                /// Claims of the JWT that the proxy has verified. All must match.
                "claims" => claims: Option<Some1<ClaimSpec>>,
                /// Request headers. All must match.
                "headers" => headers: Option<Some1<HeaderSpec>>,
                /// The request path, without its query, is one of these.
                "paths" => paths: Option<Some1<PathSpec>>,
                /// Estimated input tokens.
                "inputTokens" => input_tokens: Option<RangeSpec>,
                /// The most output tokens the client asks for. Does not hold if it does not say.
                "maxOutputTokens" => max_output_tokens: Option<RangeSpec>,
                /// Messages of the conversation.
                "messages" => messages: Option<RangeSpec>,
                $($(#[doc = $doc])+ $condition => $field: Option<bool>,)+
                /// The text of the request contains one of these, as whole words, in any case.
                "keywords" => keywords: Option<Some1<Keyword>>,
                /// A share of the sessions, in percent: those that `sticky` of the rule's route keeps together. Raising it
                /// keeps all who are in.
                "percent" => percent: Option<Share>,
                /// When the request comes.
                "schedule" => schedule: Option<ScheduleSpec>,
                /// An expression in a subset of CEL that is true: `facts.inputTokens > 1000 || "beta" in request.headers`.
                "when" => when: Option<WhenText>,
                /// One of these holds, each of them conditions like these.
                "any" => any: Option<Some1<InnerSpec>>,
                /// These do not hold all together.
                "not" => not: Option<InnerSpec>,
            }
        }

        impl ConditionsSpec {
            fn flags(&self) -> FlagTests {
                let mut tests = FlagTests::default();
                $(match self.$field {
                    Some(true) => tests.set.insert(Flag::$flag),
                    Some(false) => tests.unset.insert(Flag::$flag),
                    None => {}
                })+
                tests
            }
        }
    };
}

flags!(conditions);

/// Conditions that are part of others.
#[derive(Clone, Debug, Default)]
pub(crate) struct InnerSpec(Box<ConditionsSpec>);

/// How deep conditions can stand in others: what nobody can survey any more is hardly meant.
const DEEPEST: usize = 4;

impl Read for InnerSpec {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        if depth(at) > DEEPEST {
            return report.lose(at, PolicyErrorKind::Meaning("stands more than 4 deep in `any` and `not`".into()));
        }
        if *document == Document::EMPTY {
            return report.lose(at, PolicyErrorKind::Meaning("needs at least one condition".into()));
        }
        Self(Box::new(ConditionsSpec::read(document, at, report)))
    }

    /// By name, as its schema would have no end.
    fn schema(_: &mut Definitions) -> Value {
        json!({ "$ref": "#/$defs/Conditions" })
    }
}

fn depth(at: &Path<'_>) -> usize {
    match at {
        Path::Root => 0,
        Path::Key(parent, key) => depth(parent) + usize::from(matches!(*key, "any" | "not")),
        Path::Index(parent, _) => depth(parent),
    }
}

object! {
    /// A range of whole numbers, both ends included.
    pub(crate) struct RangeSpec {
        /// The least.
        "min" => min: Option<Whole<0, MAX_WHOLE>>,
        /// The most.
        "max" => max: Option<Whole<0, MAX_WHOLE>>,
    }
    at_least_one_of("min", "max");
}

/// When a rule applies. Empty lists and `None` hold always.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions {
    pub(crate) apis: Option<ApiSet>,
    /// One must match the name asked for.
    pub(crate) models: Vec<Pattern>,
    /// Sorted. One must be the caller's.
    pub(crate) tenants: Vec<TenantId>,
    /// All must match.
    pub(crate) claims: Vec<ClaimCondition>,
    /// All must match.
    pub(crate) headers: Vec<HeaderMatch>,
    /// One must match.
    pub(crate) paths: Vec<PathMatch>,
    pub(crate) input_tokens: Option<Range>,
    pub(crate) max_output_tokens: Option<Range>,
    pub(crate) messages: Option<Range>,
    pub(crate) flags: FlagTests,
    /// One must occur.
    pub(crate) keywords: Vec<KeywordId>,
    pub(crate) percent: Option<Share>,
    pub(crate) schedule: Option<Box<Schedule>>,
    pub(crate) when: Option<Box<When>>,
    /// One must hold.
    pub(crate) any: Vec<Conditions>,
    /// Must not hold.
    pub(crate) not: Option<Box<Conditions>>,
}

impl Conditions {
    /// Whether they hold for who asks for a model by this name.
    pub(crate) fn know_name(&self, asked: Option<&str>) -> bool {
        self.models.is_empty() || asked.is_some_and(|asked| self.models.iter().any(|pattern| pattern.matches(asked)))
    }

    /// Whether these, without those that are part of them, are about how long the request is.
    pub(crate) fn ask_length(&self) -> bool {
        self.input_tokens.is_some() || self.when.as_ref().is_some_and(|when| when.asks_length())
    }

    /// These and all that are part of them.
    pub(crate) fn all(&self) -> Vec<&Self> {
        let mut all = self.required();
        let mut nth = 0;
        while let Some(conditions) = all.get(nth).copied() {
            all.extend(conditions.not.iter().flat_map(|not| not.required()));
            nth += 1;
        }
        all
    }

    /// These and all that may have to hold for them to hold: those behind no `not`.
    pub(crate) fn required(&self) -> Vec<&Self> {
        std::iter::once(self).chain(self.any.iter().flat_map(Self::required)).collect()
    }

    /// Whether they hold for a caller that is these tenants.
    pub(crate) fn know_tenant(&self, tenants: impl IntoIterator<Item = TenantId>) -> bool {
        self.tenants.is_empty() || tenants.into_iter().any(|tenant| self.tenants.binary_search(&tenant).is_ok())
    }
}

/// What flags must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FlagTests {
    set: FlagSet,
    unset: FlagSet,
}

impl FlagTests {
    /// The flags that are tested, and what each must be, in the order of their table.
    pub(crate) fn iter(self) -> impl Iterator<Item = (Flag, bool)> {
        let is_tested = move |flag: &Flag| self.set.contains(*flag) || self.unset.contains(*flag);
        Flag::ALL.iter().copied().filter(is_tested).map(move |flag| (flag, self.set.contains(flag)))
    }
}

/// A range, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) min: u64,
    pub(crate) max: u64,
}

impl Range {
    pub(crate) fn contains(self, value: u64) -> bool {
        (self.min..=self.max).contains(&value)
    }
}

/// What conditions refer to.
pub(super) struct Scope<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) aliases: &'a Aliases,
    pub(super) tenants: &'a Tenants,
    pub(super) slots: &'a mut HeaderSlots,
    pub(super) claims: &'a mut ClaimSlots,
    pub(super) fields: &'a mut FieldSlots,
    pub(super) keywords: &'a mut Keywords,
}

impl ConditionsSpec {
    #[inline(never)]
    pub(super) fn compile(self, scope: &mut Scope<'_>, at: &Path<'_>, report: &mut Report) -> Conditions {
        let flags = self.flags();
        let mut models = Vec::new();
        for (nth, pattern) in items(self.models) {
            models.push(known_name(&pattern, scope, &at.key("models").index(nth), report));
        }
        let named = items(self.tenants).map(|(_, name)| name);
        let tenants = scope.tenants.matching(named, &at.key("tenants"), report);
        let tenants = scope.tenants.labelled(self.tenant_labels, tenants, &at.key("tenantLabels"), report);
        let claims = items(self.claims)
            .map(|(nth, claim)| claim.compile().kept(scope.claims, &at.key("claims").index(nth), report));
        let claims = claims.collect();
        let mut headers = Vec::new();
        for (nth, header) in items(self.headers) {
            headers.push(header.compile(scope.slots, &at.key("headers").index(nth), report));
        }
        let mut range =
            |key: &'static str, range: Option<RangeSpec>| range.map(|range| range.compile(&at.key(key), report));
        Conditions {
            apis: self.apis.map(|apis| apis.0.into_iter().map(|api| api.0).collect()),
            models,
            tenants,
            claims,
            headers,
            paths: items(self.paths).map(|(_, path)| path.compile()).collect(),
            input_tokens: range("inputTokens", self.input_tokens),
            max_output_tokens: range("maxOutputTokens", self.max_output_tokens),
            messages: range("messages", self.messages),
            flags,
            keywords: items(self.keywords).map(|(_, keyword)| scope.keywords.number(&keyword)).collect(),
            percent: self.percent,
            schedule: self.schedule.map(|schedule| Box::new(schedule.compile(&at.key("schedule"), report))),
            when: self.when.and_then(|when| when.compile(scope, &at.key("when"), report)),
            any: items(self.any)
                .map(|(nth, inner)| inner.0.compile(scope, &at.key("any").index(nth), report))
                .collect(),
            not: self.not.map(|inner| Box::new(inner.0.compile(scope, &at.key("not"), report))),
        }
    }
}

fn items<T>(list: Option<Some1<T>>) -> impl Iterator<Item = (usize, T)> {
    list.map(|list| list.0).unwrap_or_default().into_iter().enumerate()
}

/// A pattern over the names that clients ask for; one without a star must be a name that they can ask for.
fn known_name(pattern: &NamePattern, scope: &Scope<'_>, at: &Path<'_>, report: &mut Report) -> Pattern {
    let pattern = pattern.pattern();
    let (catalog, aliases) = (scope.catalog, scope.aliases);
    if let Some(name) = pattern.exact() {
        let is_known = catalog.find(name).is_some() || aliases.find(name).is_some();
        if !is_known && !catalog.has_gaps() && !aliases.has_gaps() {
            let suggestion = report.suggest(name, catalog.names().chain(aliases.names()));
            report.add(at, PolicyFault::NoSuch { what: What::ModelOrAlias, name: name.to_owned(), suggestion }.into());
        }
    }
    pattern
}

impl RangeSpec {
    #[inline(never)]
    fn compile(self, at: &Path<'_>, report: &mut Report) -> Range {
        let range = Range { min: self.min.map_or(0, |min| min.0), max: self.max.map_or(u64::MAX, |max| max.0) };
        let is_read = !report.is_lost(&at.key("min")) && !report.is_lost(&at.key("max"));
        if range.min > range.max && is_read {
            report.add(at, PolicyErrorKind::EmptyRange);
        }
        range
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::testing;

    /// Checks the errors of one rule's conditions.
    fn check(conditions: &str, expected: &[&str]) {
        let part = format!(
            r#""tenants": [{{"name": "finance", "match": {{"principals": ["x"]}}}}],
               "aliases": [{{"name": "auto"}}, {{"name": "claude-3-*"}}],
               "rules": [{{"name": "r", "match": {conditions}, "deny": {{}}}}]"#
        );
        testing::check(&part, expected);
    }

    #[test]
    fn models_are_names_that_clients_can_ask_for() {
        check(r#"{"models": ["gpt-4o", "auto", "gpt-*", "claude-3-opus", "claude-3-*", "anything*"]}"#, &[]);
        check(
            r#"{"models": ["aut", "gpt-5-turbo-instruct"]}"#,
            &[
                "rules[0].match.models[0]: no model or alias `aut`; did you mean `auto`?",
                "rules[0].match.models[1]: no model or alias `gpt-5-turbo-instruct`",
            ],
        );
    }

    #[test]
    fn tenants_exist() {
        check(
            r#"{"tenants": ["finanze"]}"#,
            &["rules[0].match.tenants[0]: no tenant `finanze`; did you mean `finance`?"],
        );
    }

    #[test]
    fn headers_are_legal_and_not_pointsmans() {
        check(
            r#"{"headers": [
                {"name": "X-Team", "value": "a"}, {"name": ":path", "value": "/"}, {"name": "x-Pointsman-cluster", "value": "c"},
                {"name": "X-Envoy-Max-Retries", "value": "c"},
                {"name": "x y", "value": "a"}, {"name": "x", "type": "Regex", "value": "a"},
                {"name": "x", "type": "RegularExpression", "value": "("}, {"name": "x", "value": " a"}
            ]}"#,
            &[
                "rules[0].match.headers[1].name: `:path` is not a header name",
                "rules[0].match.headers[2].name: is reserved: Pointsman removes it from every request",
                "rules[0].match.headers[3].name: is reserved: Pointsman removes it from every request",
                "rules[0].match.headers[4].name: `x y` is not a header name",
                "rules[0].match.headers[5].type: unknown value `Regex`, expected one of `Exact`, `Prefix`, `RegularExpression`",
                "rules[0].match.headers[7].value: ` a` is not a header value (no control characters, no space at its ends, at most 1024)",
                "rules[0].match.headers[6].value: not a regular expression: found open group without closing ')'",
            ],
        );
    }

    #[test]
    fn ranges_have_an_end_and_are_not_empty() {
        check(
            r#"{"inputTokens": {"min": 2, "max": 1}, "messages": {}, "maxOutputTokens": {"min": -1, "max": 5}}"#,
            &[
                "rules[0].match.maxOutputTokens.min: must be from 0 to 9007199254740991",
                "rules[0].match.messages: needs at least one of `min`, `max`",
                "rules[0].match.inputTokens: `min` is greater than `max`",
            ],
        );
    }

    #[test]
    fn lists_are_not_empty() {
        check(
            r#"{"models": [], "keywords": [], "apis": []}"#,
            &[
                "rules[0].match.apis: needs at least one item",
                "rules[0].match.models: needs at least one item",
                "rules[0].match.keywords: needs at least one item",
            ],
        );
    }

    #[test]
    fn keywords_hold_something_to_find() {
        check(
            r#"{"keywords": ["non disclosure", "?!", 5]}"#,
            &[
                "rules[0].match.keywords[1]: `?!` is not a keyword (at least one letter or digit, no control characters, at most 256)",
                "rules[0].match.keywords[2]: expected a string, found a number",
            ],
        );
    }

    #[test]
    fn conditions_stand_in_conditions() {
        check(
            r#"{"any": [{"tools": true}, {"models": ["auto"], "not": {"tenants": ["finance"]}}], "not": {"any": [{"stream": true}]}}"#,
            &[],
        );
        check(
            r#"{"any": [], "not": {"any": [{"models": ["aut"]}, {}, {"tool": true}]}}"#,
            &[
                "rules[0].match.any: needs at least one item",
                "rules[0].match.not.any[1]: needs at least one condition",
                "rules[0].match.not.any[2].tool: unknown field; did you mean `tools`?",
                "rules[0].match.not.any[0].models[0]: no model or alias `aut`; did you mean `auto`?",
            ],
        );
        let nested = |depth: usize| format!("{}{{\"tools\": true}}{}", "{\"not\": ".repeat(depth), "}".repeat(depth));
        check(&nested(4), &[]);
        check(&nested(5), &["rules[0].match.not.not.not.not.not: stands more than 4 deep in `any` and `not`"]);
    }

    #[test]
    fn fields_are_known_and_given_once() {
        check(
            r#"{"input_tokens": {"max": 1}, "stream": true, "stream": false, "tool": true}"#,
            &[
                "rules[0].match.stream: duplicate field",
                "rules[0].match.input_tokens: unknown field; did you mean `inputTokens`?",
                "rules[0].match.tool: unknown field; did you mean `tools`?",
            ],
        );
    }
}
