//! The models that exist.

use super::error::{PolicyErrorKind, Report, What};
use super::object::{names, object};
use super::path::Path;
use super::read::{MAX_WHOLE, Map, Price, Whole};
use super::suggest::nearest;
use super::text::{Cluster, LabelKey, Name, Plain};
use crate::api::{Api, ApiSet};
use std::collections::BTreeMap;

object! {
    /// A model: a name that clients and rules use, and where requests for it go.
    pub(crate) struct ModelSpec {
        /// What clients and rules call it. Unique.
        "name" => name: Name,
        /// The Envoy cluster that serves it.
        "cluster" => cluster: Cluster,
        /// The name that is written into the body. Default: `name`.
        "upstreamModel" => upstream_model: Option<Plain>,
        /// The APIs that it serves. Default: all of them.
        "apis" => apis: Option<Vec<RoutableApi>>,
        /// Input and output tokens that it can take together. Default: not checked.
        "contextWindow" => context_window: Option<Whole<1, MAX_WHOLE>>,
        /// What it can do. Requests that need anything else do not go to it. Default: everything.
        "capabilities" => capabilities: Option<Vec<Capability>>,
        /// What it costs.
        "cost" => cost: Option<CostSpec>,
        /// Free labels, for tenants' requirements.
        "labels" => labels: Map<LabelKey, Plain>,
    }
}

object! {
    /// Prices, in the currency of your choice.
    pub(crate) struct CostSpec {
        /// The price of a million input tokens.
        "inputPerMillion" => input_per_million: Price = 0u32,
        /// The price of a million output tokens.
        "outputPerMillion" => output_per_million: Price = 0u32,
    }
}

names! {
    /// What a request can need of a model.
    pub(crate) enum Capability {
        /// Calling tools.
        Tools => "tools",
        /// Reading images.
        Vision => "vision",
        /// Hearing or speaking.
        Audio => "audio",
        /// Answers in a given JSON Schema.
        StructuredOutput => "structuredOutput",
        /// Thinking before the answer.
        Reasoning => "reasoning",
    }
}

/// An API that policies can name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoutableApi(pub(crate) Api);

/// A set of capabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct CapabilitySet(u8);

impl CapabilitySet {
    #[must_use]
    pub(crate) const fn with(self, capability: Capability) -> Self {
        Self(self.0 | 1 << capability as u8)
    }

    pub(crate) const fn contains(self, capability: Capability) -> bool {
        self.0 >> (capability as u8) & 1 == 1
    }
}

impl FromIterator<Capability> for CapabilitySet {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Self {
        capabilities.into_iter().fold(Self::default(), Self::with)
    }
}

/// The place of a model in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ModelId(pub(crate) u16);

/// A model of the catalog.
#[derive(Clone, Debug)]
pub struct Model {
    pub(crate) name: String,
    pub(crate) cluster: String,
    pub(crate) upstream_model: String,
    pub(crate) apis: ApiSet,
    pub(crate) context_window: Option<u64>,
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

    /// The name that is written into the body.
    pub fn upstream_model(&self) -> &str {
        &self.upstream_model
    }

    /// The value of a label.
    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key).map(String::as_str)
    }

    pub(crate) fn can(&self, capability: Capability) -> bool {
        self.capabilities.is_none_or(|capabilities| capabilities.contains(capability))
    }
}

/// What a million tokens cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cost {
    pub(crate) input_per_million: f64,
    pub(crate) output_per_million: f64,
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
    pub(super) fn compile(specs: Vec<ModelSpec>, at: &Path<'_>, report: &mut Report) -> Self {
        let mut catalog = Self { has_gaps: report.is_lost(at), ..Self::default() };
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
                report.add(&at.key("name"), PolicyErrorKind::Taken { name: name.clone(), by: format!("models[{first}]") });
            } else {
                catalog.by_name.insert(name.clone(), id);
            }
            catalog.models.push(Model {
                cluster: spec.cluster.0,
                upstream_model: spec.upstream_model.map_or_else(|| name.clone(), |model| model.0),
                name,
                apis: spec.apis.map_or_else(ApiSet::routable, |apis| apis.into_iter().map(|api| api.0).collect()),
                context_window: spec.context_window.map(|tokens| tokens.0),
                capabilities: spec.capabilities.map(|capabilities| capabilities.into_iter().collect()),
                cost: spec.cost.map(|cost| Cost {
                    input_per_million: cost.input_per_million.0,
                    output_per_million: cost.output_per_million.0,
                }),
                labels: spec.labels.0.into_iter().map(|(key, value)| (key.0, value.0)).collect(),
            });
        }
        catalog
    }

    pub(crate) fn find(&self, name: &str) -> Option<ModelId> {
        self.by_name.get(name).copied()
    }

    /// The model of a name that must exist.
    pub(super) fn resolve(&self, name: &Name, at: &Path<'_>, report: &mut Report) -> Option<ModelId> {
        let found = self.find(&name.0);
        if found.is_none() && !self.has_gaps {
            let suggestion = nearest(&name.0, self.names()).map(str::to_owned);
            report.add(at, PolicyErrorKind::NoSuch { what: What::Model, name: name.0.clone(), suggestion });
        }
        found
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ModelId, &Model)> {
        (0..=u16::MAX).map(ModelId).zip(&self.models)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.models.iter().map(|model| model.name.as_str())
    }

    pub(super) fn has_gaps(&self) -> bool {
        self.has_gaps
    }
}

/// A set of models.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct ModelSet(Vec<u64>);

impl ModelSet {
    pub(crate) fn insert(&mut self, ModelId(id): ModelId) {
        let (word, bit) = (usize::from(id / 64), id % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << bit;
        }
    }

    pub(crate) fn contains(&self, ModelId(id): ModelId) -> bool {
        self.0.get(usize::from(id / 64)).is_some_and(|word| word >> (id % 64) & 1 == 1)
    }
}

impl FromIterator<ModelId> for ModelSet {
    fn from_iter<I: IntoIterator<Item = ModelId>>(models: I) -> Self {
        let mut set = Self::default();
        models.into_iter().for_each(|model| set.insert(model));
        set
    }
}
