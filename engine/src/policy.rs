//! What operators write, made into a [`Policy`] that cannot be invalid.
//!
//! The way of a policy: text -> [`Document`] -> written form (`spec` and the `…Spec` types, declared with `object!`
//! of `pointsman-document`) -> compiled form, in which names have become indices. Every error on the
//! way is collected, each with the path of its field.
//! ```
//! use pointsman_engine::policy::Policy;
//!
//! let errors = Policy::from_json(br#"{"models": [{"name": "small"}], "ruls": []}"#).unwrap_err();
//! let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
//! assert_eq!(errors, ["ruls: unknown field; did you mean `rules`?", "models[0].cluster: is required"]);
//! ```

mod alias;
mod api_name;
mod budget;
mod capability;
mod catalog;
mod chains;
mod claim;
mod condition;
pub(crate) mod error;
mod failure;
#[cfg(any(test, feature = "findings"))]
pub mod findings;
mod group;
mod header;
mod header_change;
mod index;
mod keyword;
mod model_set;
mod observation;
mod parameter;
mod path_match;
mod pattern;
pub(crate) mod preference;
mod read_set;
mod recording;
mod rule;
mod schedule;
mod schema;
mod share;
mod spec;
mod state;
mod sticky;
mod tenant;
mod text;
mod time_zone;
mod when;

#[cfg(test)]
mod testing;

pub use catalog::Model;
pub use claim::claim_path;
pub use error::{PolicyError, PolicyErrorKind, PolicyErrors, PolicyFault, What};
pub use observation::Label;
pub use pointsman_document::Document;
pub use schema::schema;

pub(crate) use alias::Alias;
pub(crate) use budget::{Budget, BudgetAction, BudgetId, Per, Unit};
pub(crate) use capability::Capability;
pub(crate) use catalog::{ModelId, ModelPath, Window};
pub(crate) use claim::ClaimSlot;
pub(crate) use condition::{Conditions, Range};
pub(crate) use failure::{OnFailure, OnUnknownTenant, OnUnread};
pub(crate) use header::{HeaderSlot, HeaderText, KnownHeader};
pub(crate) use header_change::HeaderTo;
pub(crate) use observation::{AcceptEncoding, Labels};
pub(crate) use parameter::{Becomes, Parameter, written};
pub(crate) use preference::Prefer;
pub(crate) use recording::FactPlan;
#[cfg(any(test, feature = "replay", feature = "trace"))]
pub(crate) use recording::field_name;
pub(crate) use rule::{Otherwise, RolloutBy, Route, Rule, RuleAction, RuleId};
pub(crate) use spec::DefaultAction;
pub(crate) use state::{OnUnsigned, ProviderState};
pub(crate) use sticky::Sticky;
pub(crate) use tenant::{Credentials, Membership, Tenant, TenantId, TenantMatch};
pub(crate) use when::{Asked, AsksOfCallers, When};
#[cfg(any(test, feature = "trace"))]
pub(crate) use {
    claim::{ClaimCondition, ClaimTest, Scalar},
    header::{HeaderMatch, ValueTest},
    path_match::PathMatch,
    pattern::Pattern,
};

use crate::api::Api;
use crate::claim::Claim;
use crate::keys::Accounts;
use crate::reason::Reason;
use crate::request::members::Watched;
use crate::request::reader::{Sought, Wanted};
use crate::signed_id::Signer;
use alias::Aliases;
use catalog::Catalog;
use claim::ClaimSlots;
use condition::Scope;
use error::Report;
use header::HeaderSlots;
use index::{PossibleRules, RuleIndex};
use keyword::Keywords;
use observation::{AnswerModel, Observation};
use pointsman_document::{Path, Read};
use read_set::ReadSet;
use recording::RecordKind;
use sha2::{Digest, Sha256};
use spec::PolicySpec;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;
use sticky::FieldSlots;
use tenant::{Profiles, Tenants};

