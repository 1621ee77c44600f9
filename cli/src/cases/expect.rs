//! What a case expects of a decision, and how the decision differs from it.

use super::names::Names;
use pointsman_document::{
    Definitions, Document, Path as Field, Read, Report, Value, Whole, did_you_mean, names, object, wrong_type,
};
use pointsman_engine::record::Disposition;
use pointsman_engine::{Reason, Record};
use serde_json::json;

object! {
    /// What becomes of a request. What is not named may be anything.
    pub(crate) struct Expect {
        /// What becomes of it: `route`, `deny`, `pass`, `models`, or `none` for what is no LLM call.
        "action" => action: Option<Action>,
        /// The model that gets it first.
        "model" => model: Option<String>,
        /// The models that are tried, in order: one where there is no other.
        "chain" => chain: Option<Vec<String>>,
        /// The cluster of the first.
        "cluster" => cluster: Option<String>,
        /// The rule that decides.
        "rule" => rule: Option<String>,
        /// Why, as the record says it.
        "reason" => reason: Option<Code>,
        /// What the rule calls the choice.
        "variant" => variant: Option<String>,
        /// The model that gets a copy; `false` for none.
        "mirror" => mirror: Option<Copied>,
        /// Whose request it is; `false` for nobody's.
        "tenant" => tenant: Option<Copied>,
        /// That it is refused: the status, the reason, or both.
        "deny" => deny: Option<Deny>,
    }
    at_least_one_of("action", "model", "chain", "cluster", "rule", "reason", "variant", "mirror", "tenant", "deny");
}

names! {
    /// What becomes of a request.
    pub(crate) enum Action {
        /// Sent to a model.
        Route => "route",
        /// Refused.
        Deny => "deny",
        /// Let through unread.
        Pass => "pass",
        /// Answered with the list of models.
        Models => "models",
        /// Left alone: no LLM call.
        None => "none",
    }
}

/// A reason, by its code.
#[derive(Clone, Debug, Default)]
pub(crate) struct Code(String);

impl Read for Code {
    fn read(document: &Document, at: &Field<'_>, report: &mut Report) -> Self {
        let Document::String(code) = document else { return wrong_type("a reason", document, at, report) };
        if Reason::from_code(code).is_none() {
            let known = report.suggest(code, Reason::ALL.iter().map(|reason| reason.code()));
            return report.lose(at, format!("no reason `{code}`{}", did_you_mean(&known)).into());
        }
        Self(code.clone())
    }

    fn schema(_: &mut Definitions) -> Value {
        let mut codes: Vec<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        json!({ "enum": codes })
    }
}

/// A name, or `false` for none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Copied(Option<String>);

impl Read for Copied {
    fn read(document: &Document, at: &Field<'_>, report: &mut Report) -> Self {
        match document {
            Document::Bool(false) => Self(None),
            Document::String(name) => Self(Some(name.clone())),
            other => wrong_type("a name or `false`", other, at, report),
        }
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "anyOf": [{ "type": "string" }, { "const": false }] })
    }
}

/// A refusal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deny {
    status: Option<u16>,
    reason: Option<String>,
}

object! {
    /// A refusal.
    struct DenySpec {
        /// Its status.
        "status" => status: Option<Whole<400, 599>>,
        /// Its reason.
        "reason" => reason: Option<Code>,
    }
    at_least_one_of("status", "reason");
}

impl Read for Deny {
    fn read(document: &Document, at: &Field<'_>, report: &mut Report) -> Self {
        let status = |status: Whole<400, 599>| u16::try_from(status.0).ok();
        match document {
            Document::Number(_) => Self { status: status(Whole::read(document, at, report)), reason: None },
            Document::String(_) => Self { status: None, reason: Some(Code::read(document, at, report).0) },
            Document::Object(_) => {
                let spec = DenySpec::read(document, at, report);
                Self { status: spec.status.and_then(status), reason: spec.reason.map(|code| code.0) }
            }
            other => wrong_type("a status, a reason or an object", other, at, report),
        }
    }

    fn schema(definitions: &mut Definitions) -> Value {
        let (status, reason) = (Whole::<400, 599>::schema(definitions), Code::schema(definitions));
        json!({ "anyOf": [status, reason, DenySpec::schema(definitions)] })
    }
}

