//! What there is to do when the answer comes: of a provider, or of the proxy itself because no provider gave one.

use crate::api::Api;
use crate::attempt::Tried;
use crate::names;
use crate::policy::{Model, Policy};
use crate::record::Record;
use crate::response::amending::Amendments;
use crate::response::model_names;
use crate::response::signing::Signature;
use std::sync::Arc;

/// What is kept of a decision until its answer comes. Requests of which nobody wants to know who answered have none.
#[derive(Clone, Debug)]
pub struct Expectation {
    policy: Arc<Policy>,
    record: Arc<Record>,
    /// What the provider says of its limits is nothing for other clients.
    is_private: bool,
    /// What the client is warned of.
    warning: Option<String>,
    /// The models whose providers tell what a stream took only because the proxy has asked.
    asking: Vec<Arc<str>>,
}

/// What to change in an answer, and in what is known of its request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Response headers to set.
    pub headers: Vec<(&'static str, String)>,
    /// The whole record, where the decision alone did not say who would answer.
    pub record: Option<Box<Record>>,
}

/// Whether the policy has ids signed in the answers of an API.
pub(super) fn has_ids(policy: &Policy, api: Api) -> bool {
    api == Api::Responses && policy.signs_ids()
}

/// Whether the policy has answers of an API changed, whatever the request is.
pub(super) fn are_amended(policy: &Policy, api: Api) -> bool {
    has_ids(policy, api) || has_names(policy, api)
}

/// Whether the policy has models called as clients have asked for them, in the answers of an API.
fn has_names(policy: &Policy, api: Api) -> bool {
    policy.gives_asked_names() && model_names::are_in(api)
}

impl Expectation {
    /// `None` where nothing needs to be known of the answer. `asking` are the models whose providers tell what a stream took
    /// only because the proxy has asked.
    pub(super) fn of(
        policy: &Arc<Policy>,
        record: &Arc<Record>,
        is_private: bool,
        asking: Vec<Arc<str>>,
    ) -> Option<Self> {
        let (policy, record) = (Arc::clone(policy), Arc::clone(record));
        let expectation = Self { policy, record, is_private, warning: None, asking };
        let Self { policy, record, .. } = &expectation;
        let wanted = policy.tells_clients() || policy.takes_feedback() || !record.chain.is_empty();
        (wanted || expectation.amends()).then_some(expectation)
    }

    /// The same, where the client is to be told that budgets are nearly used up.
    pub(super) fn warning(self, warning: Option<String>) -> Self {
        Self { warning, ..self }
    }

    /// Whether the request went to one model and no other: nothing of an attempt needs to be asked for.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        self.record.chain.is_empty()
    }

    /// The model whose provider's limits the answer may speak of: of a request to one model, unless with the client's own
    /// key. The attempts of a chain listen for themselves.
    #[must_use]
    pub fn heard(&self) -> Option<&str> {
        let listens = self.is_direct() && !self.is_private;
        self.record.model.as_deref().filter(|_| listens)
    }

    /// Whose policy decided: what is heard is noted for it.
    #[must_use]
    pub fn owner(&self) -> &str {
        self.policy.owner()
    }

    /// There is an answer. `tried` is what the latest attempt of a chain has left.
    #[must_use]
    pub fn answered(&self, by_provider: bool, tried: Option<&Tried>) -> Answer {
        if self.is_direct() {
            return Answer { headers: self.labels(self.model(), None), record: None };
        }
        let model = tried.and_then(|tried| self.policy.model_named(&tried.model)).filter(|_| by_provider);
        let record = Record {
            attempt: Some(tried.map_or(0, |tried| tried.number)),
            answered_by: model.map(|model| Arc::clone(&model.name)),
            answered_from: model.map(|model| Arc::clone(&model.cluster)),
            ..Record::clone(&self.record)
        };
        Answer { headers: self.labels(model, tried), record: Some(Box::new(record)) }
    }

    /// Whether something may change in the answer.
    pub(crate) fn amends(&self) -> bool {
        !self.asking.is_empty() || self.record.api.is_some_and(|api| are_amended(&self.policy, api))
    }

    /// What changes in the answer; nothing in one that no provider gave.
    pub(crate) fn amendments(&self, by_provider: bool, tried: Option<&Tried>) -> Option<Amendments> {
        let model = self.answering(tried).filter(|_| by_provider)?;
        let api = self.record.api.filter(|api| has_names(&self.policy, *api));
        Some(Amendments {
            signature: self.signature(model),
            model: api.zip(self.record.asked.clone()),
            without_usage: self.asking.contains(&model.name),
        })
    }

    /// Who signs the ids in an answer of this model, if anybody does.
    fn signature(&self, model: &Model) -> Option<Signature> {
        self.record.api.filter(|api| has_ids(&self.policy, *api))?;
        let (policy, tenant) = (Arc::clone(&self.policy), self.record.tenant.clone());
        Some(Signature { policy, cluster: Arc::clone(&model.cluster), tenant })
    }

    /// The model whose provider answers, if one does.
    fn answering(&self, tried: Option<&Tried>) -> Option<&Model> {
        if self.is_direct() { self.model() } else { self.policy.model_named(&tried?.model) }
    }

    /// The model of a request to one.
    fn model(&self) -> Option<&Model> {
        self.policy.model_named(self.record.model.as_deref()?)
    }

    fn labels(&self, model: Option<&Model>, tried: Option<&Tried>) -> Vec<(&'static str, String)> {
        let mut labels = Vec::new();
        if !self.policy.tells_clients() {
            return labels;
        }
        let mut tell = |name: &'static str, value: &str| labels.push((name, value.to_owned()));
        if let Some(model) = model {
            tell(names::MODEL_HEADER, model.name());
        }
        if let Some(rule) = &self.record.rule {
            tell(names::RULE_HEADER, rule);
        }
        tell(names::REASON_HEADER, self.record.reason.code());
        if let Some(warning) = &self.warning {
            tell(names::BUDGET_HEADER, warning);
        }
        if let (Some(tried), Some(model)) = (tried, model) {
            tell(names::ATTEMPT_HEADER, &tried.number.to_string());
            tell(names::CLUSTER_HEADER, model.cluster());
        }
        labels
    }
}
