//! The models that exist.

use super::api_name::RoutableApi;
use super::capability::{Capability, CapabilitySet};
use super::error::{PolicyErrorKind, PolicyFault, Report, What};
use super::group::{Members, ModelsSpec};
use super::header::HeaderSlots;
use super::header_change::{HeaderChange, HeadersSpec};
use super::model_set::ModelSet;
use super::parameter::{self, Parameter, ParameterSpec};
use super::text::{BodyField, Cluster, LabelKey, ModelName, Name, PathPrefix, Plain, Query};
use crate::api::{Api, ApiSet};
use crate::keys::Accounts;
use pointsman_document::{MAX_WHOLE, Map, Path, Price, Whole, object};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The longest fallback list. Any of its models can be missing for some request, and a proxy needs a cluster for each
/// chain that can come out of it.
pub(super) const MAX_FALLBACK: usize = 6;

object! {
    /// A model: a name that clients and rules use, and where requests for it go.
    pub(crate) struct ModelSpec {
        /// What clients and rules call it. Unique.
        "name" => name: ModelName,
        /// The Envoy cluster that serves it.
        "cluster" => cluster: Cluster,
        /// The name that is written into the body. Default: `name`.
        "upstreamModel" => upstream_model: Option<Plain>,
        /// Where it is served, if that is not where the client's path says.
        "path" => path: Option<ModelPathSpec>,
        /// What becomes of fields of the body in its requests, by their names; a dot leads into an object.
        "parameters" => parameters: Map<BodyField, ParameterSpec>,
        /// What its requests change of the client's headers.
        "headers" => headers: Option<HeadersSpec>,
        /// The models to try, in order, when this one cannot serve a request or fails to, and no rule says otherwise: names, or
        /// groups, which stand for their models in the order of `models`, without this one.
        "fallback" => fallback: Vec<ModelsSpec>,
        /// The APIs that it serves. Default: all but `gemini`, `vertex` and `bedrock`.
        "apis" => apis: Option<Vec<RoutableApi>>,
        /// The most tokens that it takes: of input, as they are estimated, and of output, as many as the client wants at
        /// most, or else `reservedOutput`. Requests that need more do not go to it. Default: not checked.
        "contextWindow" => context_window: Option<Whole<1, MAX_WHOLE>>,
        /// How many tokens of `contextWindow` are kept for output where the client does not say how many it wants at most.
        "reservedOutput" => reserved_output: Whole<0, MAX_WHOLE> = 0u32,
        /// What it can do. Requests that need anything else do not go to it. Default: everything.
        "capabilities" => capabilities: Option<Vec<Capability>>,
        /// What it costs. Budgets that count money and reports use it.
        "cost" => cost: Option<CostSpec>,
        /// Free labels, for tenants' requirements.
        "labels" => labels: Map<LabelKey, Plain>,
    }
}

object! {
    /// Where a model is served. `/v1` of the client's path, and its prefix if it has one, are replaced.
    pub(crate) struct ModelPathSpec {
        /// What comes in front of `/chat/completions`, `/messages` and so on.
        "prefix" => prefix: PathPrefix,
        /// The query, in place of the client's. Default: the client's.
        "query" => query: Option<Query>,
    }
}

object! {
    /// Prices, in the policy's `currency`.
    pub(crate) struct CostSpec {
        /// The price of a million input tokens.
        "inputPerMillion" => input_per_million: Price = 0u32,
        /// The price of a million input tokens that the provider has had in its cache. Default: `inputPerMillion`.
        "cachedInputPerMillion" => cached_input_per_million: Option<Price>,
        /// The price of a million input tokens that the provider puts into its cache. Default: `inputPerMillion`.
        "cacheWritePerMillion" => cache_write_per_million: Option<Price>,
        /// The price of a million output tokens.
        "outputPerMillion" => output_per_million: Price = 0u32,
    }
}

/// The place of a model in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ModelId(pub(crate) u16);

/// A model of the catalog.
#[derive(Clone, Debug)]
pub struct Model {
    pub(crate) name: Arc<str>,
    pub(crate) cluster: Arc<str>,
    pub(crate) upstream_model: Arc<str>,
    pub(crate) path: Option<ModelPath>,
    pub(crate) header_changes: Vec<HeaderChange>,
    pub(crate) parameters: Vec<Parameter>,
    /// The models to try after it, where no rule says otherwise.
    pub(crate) fallback: Vec<ModelId>,
    pub(crate) apis: ApiSet,
    pub(crate) context_window: Option<Window>,
    /// `None`: everything.
    pub(crate) capabilities: Option<CapabilitySet>,
    pub(crate) cost: Option<Cost>,
    pub(crate) labels: BTreeMap<String, String>,
}

