//! Refusals that a client can get around, by a header that it writes or by what it leaves out.

use super::contradiction::never_with;
use super::cover::{Part, rule_covers, shape};
use super::rules::{Dead, judged};
use super::{Kind, Search};
use crate::policy::condition::Conditions;
use crate::policy::header::HeaderMatch;
use crate::policy::rule::{Rule, RuleAction};
use crate::policy::{DefaultAction, Policy};

/// How many rules behind one are looked at: thousands must not hold anybody up.
const MOST: usize = 256;

pub(super) fn check(search: &mut Search<'_>, dead: &Dead) {
    let policy = search.policy;
    let alive = policy.rules.iter().enumerate().zip(dead).filter(|(_, dead)| !**dead).map(|(rule, _)| rule);
    for (nth, rule) in alive {
        let at = format!("rules[{nth}].match");
        if matches!(rule.action, RuleAction::Deny(_)) {
            refusal(search, &at, &rule.conditions);
        } else if let Some((header, by)) = opening_header(policy, nth, rule) {
            let message = format!(
                "opens what {by} refuses, and a client can write any header: right only where the proxy sets it and removes \
                 the client's"
            );
            search.find(Kind::AvoidableRefusal, format!("{at}.headers[{header}]"), message);
        }
    }
}

/// Conditions of a refusal that hold only as long as the client wants them to.
fn refusal(search: &mut Search<'_>, at: &str, conditions: &Conditions) {
    let policy = search.policy;
    let mut headers = |conditions: &Conditions, at: &str, message: &str| {
        for (nth, _) in conditions.headers.iter().enumerate().filter(|(_, header)| is_free(policy, header)) {
            search.find(Kind::AvoidableRefusal, format!("{at}.headers[{nth}]"), message);
        }
    };
    let without = "a client that leaves this header out gets past the refusal: right only where the proxy sets it";
    headers(conditions, at, without);
    for (nth, item) in conditions.any.iter().enumerate() {
        headers(item, &format!("{at}.any[{nth}]"), without);
    }
    if let Some(not) = &conditions.not {
        let with = "a client that writes this header gets past the refusal: right only where the proxy sets it and removes the \
            client's";
        headers(not, &format!("{at}.not"), with);
    }
    if conditions.max_output_tokens.is_some_and(|range| range.min > 0 && range.max == u64::MAX) {
        let message = "a client that names no limit gets past the refusal, and may get more: `maxOutputTokens` of a tenant holds \
            for it as well";
        search.find(Kind::AvoidableRefusal, format!("{at}.maxOutputTokens"), message);
    }
}

/// The header without which a rule's requests are refused by what comes behind it, and what that is.
fn opening_header(policy: &Policy, nth: usize, rule: &Rule) -> Option<(usize, String)> {
    let (header, _) = rule.conditions.headers.iter().enumerate().find(|(_, header)| is_free(policy, header))?;
    let mut without = rule.clone();
    without.conditions.headers.clear();
    let (own, part) = (shape(&without), [Part::of(&without.conditions)]);
    let mut later = policy.rules.iter().skip(nth + 1).take(MOST);
    let taker = later.find(|later| {
        let may_cover = shape(later) & !own == 0;
        match later.action {
            RuleAction::Deny(_) => may_cover && rule_covers(later, &without, &without.conditions.tenants),
            // Whoever is served as well need not write a header.
            RuleAction::Route(_) => !never_with(&later.conditions, &part, judged(later)),
        }
    });
    match taker {
        Some(later) => {
            matches!(later.action, RuleAction::Deny(_)).then(|| (header, format!("the rule `{}`", later.name)))
        }
        None => {
            let refuses = policy.default_action() == DefaultAction::Deny && policy.rules.len() - nth <= MOST;
            refuses.then(|| (header, "the default".to_owned()))
        }
    }
}

/// Whether a header says nothing but what the client wants it to say. Of others the request itself depends, or the way that it
/// takes, and who asks for less by them gets less.
fn is_free(policy: &Policy, header: &HeaderMatch) -> bool {
    const MEANT: [&str; 6] = [":authority", "user-agent", "content-type", "origin", "upgrade", "referer"];
    const MEANT_ALL: [&str; 5] = ["accept", "anthropic-", "openai-", "if-", "x-goog-"];
    let name = policy.headers().get(usize::from(header.slot.0)).map_or("", |known| &known.name);
    !MEANT.contains(&name) && !MEANT_ALL.iter().any(|begin| name.starts_with(begin))
}