/// A valid policy, made for evaluation.
#[derive(Clone, Debug)]
pub struct Policy {
    version: Arc<str>,
    owner: Arc<str>,
    catalog: Catalog,
    aliases: Aliases,
    tenants: Tenants,
    budgets: Vec<Budget>,
    currency: Option<String>,
    rules: Vec<Rule>,
    claims_in_rules: Vec<Vec<String>>,
    index: RuleIndex,
    default_action: DefaultAction,
    on_failure: OnFailure,
    accounts: Accounts,
    max_body_bytes: u64,
    max_depth: usize,
    tells_clients: bool,
    tells_usable: bool,
    takes_feedback: bool,
    max_feedback_seconds: u64,
    path_prefixes: Vec<String>,
    headers: Vec<KnownHeader>,
    claims: Vec<Vec<String>>,
    watched: Arc<[Watched]>,
    watched_in_streams: Arc<[Watched]>,
    sought: Sought,
    keyword_hashes: Arc<[u64]>,
    #[cfg(any(test, feature = "trace"))]
    keyword_texts: Arc<[String]>,
    facts: Option<Arc<FactPlan>>,
    observation: Observation,
    answer_model: AnswerModel,
    provider_state: ProviderState,
    signer: Arc<Signer>,
    read_set: ReadSet,
    jwt: Jwt,
}

