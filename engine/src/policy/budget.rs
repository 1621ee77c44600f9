//! Budgets: how much may be used in a window of time, by whom, of which models.

use super::Policy;
use super::catalog::{Catalog, Model, ModelId};
use super::error::{PolicyErrorKind, PolicyFault, Report};
use super::header::{HeaderName, HeaderSlot, HeaderSlots};
use super::model_set::ModelSet;
use super::pattern::Pattern;
use super::tenant::{TenantId, Tenants, patterns, requirements};
use super::text::{ClaimName, LabelKey, Name, NamePattern, Plain};
use crate::budget::{Counter, Key, Period, Window, counter};
use crate::live::Balance;
use pointsman_document::duration::Duration;
use pointsman_document::{Document, MAX_WHOLE, Map, Named, Path, Price, Some1, Whole, names, object, order};
use std::sync::Arc;

/// The most budgets of a policy: each that is about a caller is looked up for each of its requests.
const MOST: usize = 1_024;

/// Accounts for which a sheet is meant, where it is known how many there are: half of what it has room for.
const ACCOUNTS_OF_A_SHEET: usize = crate::budget::sheet::CAPACITY / 2;

/// The sheets of a budget whose accounts clients name.
const SHEETS: u32 = 128;

object! {
    /// A budget: how much may be used in a window of time. A request counts for every budget that it matches.
    pub(crate) struct BudgetSpec {
        /// Its name. Unique. What has been used of it is kept under this name, also when the policy changes.
        "name" => name: Name,
        /// Which requests it counts. Default: all.
        "match" => matches: BudgetMatchSpec = Document::EMPTY,
        /// Who has an account of their own, each with the whole limit. Default: all requests that it counts share one.
        "per" => per: Option<PerSpec>,
        /// Over what it is counted.
        "window" => window: WindowSpec,
        /// The most requests in a window.
        "requests" => requests: Option<Whole<1, MAX_WHOLE>>,
        /// The most tokens in a window, of input and output.
        "tokens" => tokens: Option<Whole<1, MAX_WHOLE>>,
        /// The most money in a window, by the models' `cost`, in its currency.
        "money" => money: Option<Price>,
        /// What happens when it is used up.
        "action" => action: BudgetAction = "deny",
        /// Who counts it: each proxy for itself, or a rate limit service for all of them.
        "scope" => scope: Scope = "proxy",
        /// Percentages of the limit at which clients are warned, where `visibility.responseHeaders` lets them know.
        "warnAt" => warn_at: Vec<Whole<1, 100>>,
    }
    exactly_one_of("requests", "tokens", "money");
}

object! {
    /// Which requests a budget counts. Of the conditions that are given, all must hold.
    pub(crate) struct BudgetMatchSpec {
        /// The caller is one of these tenants.
        "tenants" => tenants: Option<Some1<Name>>,
        /// The model that serves the request is one of these; `*` stands for any characters.
        "models" => models: Option<Some1<NamePattern>>,
        /// The model that serves the request has these labels.
        "labels" => labels: Map<LabelKey, Plain>,
    }
}

object! {
    /// Who has an account of their own.
    pub(crate) struct PerSpec {
        /// Each tenant, or each model.
        "each" => each: Option<Each>,
        /// Each value of this request header. Clients choose their headers freely, unless the proxy sets it.
        "header" => header: Option<HeaderName>,
        /// Each value of this claim of the verified JWT: a text, a number, true or false.
        "claim" => claim: Option<ClaimName>,
    }
    exactly_one_of("each", "header", "claim");
}

names! {
    /// Who has an account of their own.
    pub(crate) enum Each {
        /// Each tenant.
        Tenant => "tenant",
        /// Each model that serves requests.
        Model => "model",
    }
}

object! {
    /// Over what a budget is counted.
    pub(crate) struct WindowSpec {
        /// A part of the calendar, in UTC.
        "every" => every: Option<Period>,
        /// The time just past, such as `24h`. It moves on in steps of a sixteenth.
        "rolling" => rolling: Option<Duration>,
    }
    exactly_one_of("every", "rolling");
}

names! {
    /// What happens when a budget is used up.
    pub(crate) enum BudgetAction {
        /// Requests that would count for it are refused.
        Deny => "deny",
        /// Models whose requests would count for it are left out, so that the next one that may serve a request does.
        Downgrade => "downgrade",
    }
}

