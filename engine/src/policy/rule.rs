//! Rules: conditions and an action. The first that applies acts.

use super::catalog::{Catalog, MAX_FALLBACK, ModelId};
use super::condition::{Conditions, ConditionsSpec, Scope};
use super::error::{PolicyErrorKind, PolicyFault, Report};
use super::group::{GroupSpec, Members, ModelsSpec};
use super::model_set::ModelSet;
use super::preference::{self, Prefer, PreferSpec};
use super::share::Share;
use super::sticky::{Sticky, StickySpec};
use super::text::{LabelKey, Message, Name, NamePattern, Plain};
use crate::reason::{Reason, Refusal};
use pointsman_document::duration::Duration;
use pointsman_document::{Document, Map, Path, Some1, Whole, names, object};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The status of a `deny` that does not say.
const FORBIDDEN: u32 = 403;

object! {
    /// A rule: conditions and an action. Rules are tried in order, the first that applies acts.
    pub(crate) struct RuleSpec {
        /// Its name. Unique.
        "name" => name: Name,
        /// When it applies. Default: always.
        "match" => matches: ConditionsSpec = Document::EMPTY,
        /// Where the request goes.
        "route" => route: Option<RouteSpec>,
        /// Refuses the request.
        "deny" => deny: Option<DenySpec>,
    }
    exactly_one_of("route", "deny");
}

object! {
    /// Where a request goes.
    pub(crate) struct RouteSpec {
        /// The models to choose from. Those that the caller may not use, or that cannot serve the request, are
        /// left out.
        "targets" => targets: Some1<TargetSpec>,
        /// Which of the targets is chosen. `first`: the first of the list that can serve the request. `cheapest`: the one that costs
        /// least by the policy's prices, for the input as it is estimated and as many output tokens as the client wants at most,
        /// or else 1,024; models without a price come last. The others follow in that order, unless there is a `fallback`.
        /// Default: drawn by weight.
        "prefer" => prefer: Option<PreferSpec>,
        /// What keeps requests on the model that was chosen first. Default: where clients name their sessions, and else
        /// what the user said first.
        "sticky" => sticky: Option<StickySpec>,
        /// The models to try, in order, when the chosen one fails or none of the targets can serve the request: names, or
        /// groups, which stand for their models in the order of `models`. Default: the `fallback` of the chosen model, or with
        /// `prefer` the other targets.
        "fallback" => fallback: Option<Vec<ModelsSpec>>,
        /// A model that takes over for a share of the tenants or sessions.
        "rollout" => rollout: Option<RolloutSpec>,
        /// A model that gets a copy of some requests. Its answers go nowhere.
        "mirror" => mirror: Option<MirrorSpec>,
        /// How long a request may take from its last byte to the answer's last one, all attempts together: `30s`, `5m`.
        /// Default: what Envoy's route says.
        "timeout" => timeout: Option<Duration>,
    }
}

object! {
    /// One of the models to choose from, or a group of them.
    pub(crate) struct TargetSpec {
        /// The model, or a pattern with `*` over the names of models.
        "model" => model: Option<NamePattern>,
        /// Labels of the models, such as `tier: small`: all of them.
        "labels" => labels: Map<LabelKey, Plain>,
        /// Its share, relative to the other targets. A group's is spread evenly over those of its models that can serve the
        /// request. Default: 1.
        "weight" => weight: Option<Whole<0, 1_000_000>>,
        /// What the decision record calls this choice. Default: the model.
        "variant" => variant: Option<Name>,
    }
    at_least_one_of("model", "labels");
}

object! {
    /// A model that takes over for a share of the tenants or sessions, as long as it can serve their requests.
    pub(crate) struct RolloutSpec {
        /// The model.
        "model" => model: Name,
        /// The share, in percent. Raising it keeps everyone on the model who is there.
        "percent" => percent: Share,
        /// What is counted: `session`, which is what `sticky` says, or `tenant`.
        "by" => by: RolloutBy = "session",
        /// What the decision record calls this choice. Default: the model.
        "variant" => variant: Option<Name>,
    }
}

