//! A decision as a record, without the request that it would be written into.

use crate::decide::attributes::Attributes;
use crate::decide::{Decision, Verdict};
use crate::policy::{Model, ModelId, Policy};
use crate::record::{Disposition, Excluded, Record};
use std::sync::Arc;

pub(super) fn record(policy: &Policy, attributes: &Attributes, told: &Record, decision: &Decision) -> Record {
    let name = |id: &ModelId| policy.model(*id).map(|model| Arc::clone(&model.name));
    let rule = decision.rule.and_then(|rule| policy.rule(rule)).map(|rule| Arc::clone(&rule.name));
    let excluded =
        decision.excluded.iter().filter_map(|(model, reason)| Some(Excluded { model: name(model)?, reason: *reason }));
    let record = Record {
        asked: told.asked.clone(),
        rule,
        excluded: excluded.collect(),
        ..attributes.record(policy, Disposition::Route, decision.reason)
    };
    match &decision.verdict {
        Verdict::Refuse(refusal) => record.refusing(refusal),
        Verdict::Send(chain) => {
            let first = chain.first().and_then(|id| policy.model(*id));
            Record {
                variant: decision.variant.clone(),
                model: first.map(|model| Arc::clone(&model.name)),
                upstream_model: first.map(|model: &Model| Arc::clone(&model.upstream_model)),
                cluster: first.map(|model| Arc::clone(&model.cluster)),
                chain: if chain.len() > 1 { chain.iter().filter_map(name).collect() } else { Vec::new() },
                also: decision.besides.iter().filter_map(name).collect(),
                mirror: decision.mirror.as_ref().and_then(name),
                ..record
            }
        }
    }
}