names! {
    /// Who counts.
    pub(crate) enum Scope {
        /// Each proxy for itself.
        Proxy => "proxy",
        /// Each proxy for itself, and all together by Envoy's rate limit service. The deployment says where that is.
        Global => "global",
    }
}

names! {
    /// What is counted.
    #[derive(Hash)]
    pub(crate) enum Unit {
        /// Requests.
        Requests => "requests",
        /// Tokens of input and output.
        Tokens => "tokens",
        /// Millionths of the currency.
        Money => "money",
    }
}

/// The place of a budget in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BudgetId(pub(crate) u16);

/// A budget.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    pub(crate) name: Arc<str>,
    /// In their order; empty: anybody.
    tenants: Vec<TenantId>,
    /// `None`: any.
    models: Option<ModelSet>,
    pub(crate) per: Per,
    pub(crate) window: Window,
    pub(crate) unit: Unit,
    pub(crate) limit: u64,
    pub(crate) action: BudgetAction,
    /// The smallest first.
    pub(crate) warn_at: Vec<u64>,
    /// In how many sheets its accounts are kept.
    pub(crate) sheets: u32,
    /// What these are called, number excluded.
    pub(crate) ledger: Arc<str>,
    /// Where a rate limit service counts it, too.
    pub(crate) counter: Option<Arc<Counter>>,
}

/// Who has an account of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Per {
    /// Nobody.
    All,
    Tenant,
    Model,
    Header(HeaderSlot),
    /// The names that lead to the claim.
    Claim(Vec<String>),
}

impl Budget {
    /// Whether requests of this caller can count for it.
    pub(crate) fn is_about(&self, tenants: impl IntoIterator<Item = TenantId>) -> bool {
        self.tenants.is_empty() || tenants.into_iter().any(|tenant| self.tenants.binary_search(&tenant).is_ok())
    }

    /// Whether requests that this model serves count for it.
    pub(crate) fn covers(&self, model: ModelId) -> bool {
        self.models.as_ref().is_none_or(|models| models.contains(model))
    }

    /// Whether what a request takes depends on its length.
    pub(crate) fn needs_length(&self) -> bool {
        self.unit != Unit::Requests
    }

    /// What an answer of a model takes of it. `input` is all of the input, `cached` and `cache_write` are parts of it.
    pub(crate) fn amount(&self, model: &Model, [input, cached, cache_write, output]: [u64; 4]) -> u64 {
        match self.unit {
            Unit::Requests => 1,
            Unit::Tokens => input.saturating_add(output),
            Unit::Money => model.cost.map_or(0, |cost| cost.of(input, cached, cache_write, output)),
        }
    }

    fn ledger(plugin: &str, name: &str, unit: Unit, window: Window) -> Arc<str> {
        format!("pointsman.budget/{plugin}/{name}/{}/{}", unit.name(), window.name()).into()
    }

    /// The same, kept for a plugin.
    pub(super) fn kept_by(self, plugin: &str) -> Self {
        Self { ledger: Self::ledger(plugin, &self.name, self.unit, self.window), ..self }
    }
}

/// Of a currency. What is finer is rounded, and the cast stays in range.
fn millionths(money: f64) -> u64 {
    (money * 1e6).round() as u64
}

impl Policy {
    /// So much of a budget as used: of `NAME`, whoever's account a request is about, or of `NAME/KEY`, the account of one
    /// tenant, model, header or claim. Money is in the currency. `None` if there is no such budget.
    #[must_use]
    pub fn spent(&self, account: &str, amount: f64) -> Option<Balance> {
        let named = |name: &str| self.budgets.iter().find(|budget| *budget.name == *name);
        let keyed = || {
            let cuts = account.match_indices('/').filter_map(|(at, _)| account.split_at_checked(at));
            cuts.rev().find_map(|(name, key)| Some((named(name)?, Some(Key::of(key.get(1..)?.as_bytes())))))
        };
        let (budget, of) = named(account).map(|budget| (budget, None)).or_else(keyed)?;
        let used = if budget.unit == Unit::Money { millionths(amount) } else { amount as u64 };
        Some(Balance { budget: Arc::clone(&budget.name), of, used, until: 0 })
    }
}