names! {
    /// What a rollout counts.
    pub(crate) enum RolloutBy {
        /// Sessions or conversations.
        Session => "session",
        /// Tenants. Callers without one are not part of it.
        Tenant => "tenant",
    }
}

object! {
    /// A model that gets a copy of some requests, if the tenant may use it and it can serve them.
    pub(crate) struct MirrorSpec {
        /// The model.
        "model" => model: Name,
        /// The share of the sessions, in percent.
        "percent" => percent: Share = 100u32,
    }
}

object! {
    /// A refusal.
    pub(crate) struct DenySpec {
        /// The HTTP status.
        "status" => status: Whole<400, 599> = FORBIDDEN,
        /// What the client is told.
        "message" => message: Message = "the policy refuses this request",
    }
}

/// The place of a rule in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RuleId(pub(crate) u32);

/// Conditions and an action.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) name: Arc<str>,
    pub(crate) conditions: Conditions,
    pub(crate) action: RuleAction,
}

/// What a rule does.
#[derive(Clone, Debug)]
pub(crate) enum RuleAction {
    Route(Route),
    Deny(Refusal),
}

/// A choice between models.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// Each model once, some weight above 0.
    pub(crate) targets: Vec<Target>,
    /// `None`: one is drawn by weight.
    pub(crate) prefer: Option<Prefer>,
    pub(crate) sticky: Sticky,
    /// The models to try after the choice; `None`: those of the chosen model, or the other targets where they have an order.
    pub(crate) fallback: Option<Vec<ModelId>>,
    pub(crate) rollout: Option<Rollout>,
    pub(crate) mirror: Option<Mirror>,
    pub(crate) timeout: Option<Duration>,
}

/// One of the models to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) model: ModelId,
    /// The group's, if it is one of a group.
    pub(crate) weight: u32,
    pub(crate) variant: Option<Arc<str>>,
    /// What its group is called: the models of one group stand side by side.
    pub(crate) group: Option<Arc<str>>,
    /// Its place in the document.
    pub(crate) place: usize,
}

/// A model that takes over for a share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rollout {
    pub(crate) model: ModelId,
    pub(crate) share: Share,
    pub(crate) by: RolloutBy,
    pub(crate) variant: Option<Arc<str>>,
}

/// A model that gets copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mirror {
    pub(crate) model: ModelId,
    pub(crate) share: Share,
}

impl Route {
    /// The models that can be the first choice.
    pub(crate) fn choices(&self) -> impl Iterator<Item = ModelId> {
        let weighted = self.targets.iter().filter(|target| target.weight > 0).map(|target| target.model);
        weighted.chain(self.rollout.iter().filter(|rollout| !rollout.share.is_none()).map(|rollout| rollout.model))
    }

    /// Every model that can see a request, fallbacks and copies included.
    pub(crate) fn all<'a>(&'a self, catalog: &'a Catalog) -> impl Iterator<Item = ModelId> + 'a {
        let after = move |choice| self.fallback_after(choice, catalog).iter().copied();
        let mirror = self.mirror.filter(|mirror| !mirror.share.is_none()).map(|mirror| mirror.model);
        self.choices().flat_map(move |choice| std::iter::once(choice).chain(after(choice))).chain(mirror)
    }

    /// The models to try after a first choice.
    pub(crate) fn fallback_after<'a>(&'a self, choice: ModelId, catalog: &'a Catalog) -> &'a [ModelId] {
        match &self.fallback {
            Some(fallback) => fallback,
            None if self.prefer.is_some() => &[],
            None => catalog.get(choice).map_or(&[], |model| &model.fallback),
        }
    }

    /// Whether the name of the choice says more than the rule does.
    pub(crate) fn has_variants(&self) -> bool {
        self.targets.len() > 1 || self.rollout.is_some()
    }
}

impl RuleAction {
    pub(crate) fn route(&self) -> Option<&Route> {
        match self {
            RuleAction::Route(route) => Some(route),
            RuleAction::Deny(_) => None,
        }
    }

