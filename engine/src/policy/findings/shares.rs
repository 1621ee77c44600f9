//! Shares and weights that decide nothing. A rollout or mirror of 0 percent is one that is switched off, which everybody sees.

use super::callers::Callers;
use super::{Kind, Search};
use crate::policy::RolloutBy;
use crate::policy::rule::Target;

pub(super) fn check(search: &mut Search<'_>) {
    let policy = search.policy;
    let callers = Callers::of(policy);
    for (nth, rule) in policy.rules.iter().enumerate() {
        let Some(route) = rule.action.route() else { continue };
        let at = format!("rules[{nth}].route");
        let mut earlier = None;
        for target in &route.targets {
            // Of a group, once.
            if earlier.replace(target.place) == Some(target.place) {
                continue;
            }
            let at = format!("{at}.targets[{}].weight", target.place);
            if target.weight == 0 {
                search.find(Kind::ShareWithoutEffect, at, "is 0: no request goes to this target");
            } else if route.targets.iter().all(|other| other.place == target.place) && is_written(search, nth) {
                search.find(Kind::ShareWithoutEffect, at, "decides nothing: there is no other target");
            }
        }
        if let Some(rollout) = &route.rollout {
            let is_itself = |target: &Target| target.model == rollout.model && target.variant.is_none();
            if rollout.variant.is_none() && !rollout.share.is_none() && route.targets.iter().all(is_itself) {
                let message = "is the only target itself: nothing is rolled out, and nothing tells who is part of it";
                search.find(Kind::ShareWithoutEffect, format!("{at}.rollout.model"), message);
            }
            let mut asking = callers.asking(rule).into_iter();
            let counts_nobody =
                rollout.by == RolloutBy::Tenant && !asking.any(|group| group.members(rule).any(|it| it.is_some()));
            if counts_nobody && !rollout.share.is_none() {
                let message = "counts tenants, and no caller of this rule is one: nothing is rolled out";
                search.find(Kind::RolloutWithoutTenants, format!("{at}.rollout.by"), message);
            }
        }
    }
}

/// Whether the only target's weight is the author's.
fn is_written(search: &Search<'_>, nth: usize) -> bool {
    let rule = search.document.get("rules").and_then(|rules| rules.items().get(nth));
    let targets = rule.and_then(|rule| rule.get("route")).and_then(|route| route.get("targets"));
    targets.and_then(|targets| targets.items().first()).is_some_and(|target| target.get("weight").is_some())
}
