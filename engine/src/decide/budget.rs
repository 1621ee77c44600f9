//! Budgets in a decision: whose accounts a request is about, what it takes of them, and which are used up.

use super::attributes::Attributes;
use super::{Decision, Need, Verdict};
use crate::budget::bill::Tokens;
use crate::budget::{Account, Ask, Bill, Charge, Key};
use crate::claim::Claim;
use crate::corridor::Caller;
use crate::live::Live;
use crate::policy::{Budget, BudgetAction, BudgetId, HeaderText, Model, ModelId, Per, Policy};
use crate::reason::Reason;
use crate::request::facts::Facts;
use crate::request::limit::Limit;
use std::sync::Arc;

/// How many tokens an answer is guessed to have, where nothing says how many it may have. Too low a guess lets some requests
/// that run at once overshoot a budget by what they need beyond it; too high a one holds back what nobody uses.
const GUESSED_OUTPUT: u64 = 1_024;

/// An account that a request is about, and what is used of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) budget: BudgetId,
    /// The model whose account it is, where each has one.
    pub(crate) model: Option<ModelId>,
    pub(crate) key: Key,
    pub(crate) used: u64,
    /// When some of that does not count any more.
    pub(crate) until: u64,
}

impl Standing {
    pub(crate) fn account(&self, policy: &Policy) -> Option<Account> {
        let budget = policy.budget(self.budget)?;
        Some(Account {
            budget: Arc::clone(&budget.name),
            key: self.key,
            window: budget.window,
            limit: budget.limit,
            sheets: budget.sheets,
            ledger: Arc::clone(&budget.ledger),
        })
    }

    /// The same, with what is known of it.
    pub(crate) fn known(self, policy: &Policy, live: &Live) -> Self {
        let account = self.account(policy);
        let balance = account.and_then(|account| live.balance(&account));
        let (used, until) = balance.map_or((0, 0), |balance| (balance.used, balance.until));
        Self { used, until, ..self }
    }

    fn is_of(&self, budget: &Budget, model: ModelId) -> bool {
        budget.covers(model) && self.model.is_none_or(|own| own == model)
    }
}

/// The accounts that matter for a request, whichever model it goes to. Nothing is known of them yet.
pub(crate) fn standings(policy: &Policy, attributes: &Attributes, caller: &dyn Caller) -> Vec<Standing> {
    let mut standings = Vec::new();
    if policy.budgets().is_empty() || attributes.only_counts {
        return standings;
    }
    for (id, budget) in (0..=u16::MAX).map(BudgetId).zip(policy.budgets()) {
        if !budget.is_about(attributes.tenant) {
            continue;
        }
        let mut add = |model, key| standings.push(Standing { budget: id, model, key, used: 0, until: 0 });
        match &budget.per {
            Per::All => add(None, Key::ALL),
            Per::Tenant => {
                let name = policy.tenant_name(attributes.tenant);
                add(None, name.map_or(Key::OTHERS, |name| Key::of(name.as_bytes())));
            }
            Per::Model => {
                let covered = policy
                    .models()
                    .filter(|(id, _)| budget.covers(*id) && policy.exclusion(attributes.tenant, *id).is_none());
                covered.for_each(|(id, model)| add(Some(id), Key::of(model.name.as_bytes())));
            }
            Per::Header(slot) => {
                let value = attributes.header(*slot).map(HeaderText::as_bytes);
                add(None, value.filter(|value| !value.is_empty()).map_or(Key::OTHERS, Key::of));
            }
            Per::Claim(path) => add(None, caller.claim(path).map_or(Key::OTHERS, |claim| of_claim(&claim))),
        }
    }
    standings
}

/// Whose account a claim names. What is no single value is nobody's own.
fn of_claim(claim: &Claim<'_>) -> Key {
    match claim {
        Claim::Text(text) if !text.is_empty() => Key::of(text.as_bytes()),
        // Whole numbers are spelled as people spell them. The cast keeps them.
        Claim::Number(number) if number.fract() == 0.0 => Key::of((*number as i64).to_string().as_bytes()),
        Claim::Number(number) => Key::of(&number.to_le_bytes()),
        Claim::Boolean(value) => Key::of(value.to_string().as_bytes()),
        Claim::Text(_) | Claim::List(_) | Claim::Other => Key::OTHERS,
    }
}

/// How long a request and its answer are, as far as it is known, and as it is guessed.
#[derive(Clone, Copy)]
struct Length {
    known: Tokens,
    guessed: Tokens,
}

/// The input, and how much output a request wants at most, as far as its tenant gets it; `None` where nothing says.
fn said(policy: &Policy, attributes: &Attributes, facts: &Facts) -> Result<(u64, Option<u64>), Need> {
    let said = facts.max_output_tokens().ok_or(Need::End)?;
    let input = facts.input_tokens().low;
    if !attributes.generates() {
        return Ok((input, Some(0)));
    }
    let cap = policy.max_output_tokens(attributes.tenant);
    Ok(match said {
        Limit::Tokens(said) if said < u64::MAX => (input, Some(said.min(cap.unwrap_or(u64::MAX)))),
        _ => (input, cap),
    })
}

/// How long a request and its answer are taken to be where models are compared by their prices: the same for all of them. One that
/// keeps more room for output than another would seem to cost more, otherwise.
pub(super) fn compared(policy: &Policy, attributes: &Attributes, facts: &Facts) -> Result<Tokens, Need> {
    let (input, said) = said(policy, attributes, facts)?;
    Ok(Tokens { input, output: said.unwrap_or(GUESSED_OUTPUT), ..Tokens::default() })
}