    /// What gets copies of the requests.
    pub(crate) fn mirror(&self) -> Option<Mirror> {
        self.route().and_then(|route| route.mirror).filter(|mirror| !mirror.share.is_none())
    }

    /// Whether the conversation's identity can decide which target is chosen: there is a choice, and a request
    /// may come without the sticky header, and with no session that a client has named.
    pub(super) fn needs_identity(&self) -> bool {
        match self {
            RuleAction::Route(route) => {
                let partly = |share: Share| !share.is_all() && !share.is_none();
                (route.prefer.is_none() && route.targets.iter().filter(|target| target.weight > 0).count() > 1)
                    || route.rollout.as_ref().is_some_and(|it| it.by == RolloutBy::Session && partly(it.share))
                    || route.mirror.is_some_and(|mirror| partly(mirror.share))
            }
            RuleAction::Deny(_) => false,
        }
    }
}

/// Compiles the rules, in their order.
pub(super) fn compile(specs: Vec<RuleSpec>, scope: &mut Scope<'_>, at: &Path<'_>, report: &mut Report) -> Vec<Rule> {
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let mut rules = Vec::with_capacity(specs.len());
    for (nth, spec) in specs.into_iter().enumerate() {
        let at = at.index(nth);
        let name = spec.name.0;
        if let Some(first) = taken.get(&name) {
            report.add(&at.key("name"), PolicyErrorKind::Taken { name: name.clone(), by: format!("rules[{first}]") });
        } else if !report.is_lost(&at.key("name")) {
            taken.insert(name.clone(), nth);
        }
        let conditions = spec.matches.compile(scope, &at.key("match"), report);
        let action = match (spec.route, spec.deny) {
            (Some(route), _) => RuleAction::Route(route.compile(scope, &at.key("route"), report)),
            (None, deny) => RuleAction::Deny(deny.unwrap_or_default().compile()),
        };
        rules.push(Rule { name: name.into(), conditions, action });
    }
    rules
}

impl RouteSpec {
    #[inline(never)]
    fn compile(self, scope: &mut Scope<'_>, at: &Path<'_>, report: &mut Report) -> Route {
        if let Some(PreferSpec(_)) = &self.prefer {
            self.check_draws(at, report);
        }
        let targets = compile_targets(self.targets.0, scope.catalog, &at.key("targets"), report);
        let has_sticky = self.sticky.is_some();
        let sticky = StickySpec::compile(self.sticky, scope, &at.key("sticky"), report);
        let fallback = self.fallback.map(|items| scope.catalog.resolve_each(items, None, &at.key("fallback"), report));
        let at_rollout = at.key("rollout");
        let rollout = self.rollout.and_then(|rollout| {
            Some(Rollout {
                model: scope.catalog.resolve(&rollout.model, &at_rollout.key("model"), report)?,
                share: rollout.percent,
                by: rollout.by,
                variant: rollout.variant.map(|variant| variant.0.into()),
            })
        });
        let at_mirror = at.key("mirror");
        let mirror = self.mirror.and_then(|mirror| {
            let model = scope.catalog.resolve(&mirror.model, &at_mirror.key("model"), report)?;
            Some(Mirror { model, share: mirror.percent })
        });
        let prefer = self.prefer.map(|PreferSpec(prefer)| prefer);
        if prefer.is_some() && has_sticky && rollout.is_none() && mirror.is_none() {
            let why = "nothing is drawn beside `prefer`, unless there is a `rollout` or `mirror`";
            report.add(&at.key("sticky"), PolicyErrorKind::Meaning(why.into()));
        }
        let route = Route { targets, prefer, sticky, fallback, rollout, mirror, timeout: self.timeout };
        route.check_order(scope.catalog, at, report);
        route
    }

    /// Where there is an order, weights decide nothing.
    fn check_draws(&self, at: &Path<'_>, report: &mut Report) {
        let at = at.key("targets");
        for (nth, _) in self.targets.0.iter().enumerate().filter(|(_, target)| target.weight.is_some()) {
            let why = "nothing is drawn by weight beside `prefer`";
            report.add(&at.index(nth).key("weight"), PolicyErrorKind::Meaning(why.into()));
        }
    }
}