/// The budgets of a policy.
#[inline(never)]
pub(super) fn compile(
    specs: Vec<BudgetSpec>,
    catalog: &Catalog,
    tenants: &Tenants,
    slots: &mut HeaderSlots,
    at: &Path<'_>,
    report: &mut Report,
) -> Vec<Budget> {
    if specs.len() > MOST {
        report.add(at, PolicyErrorKind::TooMany { max: MOST });
    }
    let mut budgets: Vec<Budget> = Vec::with_capacity(specs.len());
    for (nth, spec) in specs.into_iter().enumerate().take(MOST) {
        let at = at.index(nth);
        let first = budgets.iter().position(|budget| *budget.name == *spec.name.0);
        if let Some(first) = first.filter(|_| !report.is_lost(&at.key("name"))) {
            let (name, by) = (spec.name.0.clone(), format!("budgets[{first}]"));
            report.add(&at.key("name"), PolicyErrorKind::Taken { name, by });
        }
        budgets.push(spec.compile(catalog, tenants, slots, &at, report));
    }
    budgets
}

impl BudgetSpec {
    fn compile(
        self,
        catalog: &Catalog,
        tenants: &Tenants,
        slots: &mut HeaderSlots,
        at: &Path<'_>,
        report: &mut Report,
    ) -> Budget {
        let (name, window): (Arc<str>, _) = (self.name.0.into(), self.window.compile());
        let counts_money = self.money.is_some() && !report.is_lost(&at.key("money"));
        let (unit, limit) = match (self.requests, self.tokens, self.money) {
            (Some(most), ..) => (Unit::Requests, most.0),
            (None, Some(most), _) => (Unit::Tokens, most.0),
            (None, None, money) => (Unit::Money, millionths(money.unwrap_or_default().0)),
        };
        let (own, models) = self.matches.compile(catalog, tenants, &at.key("match"), report);
        let (per, sheets) = match self.per {
            None => (Per::All, 1),
            Some(per) => per.compile(catalog, tenants, slots, &at.key("per"), report),
        };
        let mut warn_at: Vec<u64> = self.warn_at.into_iter().map(|percent| percent.0).collect();
        order::sort_by(&mut warn_at, Ord::cmp);
        let ledger = Budget::ledger("", &name, unit, window);
        let counter = match self.scope {
            Scope::Proxy => None,
            Scope::Global => counter(&name, window, self.action, (unit, limit), &at.key("scope"), report),
        };
        let budget = Budget {
            name,
            tenants: own,
            models,
            per,
            window,
            unit,
            limit,
            action: self.action,
            warn_at,
            sheets,
            ledger,
            counter,
        };
        if unit == Unit::Money && counts_money {
            budget.check_prices(catalog, tenants, &at.key("money"), report);
        }
        budget
    }
}

/// A budget as a rate limit service counts it, if one can.
fn counter(
    name: &Arc<str>,
    window: Window,
    action: BudgetAction,
    (unit, limit): (Unit, u64),
    at: &Path<'_>,
    report: &mut Report,
) -> Option<Arc<Counter>> {
    let Window::Every(period) = window else {
        report.add(at, PolicyFault::GlobalRolling.into());
        return None;
    };
    if action == BudgetAction::Downgrade {
        report.add(at, PolicyFault::GlobalDowngrade.into());
    }
    if unit == Unit::Requests && limit > counter::HIGHEST {
        report.add(at, PolicyFault::GlobalRequests { max: counter::HIGHEST }.into());
    }
    Some(Arc::new(Counter::new(name, period, unit == Unit::Requests, limit)))
}

impl Policy {
    /// The budgets that a rate limit service counts for all proxies, each with its place among all.
    pub fn counters(&self) -> impl Iterator<Item = (usize, &Counter)> {
        let counters = self.budgets.iter().enumerate();
        counters.filter_map(|(nth, budget)| Some((nth, &**budget.counter.as_ref()?)))
    }
}

impl Budget {
    /// Money that nobody counts is no budget: each model that it can meet needs a price, if only one of nothing.
    fn check_prices(&self, catalog: &Catalog, tenants: &Tenants, at: &Path<'_>, report: &mut Report) {
        let may = |model: ModelId| {
            let own = || self.tenants.iter().filter_map(|TenantId(id)| tenants.all.get(usize::from(*id)));
            self.tenants.is_empty() || own().any(|tenant| tenant.limits.exclusion(model).is_none())
        };
        for (id, model) in catalog.iter().filter(|(_, model)| model.cost.is_none()) {
            if self.covers(id) && may(id) {
                report.add(at, PolicyFault::NoPrice { model: model.name().to_owned() }.into());
            }
        }
    }
}

