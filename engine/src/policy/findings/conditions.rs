//! Conditions that hold for less than they seem to.

use super::cover::routable;
use super::{Kind, Search};
use crate::api::Api;
use crate::policy::header::ValueTest;
use crate::policy::rule::Rule;
use crate::request::flag::Flag;

/// What only requests ask for to which a model writes an answer.
const OF_ANSWERS: [Flag; 4] = [Flag::Tools, Flag::StructuredOutput, Flag::Reasoning, Flag::Cached];

pub(super) fn check(search: &mut Search<'_>) {
    let policy = search.policy;
    for (nth, rule) in policy.rules.iter().enumerate() {
        let at = format!("rules[{nth}].match");
        // A rule that refuses may well be for what nobody should send.
        if rule.action.route().is_some()
            && let Some(flag) = of_no_api(rule)
        {
            let message =
                "no client of these APIs asks for this: embeddings, moderations and the like have no such thing";
            search.find(Kind::IdleCondition, format!("{at}.{}", flag.condition()), message);
        }
        for (header, test) in rule.conditions.headers.iter().enumerate() {
            if matches!(&test.test, ValueTest::Exact(value) if value.is_empty()) {
                let message = "holds only where the header is there and empty; for any value: `type: Prefix`";
                search.find(Kind::EmptyValue, format!("{at}.headers[{header}].value"), message);
            }
        }
    }
}

/// A flag that must be set, and that none of the rule's APIs has.
fn of_no_api(rule: &Rule) -> Option<Flag> {
    let apis = rule.conditions.apis?;
    let has_answers = routable().any(|api| apis.contains(api) && Api::GENERATING.contains(&api));
    let mut wanted = rule.conditions.flags.iter().filter(|(_, expected)| *expected).map(|(flag, _)| flag);
    if has_answers { None } else { wanted.find(|flag| OF_ANSWERS.contains(flag)) }
}