/// Each model once: who is named is in no group, and who is in two counts in the first.
#[inline(never)]
fn compile_targets(specs: Vec<TargetSpec>, catalog: &Catalog, at: &Path<'_>, report: &mut Report) -> Vec<Target> {
    let mut targets = Vec::with_capacity(specs.len());
    let mut resolved = Vec::with_capacity(specs.len());
    let (mut named, mut grouped) = (ModelSet::default(), ModelSet::default());
    let mut has_weight = report.is_lost(at);
    for (place, spec) in specs.into_iter().enumerate() {
        let at = at.index(place);
        let weight = spec.weight.map_or(1, |weight| weight.0);
        has_weight |= weight > 0 || report.is_lost(&at.key("weight"));
        let group = GroupSpec { model: spec.model, labels: spec.labels };
        let (name, text) = (group.exact().map(str::to_owned), group.text());
        let members = group.members(catalog, &at.key("model"), &at, report);
        if let Some(Members::One(model)) = members {
            if named.contains(model) {
                let kind =
                    PolicyErrorKind::Taken { name: name.unwrap_or_default(), by: "an earlier target".to_owned() };
                report.add(&at.key("model"), kind);
                continue;
            }
            named.insert(model);
        }
        let weight = u32::try_from(weight).unwrap_or(u32::MAX);
        resolved.extend(members.map(|members| (place, members, weight, spec.variant, text)));
    }
    if !has_weight {
        report.add(at, PolicyFault::NoWeight.into());
    }
    for (place, members, weight, variant, text) in resolved {
        let variant: Option<Arc<str>> = variant.map(|variant| variant.0.into());
        let (members, group): (_, Option<Arc<str>>) = match members {
            Members::One(model) => (vec![model], None),
            Members::Group(members) => {
                let is_free = |model: &ModelId| !named.contains(*model) && !grouped.contains(*model);
                (members.into_iter().filter(is_free).collect(), Some(text.into()))
            }
        };
        if members.is_empty() {
            report.add(&at.index(place), PolicyFault::NoneLeft.into());
        }
        for model in members {
            grouped.insert(model);
            targets.push(Target { model, weight, variant: variant.clone(), group: group.clone(), place });
        }
    }
    targets
}

impl Route {
    /// The targets in the order in which they are preferred: each order that some request can find them in. None where the rule
    /// has no order, or says itself what comes after the first.
    pub(super) fn orders(&self, catalog: &Catalog) -> Option<Vec<Vec<ModelId>>> {
        let models: Vec<ModelId> = self.targets.iter().map(|target| target.model).collect();
        match self.prefer.filter(|_| self.fallback.is_none()) {
            None => Some(Vec::new()),
            Some(Prefer::First) => Some(vec![models]),
            Some(Prefer::Cheapest) => preference::orders(catalog, &models),
        }
    }

    /// Whether it depends on the length of a request which target is preferred.
    pub(super) fn compares_lengths(&self, catalog: &Catalog) -> bool {
        let models = self.targets.iter().map(|target| target.model);
        self.prefer == Some(Prefer::Cheapest) && preference::depends_on_length(catalog, models)
    }

    /// A chain has a bound, and so has the number of chains.
    fn check_order(&self, catalog: &Catalog, at: &Path<'_>, report: &mut Report) {
        if self.prefer.is_none() || self.fallback.is_some() {
            return;
        }
        let is_new = |rollout: &&Rollout| self.targets.iter().all(|target| target.model != rollout.model);
        let count = self.targets.len() + usize::from(self.rollout.as_ref().filter(is_new).is_some());
        let max = 1 + MAX_FALLBACK;
        if count > max {
            let advice = ": say in `fallback` which are, after the first";
            report.add(&at.key("targets"), PolicyFault::TooManyModels { count, max, advice }.into());
        } else if self.orders(catalog).is_none() {
            let why = "the prices of these models leave more than 24 orders open: say in `fallback` which are tried after the cheapest";
            report.add(&at.key("prefer"), PolicyErrorKind::Meaning(why.into()));
        }
    }
}