fn length(policy: &Policy, model: &Model, attributes: &Attributes, facts: &Facts) -> Result<Length, Need> {
    let (input, said) = said(policy, attributes, facts)?;
    let tokens = |output| Tokens { input, output, ..Tokens::default() };
    let reserved = model.context_window.map(|window| window.reserved).filter(|reserved| *reserved > 0);
    Ok(match said {
        Some(said) => Length { known: tokens(said), guessed: tokens(said) },
        None => Length { known: tokens(0), guessed: tokens(reserved.unwrap_or(GUESSED_OUTPUT)) },
    })
}

/// What a request takes of a budget, if this model serves it.
fn ask(policy: &Policy, budget: &Budget, model: &Model, attributes: &Attributes, facts: &Facts) -> Result<Ask, Need> {
    if !budget.needs_length() {
        return Ok(Ask { least: 1, most: 1 });
    }
    let Length { known, guessed } = length(policy, model, attributes, facts)?;
    let amount = |tokens: Tokens| budget.amount(model, tokens.parts());
    let most = amount(guessed);
    // What is used up has no room for a request of which nothing is known, either; what costs nothing always has.
    Ok(Ask { least: amount(known).max(most.min(1)), most })
}

/// The first budget with one of these actions that has no room for the request, if this model serves it.
pub(super) fn used_up(
    policy: &Policy,
    id: ModelId,
    attributes: &Attributes,
    facts: &Facts,
    action: BudgetAction,
) -> Result<Option<usize>, Need> {
    let Some(model) = policy.model(id) else { return Ok(None) };
    for (nth, standing) in attributes.standings.iter().enumerate() {
        let Some(budget) = policy.budget(standing.budget) else { continue };
        if budget.action == action
            && standing.is_of(budget, id)
            && ask(policy, budget, model, attributes, facts)?.least > budget.limit.saturating_sub(standing.used)
        {
            return Ok(Some(nth));
        }
    }
    Ok(None)
}

/// Holds a decision to the budgets that refuse: they see the model that the request would go to, and no model of theirs is
/// tried after it.
pub(super) fn hold(
    policy: &Policy,
    attributes: &Attributes,
    facts: &Facts,
    mut decision: Decision,
) -> Result<Decision, Need> {
    if attributes.standings.is_empty() {
        return Ok(decision);
    }
    let denied = |model: ModelId| used_up(policy, model, attributes, facts, BudgetAction::Deny);
    if let Verdict::Send(chain) = &mut decision.verdict {
        let (mut kept, mut over) = (Vec::with_capacity(chain.len()), None);
        for (nth, model) in chain.iter().enumerate() {
            match denied(*model)? {
                None => kept.push(*model),
                Some(standing) => {
                    note(&mut decision.excluded, *model);
                    if nth == 0 {
                        over = Some(standing);
                        break;
                    }
                }
            }
        }
        if let Some(mirror) = decision.mirror.filter(|_| over.is_none())
            && denied(mirror)?.is_some()
        {
            note(&mut decision.excluded, mirror);
            decision.mirror = None;
        }
        *chain = kept;
        if let Some(standing) = over {
            return Ok(refused(policy, attributes, decision, standing));
        }
    }
    if let Verdict::Refuse(refusal) = &decision.verdict
        && refusal.reason == Reason::BudgetExceeded
    {
        for (model, _) in decision.excluded.iter().filter(|(_, reason)| *reason == Reason::Budget) {
            if let Some(standing) = used_up(policy, *model, attributes, facts, BudgetAction::Downgrade)? {
                return Ok(refused(policy, attributes, decision, standing));
            }
        }
    }
    Ok(decision)
}

fn note(excluded: &mut Vec<(ModelId, Reason)>, model: ModelId) {
    if !excluded.contains(&(model, Reason::Budget)) {
        excluded.push((model, Reason::Budget));
    }
}

fn refused(policy: &Policy, attributes: &Attributes, decision: Decision, over: usize) -> Decision {
    let budget = attributes.standings.get(over).and_then(|standing| policy.budget(standing.budget));
    let refusal = Reason::BudgetExceeded.refuse_for(budget.map_or("", |budget| &budget.name));
    let (verdict, reason) = (Verdict::Refuse(refusal), Reason::BudgetExceeded);
    Decision { verdict, reason, over: Some(over), variant: None, mirror: None, ..decision }
}

/// What a request takes of its budgets that goes to these models. They have been asked, so all that it depends on is known.
pub(crate) fn bill(policy: &Arc<Policy>, attributes: &Attributes, facts: &Facts, chain: &[ModelId]) -> Option<Bill> {
    let first = *chain.first()?;
    let model = policy.model(first)?;
    let mut charges = Vec::new();
    for standing in &attributes.standings {
        let Some(budget) = policy.budget(standing.budget) else { continue };
        if !chain.iter().any(|model| standing.is_of(budget, *model)) {
            continue;
        }
        let ask = if standing.is_of(budget, first) {
            ask(policy, budget, model, attributes, facts).unwrap_or(Ask::NOTHING)
        } else {
            Ask::NOTHING
        };
        let account = standing.account(policy)?;
        let (used, refuses) = (standing.used, budget.action == BudgetAction::Deny);
        charges.push(Charge { account, ask, used, refuses, budget: standing.budget, model: standing.model });
    }
    let estimate = length(policy, model, attributes, facts).map_or(Tokens::default(), |length| length.guessed);
    Bill::new(policy, charges, first, estimate)
}