impl Model {
    /// What clients and rules call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The Envoy cluster that serves it.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// Both: what the names of clusters are made of.
    pub fn place(&self) -> (&str, &str) {
        (&self.name, &self.cluster)
    }

    /// The name that is written into the body.
    pub fn upstream_model(&self) -> &str {
        &self.upstream_model
    }

    /// What it costs, in the policy's currency: a million input tokens, a million output tokens.
    pub fn cost(&self) -> Option<(f64, f64)> {
        self.cost.map(|cost| (cost.input_per_million, cost.output_per_million))
    }

    /// What an answer of it costs, in millionths of the policy's currency; `None` without a price. `input` is all of the input;
    /// `cached` of it came out of the provider's cache, and `cache_write` went into it.
    pub fn cost_of(&self, input: u64, cached: u64, cache_write: u64, output: u64) -> Option<u64> {
        self.cost.map(|cost| cost.of(input, cached, cache_write, output))
    }

    /// The value of a label.
    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }

    /// What becomes of fields in calls of an API.
    pub(crate) fn parameters_of(&self, api: Api) -> Vec<&Parameter> {
        self.parameters.iter().filter(|parameter| parameter.apis.contains(api)).collect()
    }

    pub(crate) fn can(&self, capability: Capability) -> bool {
        self.capabilities.is_none_or(|capabilities| capabilities.contains(capability))
    }
}

/// Where a model is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ModelPath {
    pub(crate) prefix: String,
    pub(crate) query: Option<String>,
}

/// How much a model takes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// Tokens of input and output.
    pub(crate) tokens: u64,
    /// Tokens of output, where the client does not say.
    pub(crate) reserved: u64,
}

/// What a million tokens cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cost {
    pub(crate) input_per_million: f64,
    pub(crate) cached_input_per_million: f64,
    pub(crate) cache_write_per_million: f64,
    pub(crate) output_per_million: f64,
}

impl Cost {
    /// What an answer costs, in millionths of the currency, rounded up: a part of one is never nothing. `input` is all of the
    /// input; `cached` of it came out of the provider's cache, and `cache_write` went into it.
    pub(crate) fn of(self, input: u64, cached: u64, cache_write: u64, output: u64) -> u64 {
        let plain = input.saturating_sub(cached).saturating_sub(cache_write);
        let parts = [
            (plain, self.input_per_million),
            (cached, self.cached_input_per_million),
            (cache_write, self.cache_write_per_million),
            (output, self.output_per_million),
        ];
        let cost: f64 = parts.iter().map(|(tokens, price)| *tokens as f64 * price).sum();
        // What doubles cannot hold exactly must not become a millionth more. The cast stays in range.
        (cost - 1e-6).ceil() as u64
    }
}

/// The models, in the order of the document, and their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalog {
    pub(crate) models: Vec<Model>,
    by_name: BTreeMap<String, ModelId>,
    /// A name could not be read, so a name that is not found may still exist.
    has_gaps: bool,
}

impl Catalog {
    #[inline(never)]
    pub(super) fn compile(
        specs: Vec<ModelSpec>,
        slots: &mut HeaderSlots,
        accounts: &Accounts,
        at: &Path<'_>,
        report: &mut Report,
    ) -> Self {
        let mut catalog = Self { has_gaps: report.is_lost(at), ..Self::default() };
        let mut fallbacks = Vec::with_capacity(specs.len());
        for (nth, spec) in specs.into_iter().enumerate() {
            let at = at.index(nth);
            let Ok(id) = u16::try_from(nth).map(ModelId) else {
                report.add(&at, PolicyErrorKind::TooMany { max: usize::from(u16::MAX) });
                break;
            };
            let name = spec.name.0;
            if report.is_lost(&at.key("name")) {
                catalog.has_gaps = true;
            } else if let Some(ModelId(first)) = catalog.by_name.get(&name) {
                report.add(
                    &at.key("name"),
                    PolicyErrorKind::Taken { name: name.clone(), by: format!("models[{first}]") },
                );
            } else {
                catalog.by_name.insert(name.clone(), id);
            }
            let name: Arc<str> = name.into();
            fallbacks.push((id, spec.fallback));
            catalog.models.push(Model {
                cluster: spec.cluster.0.into(),
                upstream_model: spec.upstream_model.map_or_else(|| Arc::clone(&name), |model| model.0.into()),
                name,
                path: spec.path.map(|path| ModelPath { prefix: path.prefix.0, query: path.query.map(|query| query.0) }),
                header_changes: spec
                    .headers
                    .map_or_else(Vec::new, |headers| headers.compile(slots, accounts, &at.key("headers"), report)),
                parameters: parameter::compile(spec.parameters, &at.key("parameters"), report),
                fallback: Vec::new(),
                apis: spec.apis.map_or_else(ApiSet::usual, |apis| apis.into_iter().map(|api| api.0).collect()),
                context_window: spec
                    .context_window
                    .map(|tokens| Window { tokens: tokens.0, reserved: spec.reserved_output.0 }),
                capabilities: spec.capabilities.map(|capabilities| capabilities.into_iter().collect()),
                cost: spec.cost.map(|cost| Cost {
                    input_per_million: cost.input_per_million.0,
                    cached_input_per_million: cost.cached_input_per_million.unwrap_or(cost.input_per_million).0,
                    cache_write_per_million: cost.cache_write_per_million.unwrap_or(cost.input_per_million).0,
                    output_per_million: cost.output_per_million.0,
                }),
                labels: by_insertion(spec.labels.0.into_iter().map(|(key, value)| (key.0, value.0))),
            });
        }
        catalog.link_fallbacks(fallbacks, at, report);
        catalog
    }