/// One thing that is not as it was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The field of `expect`.
    pub(crate) field: &'static str,
    pub(crate) expected: String,
    /// Nothing, where there is none.
    pub(crate) got: Option<String>,
}

impl Expect {
    pub(super) fn check(&self, at: &Field<'_>, names: &Names<'_>, report: &mut Report) {
        for model in self.model.iter().chain(self.mirror.as_ref().and_then(|mirror| mirror.0.as_ref())) {
            let key = if Some(model) == self.model.as_ref() { "model" } else { "mirror" };
            names.model(model, &at.key(key), report);
        }
        for (nth, model) in self.chain.iter().flatten().enumerate() {
            names.model(model, &at.key("chain").index(nth), report);
        }
        if let Some(rule) = &self.rule {
            names.rule(rule, &at.key("rule"), report);
        }
        if let Some(cluster) = &self.cluster {
            names.cluster(cluster, &at.key("cluster"), report);
        }
        if let Some(tenant) = self.tenant.as_ref().and_then(|tenant| tenant.0.as_ref()) {
            names.tenant(tenant, &at.key("tenant"), report);
        }
        let routes = [("model", self.model.is_some()), ("chain", self.chain.is_some())];
        for (key, _) in routes.iter().filter(|(_, is_given)| *is_given && self.deny.is_some()) {
            report.add(&at.key(key), "what is refused goes to no model: `deny` is given as well".to_owned().into());
        }
    }

    /// How a decision differs from it.
    pub(super) fn differences(&self, record: Option<&Record>) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut hold = |field, expected: Option<String>, got: Option<String>| {
            if let Some(expected) = expected.filter(|expected| Some(expected) != got.as_ref()) {
                found.push(Difference { field, expected, got });
            }
        };
        let text = |of: fn(&Record) -> Option<&str>| record.and_then(of).map(str::to_owned);
        let action = record.map_or("none", |record| record.action.name()).to_owned();
        let denied = self.deny.as_ref().map(|_| Action::Deny);
        let routed = (self.model.is_some() || self.chain.is_some()).then_some(Action::Route);
        let expected = self.action.or(denied).or(routed);
        hold("action", expected.map(|action| spelled(action).to_owned()), Some(action));
        hold("rule", self.rule.clone(), text(|record| record.rule.as_deref()));
        hold("reason", self.reason.clone().map(|code| code.0), text(|record| Some(record.reason.code())));
        hold("model", self.model.clone(), text(|record| record.model.as_deref()));
        hold("variant", self.variant.clone(), text(|record| record.variant.as_deref()));
        hold("cluster", self.cluster.clone(), text(|record| record.cluster.as_deref()));
        hold("chain", self.chain.as_ref().map(|chain| chain.join(" > ")), record.and_then(chain));
        let or_none = |name: &Copied| name.0.clone().unwrap_or_else(|| "none".to_owned());
        let got = |of: fn(&Record) -> Option<&str>| Some(text(of).unwrap_or_else(|| "none".to_owned()));
        hold("mirror", self.mirror.as_ref().map(or_none), got(|record| record.mirror.as_deref()));
        hold("tenant", self.tenant.as_ref().map(or_none), got(|record| record.tenant.as_deref()));
        let Some(deny) = self.deny.as_ref().filter(|_| is_refused(record)) else { return found };
        let status = record.and_then(|record| record.status).map(|status| status.to_string());
        hold("deny.status", deny.status.map(|status| status.to_string()), status);
        hold("deny.reason", deny.reason.clone(), text(|record| Some(record.reason.code())));
        found
    }

    /// The rule that is expected to decide.
    pub(super) fn rule(&self) -> Option<&str> {
        self.rule.as_deref()
    }
}

fn spelled(action: Action) -> &'static str {
    use pointsman_document::Named as _;
    action.name()
}

fn is_refused(record: Option<&Record>) -> bool {
    record.is_some_and(|record| record.action == Disposition::Deny)
}

/// The models that are tried, in order.
fn chain(record: &Record) -> Option<String> {
    if record.chain.is_empty() { record.model.as_deref().map(str::to_owned) } else { Some(record.chain.join(" > ")) }
}