impl BudgetMatchSpec {
    fn compile(
        self,
        catalog: &Catalog,
        tenants: &Tenants,
        at: &Path<'_>,
        report: &mut Report,
    ) -> (Vec<TenantId>, Option<ModelSet>) {
        let mut own = Vec::new();
        for (nth, name) in self.tenants.map(|names| names.0).unwrap_or_default().into_iter().enumerate() {
            own.extend(tenants.resolve(&name, &at.key("tenants").index(nth), report));
        }
        order::sort_by(&mut own, Ord::cmp);
        own.dedup();
        let names = self.models.map(|models| patterns(&models.0, catalog, &at.key("models"), report));
        let labels = requirements(self.labels, catalog, &at.key("labels"), report);
        if names.is_none() && labels.is_empty() {
            return (own, None);
        }
        let is_named = |model: &Model| {
            let any = |names: &Vec<Pattern>| names.iter().any(|pattern| pattern.matches(model.name()));
            names.as_ref().is_none_or(any)
        };
        let is_labelled = |model: &Model| labels.iter().all(|(key, value)| model.label(key) == Some(value));
        let models = catalog.iter().filter(|(_, model)| is_named(model) && is_labelled(model));
        (own, Some(models.map(|(id, _)| id).collect()))
    }
}

impl PerSpec {
    /// Who it is, and in how many sheets their accounts have room.
    fn compile(
        self,
        catalog: &Catalog,
        tenants: &Tenants,
        slots: &mut HeaderSlots,
        at: &Path<'_>,
        report: &mut Report,
    ) -> (Per, u32) {
        let sheets = |accounts: usize| u32::try_from(accounts.div_ceil(ACCOUNTS_OF_A_SHEET)).unwrap_or(SHEETS).max(1);
        match (self.each, self.header, self.claim) {
            (_, Some(name), _) => (Per::Header(slots.slot(name, &at.key("header"), report)), SHEETS),
            (_, _, Some(name)) => (Per::Claim(super::claim_path(&name.0)), SHEETS),
            (Some(Each::Model), ..) => (Per::Model, sheets(catalog.models.len())),
            (Some(Each::Tenant) | None, ..) => (Per::Tenant, sheets(tenants.all.len())),
        }
    }
}

