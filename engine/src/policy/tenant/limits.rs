//! What a tenant may use.

use super::super::catalog::{Catalog, ModelId};
use super::super::error::{PolicyFault, Report, What};
use super::super::group::{ModelsSpec, groups};
use super::super::model_set::ModelSet;
use super::super::pattern::Pattern;
use super::super::text::{LabelKey, Name, NamePattern, Plain};
use crate::reason::Reason;
use pointsman_document::{MAX_WHOLE, Map, Path, Whole, object};

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

/// What a tenant, or a profile, limits.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    allowed: ModelSet,
    labelled: ModelSet,
    pub(crate) max_output_tokens: Option<u64>,
}

impl Limits {
    pub(super) fn compile(
        models: TenantModelsSpec,
        max_output_tokens: Option<Whole<1, MAX_WHOLE>>,
        catalog: &Catalog,
        at: &Path<'_>,
        report: &mut Report,
    ) -> Self {
        let allow = models.allow.map(|allow| groups(allow, catalog, &at.key("allow"), report));
        let deny = groups(models.deny, catalog, &at.key("deny"), report);
        let require = requirements(models.require, catalog, &at.key("require"), report);
        let set = |test: &dyn Fn(&super::super::Model) -> bool| {
            catalog.iter().filter(|(_, model)| test(model)).map(|(id, _)| id).collect()
        };
        Self {
            allowed: set(&|model| {
                allow.as_ref().is_none_or(|allow| allow.iter().any(|group| group.has(model)))
                    && !deny.iter().any(|group| group.has(model))
            }),
            labelled: set(&|model| require.iter().all(|(key, value)| model.labels.get(key) == Some(value))),
            max_output_tokens: max_output_tokens.map(|most| most.0),
        }
    }

    /// Both together: what either forbids is forbidden.
    pub(super) fn and(&mut self, other: &Self) {
        self.allowed.keep(&other.allowed);
        self.labelled.keep(&other.labelled);
        self.max_output_tokens = self.max_output_tokens.into_iter().chain(other.max_output_tokens).min();
    }

    /// Why the model may not be used, or `None` if it may.
    pub(crate) fn exclusion(&self, model: ModelId) -> Option<Reason> {
        if !self.allowed.contains(model) {
            Some(Reason::Tenant)
        } else if !self.labelled.contains(model) {
            Some(Reason::Label)
        } else {
            None
        }
    }
}

/// Patterns over the models' names; one without a star must be the name of a model.
pub(in super::super) fn patterns(
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
pub(in super::super) fn requirements(
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