impl DenySpec {
    fn compile(self) -> Refusal {
        let status = u16::try_from(self.status.0).unwrap_or(403);
        Refusal { reason: Reason::Denied, status, message: self.message.0.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::header::HeaderSlot;
    use crate::policy::testing::{check, valid};

    #[test]
    fn a_rule_does_one_thing() {
        check(
            r#""rules": [{"name": "a"}, {"name": "b", "route": {"targets": [{"model": "gpt-4o"}]}, "deny": {}}]"#,
            &["rules[0]: needs exactly one of `route`, `deny`", "rules[1]: needs exactly one of `route`, `deny`"],
        );
    }

    #[test]
    fn names_are_unique() {
        check(
            r#""rules": [{"name": "a", "deny": {}}, {"name": "a", "deny": {}}, {"deny": {}}]"#,
            &["rules[2].name: is required", "rules[1].name: `a` is taken by rules[0]"],
        );
    }

    #[test]
    fn targets_exist_once_and_can_be_chosen() {
        check(
            r#""rules": [
                {"name": "a", "route": {"targets": []}},
                {"name": "b", "route": {"targets": [{"model": "gpt-5x"}, {"model": "llama-smal", "weight": 2000000}]}},
                {"name": "c", "route": {"targets": [{"model": "gpt-4o", "weight": 0}]}},
                {"name": "d", "route": {"targets": [{"model": "gpt-4o"}, {"model": "gpt-4o"}]}},
                {"name": "e", "route": {"targets": [{"model": "auto"}]}}
            ]"#,
            &[
                "rules[0].route.targets: needs at least one item",
                "rules[1].route.targets[1].weight: must be from 0 to 1000000",
                "rules[1].route.targets[0].model: no model `gpt-5x` in the catalog; did you mean `gpt-4o`?",
                "rules[1].route.targets[1].model: no model `llama-smal` in the catalog; did you mean `llama-small`?",
                "rules[2].route.targets: needs at least one weight above 0",
                "rules[3].route.targets[1].model: `gpt-4o` is taken by an earlier target",
                "rules[4].route.targets[0].model: no model `auto` in the catalog",
            ],
        );
    }

    #[test]
    fn a_timeout_is_a_time() {
        check(
            r#""rules": [{"name": "a", "route": {"targets": [{"model": "gpt-4o"}], "timeout": 30}},
                {"name": "b", "route": {"targets": [{"model": "gpt-4o"}], "timeout": "0s"}}]"#,
            &[
                "rules[0].route.timeout: expected a time such as 500ms, 120s or 5m, found a number",
                "rules[1].route.timeout: `0s` is not a time such as 500ms, 120s or 5m",
            ],
        );
    }

    #[test]
    fn a_refusal_is_an_error_status() {
        check(
            r#""rules": [{"name": "a", "deny": {"status": 200, "message": ""}}]"#,
            &[
                "rules[0].deny.status: must be from 400 to 599",
                "rules[0].deny.message: is empty, expected a text of 1 to 1024 characters without control characters",
            ],
        );
    }

    #[test]
    fn defaults_are_filled_in() {
        let policy = valid(
            r#""rules": [{"name": "a", "deny": {}},
                {"name": "b", "route": {"targets": [{"model": "gpt-4o"}], "sticky": {"header": "X-Session"}}}]"#,
        );
        let action = |id: u32| policy.rule(RuleId(id)).map(|rule| rule.action.clone());
        assert!(matches!(action(0), Some(RuleAction::Deny(Refusal { status: 403, .. }))));
        let Some(RuleAction::Route(route)) = action(1) else { panic!("a route") };
        assert_eq!(route.targets, [Target { model: ModelId(0), weight: 1, variant: None, group: None, place: 0 }]);
        assert_eq!(route.sticky.header.map(|HeaderSlot(slot)| usize::from(slot)), Some(0));
        assert_eq!(policy.headers().iter().map(|header| &*header.name).collect::<Vec<_>>(), ["x-session"]);
        assert!(policy.rule(RuleId(2)).is_none());
    }
}