    /// Resolves the fallbacks, now that every name is known.
    fn link_fallbacks(&mut self, fallbacks: Vec<(ModelId, Vec<ModelsSpec>)>, at: &Path<'_>, report: &mut Report) {
        for (ModelId(id), items) in fallbacks {
            let nth = usize::from(id);
            let at = at.index(nth);
            let at = at.key("fallback");
            let name = self.models.get(nth).map_or_else(String::new, |model| model.name.as_ref().to_owned());
            let own = items.iter().position(|item| item.exact() == Some(&name));
            let linked = self.resolve_each(items, Some(ModelId(id)), &at, report);
            if let Some(own) = own {
                report.add(&at.index(own), PolicyFault::OwnFallback { name }.into());
            }
            if let Some(model) = self.models.get_mut(nth) {
                model.fallback = linked;
            }
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<ModelId> {
        self.by_name.get(name).copied()
    }

    /// The model of a name that must exist.
    pub(super) fn resolve(&self, name: &Name, at: &Path<'_>, report: &mut Report) -> Option<ModelId> {
        let found = self.find(&name.0);
        if found.is_none() && !self.has_gaps {
            let suggestion = report.suggest(&name.0, self.names());
            report.add(at, PolicyFault::NoSuch { what: What::Model, name: name.0.clone(), suggestion }.into());
        }
        found
    }

    /// The models of a fallback list. No name may stand in it twice; a group stands for those of its models that are not in
    /// front of it, without `own`.
    pub(super) fn resolve_each(
        &self,
        items: Vec<ModelsSpec>,
        own: Option<ModelId>,
        at: &Path<'_>,
        report: &mut Report,
    ) -> Vec<ModelId> {
        let is_short = items.len() <= MAX_FALLBACK;
        if !is_short {
            report.add(at, PolicyErrorKind::TooMany { max: MAX_FALLBACK });
        }
        let (mut models, mut named) = (Vec::with_capacity(items.len()), ModelSet::default());
        for (nth, item) in items.into_iter().enumerate() {
            let at = at.index(nth);
            let name = item.exact().map(str::to_owned);
            let members = match item.members(self, &at, report) {
                Some(Members::One(model)) if named.contains(model) => {
                    let name = name.unwrap_or_default();
                    report.add(&at, PolicyErrorKind::Taken { name, by: "an earlier item".to_owned() });
                    continue;
                }
                Some(Members::One(model)) => {
                    named.insert(model);
                    vec![model]
                }
                Some(Members::Group(members)) => members.into_iter().filter(|model| Some(*model) != own).collect(),
                None => continue,
            };
            for model in members {
                if !models.contains(&model) {
                    models.push(model);
                }
            }
        }
        let count = models.len();
        if is_short && count > MAX_FALLBACK {
            report.add(at, PolicyFault::TooManyModels { count, max: MAX_FALLBACK, advice: "" }.into());
        }
        models
    }

    /// The model in that place.
    pub(crate) fn get(&self, ModelId(id): ModelId) -> Option<&Model> {
        self.models.get(usize::from(id))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ModelId, &Model)> {
        (0..=u16::MAX).map(ModelId).zip(&self.models)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.models.iter().map(Model::name)
    }

    pub(super) fn has_gaps(&self) -> bool {
        self.has_gaps
    }
}

/// `collect` would sort a list first, which is 7 KB more of code for the module.
fn by_insertion(labels: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    labels.for_each(|(key, value)| drop(map.insert(key, value)));
    map
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Api;
    use crate::policy::testing::{check, valid};

    #[test]
    fn a_model_needs_a_name_and_a_cluster() {
        check(r#""models": [{}]"#, &["models[0].name: is required", "models[0].cluster: is required"]);
        check(r#""models": []"#, &["models: needs at least one item"]);
        check(r#""models": {}"#, &["models: expected a list, found an object"]);
        check(r#""models": ["gpt"]"#, &["models[0]: expected an object, found a string"]);
    }

    #[test]
    fn names_are_unique_and_can_be_told_in_a_header() {
        let name = "a name (visible ASCII characters, spaces only between them, no `*` or `>`, at most 256)";
        check(
            r#""models": [{"name": "a", "cluster": "c"}, {"name": "b", "cluster": "c"}, {"name": "a", "cluster": "c"}]"#,
            &["models[2].name: `a` is taken by models[0]"],
        );
        check(r#""models": [{"name": "", "cluster": "c"}]"#, &[&format!("models[0].name: is empty, expected {name}")]);
        check(r#""models": [{"name": "gpt-*", "cluster": "c"}]"#, &[&format!("models[0].name: `gpt-*` is not {name}")]);
        check(r#""models": [{"name": "é", "cluster": "c"}]"#, &[&format!("models[0].name: `é` is not {name}")]);
        check(r#""models": [{"name": "big model", "cluster": "outbound|443||api.openai.com"}]"#, &[]);
    }

    #[test]
    fn clusters_and_upstream_names_are_checked() {
        check(
            r#""models": [{"name": "a", "cluster": "x\ny", "upstreamModel": "\u0000"}]"#,
            &[
                "models[0].cluster: `x\\u{a}y` is not a cluster name (visible ASCII characters, at most 256)",
                "models[0].upstreamModel: `\\u{0}` is not a text of 1 to 256 characters without control characters",
            ],
        );
    }

    #[test]
    fn numbers_are_in_range() {
        check(
            r#""models": [{"name": "a", "cluster": "c", "contextWindow": 2.0, "cost": {"inputPerMillion": 2.5}}]"#,
            &[],
        );
        check(
            r#""models": [{"name": "a", "cluster": "c", "contextWindow": 0, "cost": {"inputPerMillion": -1}}]"#,
            &[
                "models[0].contextWindow: must be from 1 to 9007199254740991",
                "models[0].cost.inputPerMillion: `-1` is not a price, 0 or more",
            ],
        );
        check(
            r#""models": [{"name": "a", "cluster": "c", "contextWindow": 1.5}]"#,
            &["models[0].contextWindow: `1.5` is not a whole number"],
        );
        check(
            r#""models": [{"name": "a", "cluster": "c", "contextWindow": "128k"}]"#,
            &["models[0].contextWindow: expected a whole number, found a string"],
        );
    }

    #[test]
    fn apis_and_capabilities_are_known_ones() {
        check(
            r#""models": [{"name": "a", "cluster": "c", "apis": ["chatCompletion", "realtime"], "capabilities": ["flying"]}]"#,
            &[
                "models[0].apis[0]: unknown value `chatCompletion`; did you mean `chatCompletions`?",
                "models[0].apis[1]: unknown value `realtime`, expected one of `chatCompletions`, `completions`, \
                 `embeddings`, `responses`, `countInputTokens`, `moderations`, `imageGenerations`, `speech`, `rerank`, `messages`, \
                 `countTokens`, `ollamaChat`, `ollamaGenerate`, `ollamaEmbed`, `ollamaShow`, `gemini`, `vertex`, `bedrock`, \
                 `transcriptions`, `translations`, `imageEdits`, `imageVariations`",
                "models[0].capabilities[0]: unknown value `flying`, expected one of `tools`, `vision`, `audio`, \
                 `structuredOutput`, `reasoning`",
            ],
        );
    }

    #[test]
    fn what_is_not_given_is_everything() {
        let policy = valid(
            r#""models": [
                {"name": "a", "cluster": "c"},
                {"name": "b", "cluster": "c", "upstreamModel": "b-1", "apis": ["messages"], "capabilities": ["vision"]}
            ]"#,
        );
        let model = |name: &str| policy.find_model(name).and_then(|id| policy.model(id)).expect("a model");
        assert_eq!(model("a").upstream_model(), "a");
        assert!(model("a").apis.contains(Api::Speech) && model("a").can(Capability::Tools));
        assert_eq!(model("b").upstream_model(), "b-1");
        assert!(!model("b").apis.contains(Api::Speech) && !model("b").can(Capability::Tools));
        assert!(model("b").apis.contains(Api::Messages) && model("b").can(Capability::Vision));
        assert!(policy.find_model("c").is_none());
    }
}