impl WindowSpec {
    fn compile(self) -> Window {
        match (self.every, self.rolling) {
            (None, Some(length)) => Window::Rolling(length.whole_milliseconds()),
            (every, _) => Window::Every(every.unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::testing::{check, valid};

    const TENANTS: &str =
        r#""tenants": [{"name": "finance", "match": {"principals": ["x"]}, "models": {"allow": ["gpt-*"]}}]"#;

    fn refused(budget: &str, expected: &[&str]) {
        check(&format!(r#"{TENANTS}, "budgets": [{budget}]"#), expected);
    }

    #[test]
    fn a_budget_has_one_measure_and_one_window() {
        refused(
            r#"{"name": "a", "window": {}}, {"name": "a", "window": {"every": "week"}, "tokens": 1, "requests": 1},
               {"name": "b", "window": {"every": "day", "rolling": "1h"}, "tokens": 0, "warnAt": [0, 101], "acton": "deny"}"#,
            &[
                "budgets[0]: needs exactly one of `requests`, `tokens`, `money`",
                "budgets[0].window: needs exactly one of `every`, `rolling`",
                "budgets[1]: needs exactly one of `requests`, `tokens`, `money`",
                "budgets[1].window.every: unknown value `week`, expected one of `minute`, `hour`, `day`, `month`",
                "budgets[2].acton: unknown field; did you mean `action`?",
                "budgets[2].window: needs exactly one of `every`, `rolling`",
                "budgets[2].tokens: must be from 1 to 9007199254740991",
                "budgets[2].warnAt[0]: must be from 1 to 100",
                "budgets[2].warnAt[1]: must be from 1 to 100",
                "budgets[1].name: `a` is taken by budgets[0]",
            ],
        );
    }

    #[test]
    fn what_it_is_about_exists() {
        refused(
            r#"{"name": "a", "window": {"every": "day"}, "tokens": 1, "per": {"each": "team"},
                "match": {"tenants": ["finanse"], "models": ["gpt-4"], "labels": {"regio": "eu"}}},
               {"name": "b", "window": {"rolling": "1 day"}, "tokens": 1, "per": {"header": "x y", "claim": "sub"}}"#,
            &[
                "budgets[0].per.each: unknown value `team`, expected one of `tenant`, `model`",
                "budgets[1].per: needs exactly one of `each`, `header`, `claim`",
                "budgets[1].per.header: `x y` is not a header name",
                "budgets[1].window.rolling: `1 day` is not a time such as 500ms, 120s or 5m",
                "budgets[0].match.tenants[0]: no tenant `finanse`; did you mean `finance`?",
                "budgets[0].match.models[0]: no model `gpt-4` in the catalog; did you mean `gpt-4o`?",
                "budgets[0].match.labels.regio: no model has the label `regio`; did you mean `region`?",
            ],
        );
    }

    #[test]
    fn money_needs_prices_of_all_models_that_it_can_meet() {
        let budget = |matches: &str| format!(r#"{{"name": "a", "window": {{"every": "month"}}, "money": 5{matches}}}"#);
        refused(
            &budget(""),
            &[
                "budgets[0].money: the model `gpt-4o` has no `cost`, and its requests count here",
                "budgets[0].money: the model `llama-small` has no `cost`, and its requests count here",
            ],
        );
        refused(
            &budget(r#", "match": {"tenants": ["finance"]}"#),
            &["budgets[0].money: the model `gpt-4o` has no `cost`, and its requests count here"],
        );
        refused(&budget(r#", "match": {"tenants": ["finance"], "models": ["llama-*"]}"#), &[]);
    }

    #[test]
    fn what_no_rate_limit_service_can_count_is_rejected() {
        refused(
            r#"{"name": "a", "window": {"rolling": "1h"}, "tokens": 1, "scope": "global"},
               {"name": "b", "window": {"every": "day"}, "tokens": 1, "scope": "global", "action": "downgrade"},
               {"name": "c", "window": {"every": "day"}, "requests": 4294967296, "scope": "global"},
               {"name": "d", "window": {"every": "month"}, "tokens": 4294967296, "scope": "global"}"#,
            &[
                "budgets[0].scope: a rate limit service has no rolling windows: `global` needs `window.every`",
                "budgets[1].scope: a rate limit service is asked when a request has its model, and can only refuse it: \
                 `global` needs the action `deny`",
                "budgets[2].scope: a rate limit service counts no more than 4294967295 requests",
            ],
        );
        let policy = valid(
            r#""budgets": [
                {"name": "a", "window": {"every": "day"}, "requests": 7},
                {"name": "b c", "window": {"every": "hour"}, "requests": 7, "scope": "global"},
                {"name": "d", "window": {"every": "month"}, "tokens": 7, "scope": "global"}]"#,
        );
        let counters = policy.counters().map(|(nth, counter)| (nth, &*counter.budget, counter.first, counter.limit));
        assert_eq!(counters.collect::<Vec<_>>(), [(1, "b_20c", 1, 7), (2, "d", 0, 6)]);
    }

    #[test]
    fn a_budget_is_about_callers_and_models() {
        let policy = valid(&format!(
            r#"{TENANTS}, "budgets": [
                {{"name": "a", "window": {{"every": "day"}}, "tokens": 7, "match": {{"tenants": ["finance"], "labels": {{"region": "us"}}}}}},
                {{"name": "b", "window": {{"rolling": "24h"}}, "requests": 7, "per": {{"claim": "org.sub"}}, "warnAt": [95, 80]}}]"#
        ));
        let [a, b] = policy.budgets() else { panic!("two budgets") };
        assert!(a.is_about(Some(TenantId(0))) && !a.is_about(None) && b.is_about(None));
        assert!(a.covers(ModelId(0)) && !a.covers(ModelId(1)) && b.covers(ModelId(1)));
        assert_eq!((a.unit, a.limit, a.window), (Unit::Tokens, 7, Window::Every(Period::Day)));
        assert_eq!((b.window, &b.warn_at[..]), (Window::Rolling(86_400_000), &[80, 95][..]));
        assert_eq!((&b.per, b.sheets), (&Per::Claim(vec!["org".into(), "sub".into()]), SHEETS));
        assert_eq!(&*a.ledger, "pointsman.budget//a/tokens/day");
        let policy = policy.read_by("router");
        assert_eq!(&*policy.budgets()[1].ledger, "pointsman.budget/router/b/requests/86400000ms");
    }
}
