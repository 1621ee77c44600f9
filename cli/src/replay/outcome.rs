//! What becomes of a request, as far as a comparison goes.

use pointsman_engine::Record;
use pointsman_engine::record::Disposition;
use std::sync::Arc;

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The model, or how it ends without one.
    pub(crate) to: To,
    pub(crate) rule: Option<Arc<str>>,
    pub(crate) chain: Vec<Arc<str>>,
    pub(crate) mirror: Option<Arc<str>>,
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum To {
    Model(Arc<str>),
    Refused(&'static str),
    Passed,
}

impl To {
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self, To::Refused(_))
    }

    pub(crate) fn model(&self) -> Option<&str> {
        match self {
            To::Model(model) => Some(model),
            To::Refused(_) | To::Passed => None,
        }
    }

    /// As a report calls it.
    pub(crate) fn name(&self) -> String {
        match self {
            To::Model(model) => model.to_string(),
            To::Refused(reason) => format!("refused ({reason})"),
            To::Passed => "passed unread".to_owned(),
        }
    }
}

impl Outcome {
    /// What a record says that became of a request.
    pub(crate) fn of(record: &Record) -> Self {
        let to = match (record.action, &record.model) {
            (Disposition::Route, Some(model)) => To::Model(Arc::clone(model)),
            (Disposition::Deny, _) => To::Refused(record.reason.code()),
            _ => To::Passed,
        };
        Self { to, rule: record.rule.clone(), chain: record.chain.clone(), mirror: record.mirror.clone() }
    }
}