/// What a policy's tenants are told apart by, of what the proxy has to prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Identities in certificates.
    pub principals: bool,
    /// Claims of tokens.
    pub claims: bool,
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
    ///
    /// Each step is kept out of line. V8 compiles a function as a whole, and with all steps in one it took 15 MB for that
    /// one function, which a proxy never gives back.
    pub(crate) fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        let spec = PolicySpec::read(document, at, report);
        let accounts = spec.accounts.compile();
        let (mut slots, mut claims, mut fields, mut keywords) =
            (HeaderSlots::default(), ClaimSlots::default(), FieldSlots::default(), Keywords::default());
        let writes_facts = spec.record == RecordKind::Facts;
        slots.keep_tests(writes_facts);
        let catalog = Catalog::compile(spec.models.0, &mut slots, &accounts, &at.key("models"), report);
        let aliases = Aliases::compile(spec.aliases, &catalog, &at.key("aliases"), report);
        let profiles = Profiles::compile(spec.profiles, &catalog, &at.key("profiles"), report);
        let tenants = Tenants::compile(spec.tenants, &profiles, &catalog, &mut slots, &at.key("tenants"), report);
        let budgets = budget::compile(spec.budgets, &catalog, &tenants, &mut slots, &at.key("budgets"), report);
        let mut scope = Scope {
            catalog: &catalog,
            aliases: &aliases,
            tenants: &tenants,
            slots: &mut slots,
            claims: &mut claims,
            fields: &mut fields,
            keywords: &mut keywords,
        };
        let mut rules = rule::compile(spec.rules, &mut scope, &at.key("rules"), report);
        when::bound(&rules, &at.key("rules"), report);
        let claims_in_rules = when::claims(&mut rules, &at.key("rules"), report);
        let observation = Observation::of(spec.usage.as_ref(), spec.metrics.as_ref());
        let watched = parameter::watched(catalog.models.iter().flat_map(|model| &model.parameters));
        let provider_state = spec.provider_state.compile(&catalog, &at.key("providerState"), report);
        let on_failure = spec.on_failure.compile(&catalog, &at.key("onFailure"), report);
        Self {
            version: if report.is_empty() { version(document).into() } else { "".into() },
            read_set: ReadSet::of(&catalog, &tenants.all, &rules, &provider_state)
                .allowing(spec.steering.compile())
                .counting(&budgets)
                .recording(writes_facts),
            observation,
            answer_model: spec.answer_model,
            provider_state,
            signer: Arc::default(),
            owner: "".into(),
            index: RuleIndex::new(&rules),
            facts: writes_facts.then(|| Arc::new(slots.fact_plan(|name| accounts.is_header(name.as_bytes())))),
            keyword_hashes: keywords.hashes(),
            #[cfg(any(test, feature = "trace"))]
            keyword_texts: keywords.texts(),
            sought: Sought { keywords: keywords.search(&at.key("rules"), report), session: fields.paths(&rules) },
            takes_feedback: spec.feedback.rate_limits && has_alternatives(&catalog, &rules),
            max_feedback_seconds: spec.feedback.max_seconds.0,
            watched_in_streams: if observation.asks { parameter::with_usage(&watched) } else { Arc::default() },
            watched: watched.into(),
            catalog,
            aliases,
            tenants,
            budgets,
            currency: spec.currency.map(|currency| currency.0),
            rules,
            claims_in_rules,
            default_action: spec.default.action,
            on_failure,
            accounts,
            max_body_bytes: spec.limits.max_body_bytes.0,
            max_depth: usize::try_from(spec.limits.max_depth.0).unwrap_or(usize::MAX),
            tells_clients: spec.visibility.response_headers,
            tells_usable: spec.visibility.allowed_models,
            path_prefixes: spec.path_prefixes.into_iter().map(|prefix| prefix.0).collect(),
            headers: slots.all(),
            claims: claims.all(),
            jwt: Jwt { namespace: spec.identity.jwt.namespace.0, payload: spec.identity.jwt.payload.0 },
        }
    }

    /// Says which plugin reads this policy in a proxy.
    #[must_use]
    pub fn read_by(self, plugin: &str) -> Self {
        let owner = format!("{plugin}/{}", self.version);
        let budgets = self.budgets.into_iter().map(|budget| budget.kept_by(plugin)).collect();
        Self { owner: owner.into(), budgets, ..self }
    }

    /// Whether it has ids signed: then somebody has to give it keys.
    #[must_use]
    pub fn signs_ids(&self) -> bool {
        self.provider_state.unsigned().is_some()
    }

    /// Whether somebody reads answers, or waits for their end: then the module has to be called for it.
    #[must_use]
    pub fn follows_answers(&self) -> bool {
        self.signs_ids() || self.gives_asked_names() || self.watches_ends()
    }

    /// Whether answers call the model as the client has asked for it.
    pub(crate) fn gives_asked_names(&self) -> bool {
        self.answer_model == AnswerModel::Asked
    }

    /// Whether it matters how requests end.
    pub(crate) fn watches_ends(&self) -> bool {
        self.reads_usage() || self.observation.metrics.is_some()
    }

    /// Whether answers are read for what they used: because the policy wants to know, or because budgets pay it.
    pub(crate) fn reads_usage(&self) -> bool {
        self.observation.usage.is_some() || self.budgets.iter().any(Budget::needs_length)
    }

    /// Whether providers are asked for answers that can be read.
    pub(crate) fn wants_plain_answers(&self) -> bool {
        self.reads_usage() && self.observation.usage.unwrap_or_default() == AcceptEncoding::Identity
    }

    /// Whether the module counts requests and answers.
    #[must_use]
    pub fn has_metrics(&self) -> bool {
        self.metrics().is_some()
    }

    /// The labels of what is counted, if anything is.
    pub(crate) fn metrics(&self) -> Option<Labels> {
        self.observation.metrics
    }

    /// What this policy calls the model that a client asks for: the model's name, or the alias that it falls under.
    pub(crate) fn name_of(&self, asked: &str) -> Option<&str> {
        match self.model_named(asked) {
            Some(model) => Some(model.name()),
            None => self.find_alias(asked).map(|alias| alias.name.as_str()),
        }
    }

    /// Takes in the keys that ids are signed with, if it signs any. Without them every signed id is a wrong one.
    pub fn with_id_keys(self, keys: Option<&str>) -> Result<Self, PolicyErrorKind> {
        if !self.signs_ids() {
            return Ok(self);
        }
        let signer = Signer::new(keys, self.catalog.models.iter().map(|model| &model.cluster));
        let signer = signer.map_err(|fault| PolicyErrorKind::Meaning(fault.to_string().into()))?;
        Ok(Self { signer: Arc::new(signer), ..self })
    }

    /// What is written of the facts of requests, if they are.
    pub(crate) fn fact_plan(&self) -> Option<&FactPlan> {
        self.facts.as_deref()
    }

    /// The hashes of its keywords, by their numbers.
    pub(crate) fn keyword_hashes(&self) -> &[u64] {
        &self.keyword_hashes
    }

    /// Its keywords, by their numbers.
    #[cfg(any(test, feature = "trace"))]
    pub(crate) fn keyword_texts(&self) -> &[String] {
        &self.keyword_texts
    }

    /// The rules, in the order of the document.
    #[cfg(any(test, feature = "trace"))]
    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether some rule asks for the path, besides the API that it belongs to.
    #[cfg(any(test, feature = "replay"))]
    pub(crate) fn reads_paths(&self) -> bool {
        let mut conditions = self.rules.iter().flat_map(|rule| rule.conditions.all());
        conditions.any(|it| !it.paths.is_empty() || it.when.as_ref().is_some_and(|when| when.asks_path()))
    }

    /// Who signs ids, and knows its own.
    pub(crate) fn signer(&self) -> &Signer {
        &self.signer
    }

    /// Whose policy it is, for what is shared in a proxy: the plugin's name, and the policy's version.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The SHA-256 of the policy's canonical form, as 64 hex digits.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The same, for those who keep it.
    pub(crate) fn shared_version(&self) -> Arc<str> {
        Arc::clone(&self.version)
    }

    /// The clusters that serve models, some perhaps more than once.
    pub fn clusters(&self) -> impl Iterator<Item = &str> {
        self.catalog.models.iter().map(Model::cluster)
    }

    /// Every chain of two or more models that some request can be given: a proxy needs a cluster for each.
    pub fn chains(&self) -> Vec<Vec<&Model>> {
        let chains = chains::all(&self.catalog, &self.rules, self.takes_feedback);
        chains.iter().map(|chain| chain.iter().filter_map(|id| self.model(*id)).collect()).collect()
    }

    /// The models that get copies of requests, each once.
    pub fn mirrors(&self) -> Vec<&Model> {
        let mirrors: BTreeSet<ModelId> =
            self.rules.iter().filter_map(|rule| Some(rule.action.mirror()?.model)).collect();
        mirrors.into_iter().filter_map(|id| self.model(id)).collect()
    }

    /// Whether some decision depends on what providers have answered.
    pub fn takes_feedback(&self) -> bool {
        self.takes_feedback
    }

    /// The longest time that an answer can leave a model out for, in seconds.
    pub fn max_feedback_seconds(&self) -> u64 {
        self.max_feedback_seconds
    }

    /// The model of that name in the catalog.
    pub fn model_named(&self, name: &str) -> Option<&Model> {
        self.model(self.find_model(name)?)
    }

    /// The request headers, in lower case, that say whose account a request is for by the policy's own word.
    pub fn account_headers(&self) -> impl Iterator<Item = &str> {
        self.accounts.headers.iter().map(String::as_str)
    }

    /// Whether a request header is taken out of every call, because servers behind the proxy take it for a model, a provider
    /// or a server.
    #[must_use]
    pub fn takes_out(&self, header: &[u8]) -> bool {
        self.read_set.body.allowed.takes_out(header)
    }

    /// What says whose account a request is for.
    pub(crate) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The largest body that is read.
    pub fn max_body_bytes(&self) -> u64 {
        self.max_body_bytes
    }

    /// What some tenant is told apart by, or some rule asks of the caller, besides headers.
    pub fn tells_apart_by(&self) -> Evidence {
        let any = |test: fn(&Credentials) -> bool| {
            self.tenants.all.iter().flat_map(|tenant| tenant.matches.parts()).any(test)
        };
        Evidence {
            principals: any(|credentials| !credentials.principals.is_empty()) || self.asks_of_callers().principal,
            claims: any(|credentials| !credentials.claims.is_empty())
                || !self.claims.is_empty()
                || !self.claims_in_rules.is_empty(),
        }
    }

    /// Where the claims of a verified JWT are.
    pub fn jwt(&self) -> &Jwt {
        &self.jwt
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Every model and its place, in the order of the document.
    pub(crate) fn models(&self) -> impl Iterator<Item = (ModelId, &Model)> {
        self.catalog.iter()
    }

    /// The model in that place. There is one for every `ModelId` that this policy gave out.
    pub(crate) fn model(&self, id: ModelId) -> Option<&Model> {
        self.catalog.get(id)
    }

    /// The model of that name.
    pub(crate) fn find_model(&self, name: &str) -> Option<ModelId> {
        self.catalog.find(name)
    }

    /// The aliases, in the order of the document.
    pub(crate) fn aliases(&self) -> impl Iterator<Item = &Alias> {
        self.aliases.all.iter()
    }

    /// The alias that a name falls under: one without `*` first, then the one with the longest literal
    /// beginning, then the first of the document. Models come before aliases: ask `find_model` first.
    pub(crate) fn find_alias(&self, name: &str) -> Option<&Alias> {
        self.aliases.find(name)
    }

    /// The tenants and their places, in the order in which they are tried.
    pub(crate) fn tenants(&self) -> impl Iterator<Item = (TenantId, &Tenant)> {
        (0..=u16::MAX).map(TenantId).zip(&self.tenants.all)
    }

    /// The budgets, in the order of the document.
    pub(crate) fn budgets(&self) -> &[Budget] {
        &self.budgets
    }

    /// The budget in that place.
    pub(crate) fn budget(&self, BudgetId(id): BudgetId) -> Option<&Budget> {
        self.budgets.get(usize::from(id))
    }

    /// The names of the budgets.
    pub fn budget_names(&self) -> impl Iterator<Item = &str> {
        self.budgets.iter().map(|budget| &*budget.name)
    }

    /// The currency of its prices, as ISO 4217 calls it.
    pub fn currency(&self) -> Option<&str> {
        self.currency.as_deref()
    }

    /// Whether callers are told apart at all.
    pub(crate) fn has_tenants(&self) -> bool {
        !self.tenants.all.is_empty()
    }

    /// The tenant of that name.
    pub(crate) fn tenant_named(&self, name: &str) -> Option<TenantId> {
        self.tenants.named(name)
    }

    /// The name of a caller's tenant.
    pub(crate) fn tenant_name(&self, tenant: Option<TenantId>) -> Option<&Arc<str>> {
        self.tenant(tenant?).map(|tenant| &tenant.name)
    }

    fn tenant(&self, TenantId(id): TenantId) -> Option<&Tenant> {
        self.tenants.all.get(usize::from(id))
    }

    /// Why a caller that is all of these tenants may not use the model, or `None` if it may: what one of them forbids is
    /// forbidden, in whatever order they stand. A caller without a tenant may use them all: whether there may be such callers
    /// has been asked before.
    pub(crate) fn exclusion(&self, tenants: impl IntoIterator<Item = TenantId>, model: ModelId) -> Option<Reason> {
        let mut excluded = None;
        for tenant in tenants.into_iter().filter_map(|id| self.tenant(id)) {
            match tenant.limits.exclusion(model) {
                Some(Reason::Tenant) => return Some(Reason::Tenant),
                reason => excluded = excluded.or(reason),
            }
        }
        excluded
    }

    /// The rule in that place.
    pub(crate) fn rule(&self, RuleId(id): RuleId) -> Option<&Rule> {
        self.rules.get(usize::try_from(id).ok()?)
    }

    /// Every rule that can apply to such a request (and some that cannot), each once, in order.
    ///
    /// `asked` is the name as the client spelled it; `header_value` and `claim` give what rules are compared with.
    pub(crate) fn rules_to_try<'v>(
        &self,
        asked: &str,
        tenants: impl IntoIterator<Item = TenantId>,
        path: &[u8],
        header_value: &dyn Fn(HeaderSlot) -> Option<&'v HeaderText>,
        claim: &dyn Fn(ClaimSlot) -> Option<&'v Claim<'static>>,
    ) -> PossibleRules<'_> {
        self.index.possible_rules(asked, tenants, path, header_value, claim)
    }

    /// What happens to requests to which no rule applies.
    pub(crate) fn default_action(&self) -> DefaultAction {
        self.default_action
    }

    /// What happens to requests that cannot be decided the normal way.
    pub(crate) fn on_failure(&self) -> &OnFailure {
        &self.on_failure
    }

    /// The deepest nesting that is read.
    pub(crate) fn max_depth(&self) -> usize {
        self.max_depth
    }

    /// Whether answers carry headers about the decision.
    pub(crate) fn tells_clients(&self) -> bool {
        self.tells_clients
    }

    /// Whether refusals name what the caller could have asked for.
    pub(crate) fn tells_usable(&self) -> bool {
        self.tells_usable
    }

    /// Prefixes in front of the APIs' paths, besides none.
    pub(crate) fn path_prefixes(&self) -> &[String] {
        &self.path_prefixes
    }

    /// Headers that tenants, rules and stickiness look at. A `HeaderSlot` is a place in this list.
    pub(crate) fn headers(&self) -> &[KnownHeader] {
        &self.headers
    }

    /// The fields that somebody changes in calls of an API, or that say whether.
    pub(crate) fn watched_in(&self, api: Api) -> &Arc<[Watched]> {
        if self.asks_for_usage(api) { &self.watched_in_streams } else { &self.watched }
    }

    /// Whether providers are asked for what a stream took, in calls of an API that knows the question.
    pub(crate) fn asks_for_usage(&self, api: Api) -> bool {
        self.observation.asks && matches!(api, Api::ChatCompletions | Api::Completions)
    }

    /// Whether some model changes fields in calls of an API.
    pub(crate) fn changes_fields_of(&self, api: Api) -> bool {
        !self.watched.is_empty() && self.catalog.models.iter().any(|model| !model.parameters_of(api).is_empty())
    }

    /// The most tokens that answers to a caller that is all of these tenants may have.
    pub(crate) fn max_output_tokens(&self, tenants: impl IntoIterator<Item = TenantId>) -> Option<u64> {
        tenants.into_iter().filter_map(|id| self.tenant(id)?.limits.max_output_tokens).min()
    }

    /// The claims that rules look at, by slot: the names that lead to each.
    pub(crate) fn claims(&self) -> &[Vec<String>] {
        &self.claims
    }

    /// What is looked for in bodies. A `KeywordId` is a keyword's number there, a `FieldSlot` a field's place.
    pub(crate) fn sought(&self) -> Sought {
        self.sought.clone()
    }

    /// Which facts inside the body can matter to some decision.
    pub(crate) fn wanted(&self) -> Wanted {
        Wanted {
            lone_surrogates: self.on_failure.lone_surrogate == OnUnread::Pass,
            references: self.signs_ids(),
            ..self.read_set.body
        }
    }

    /// Which providers know of the same responses, conversations and files.
    pub(crate) fn provider_state(&self) -> &ProviderState {
        &self.provider_state
    }

    /// Whether some rule is for certain days or hours: then it matters when a request comes.
    #[must_use]
    pub fn tells_time(&self) -> bool {
        self.read_set.time
    }

    /// Whether a tenant is told by its certificate.
    pub(crate) fn uses_principal(&self) -> bool {
        self.read_set.principal
    }

    /// The claims that expressions of rules ask for: the names that lead to each.
    pub(crate) fn claims_in_rules(&self) -> &[Vec<String>] {
        &self.claims_in_rules
    }

    /// What expressions of rules ask of the caller.
    pub(crate) fn asks_of_callers(&self) -> AsksOfCallers {
        self.read_set.expressions
    }
}

/// Whether some request has more than one model that it can go to.
#[inline(never)]
fn has_alternatives(catalog: &Catalog, rules: &[Rule]) -> bool {
    let fallbacks = catalog.models.iter().any(|model| !model.fallback.is_empty());
    fallbacks
        || rules.iter().filter_map(|rule| rule.action.route()).any(|route| {
            route.choices().count() > 1 || route.fallback.as_ref().is_some_and(|fallback| !fallback.is_empty())
        })
}

/// SHA-256 of the canonical form, in hex.
#[inline(never)]
fn version(document: &Document) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(document.canonical().as_bytes()) {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
