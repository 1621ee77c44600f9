//! What one request takes of its budgets: what is set aside before it goes out, and what is due when it has been answered.

use super::{Account, Ask, Descriptor};
use crate::policy::{BudgetId, ModelId, Policy};
use std::fmt;
use std::sync::Arc;

/// Tokens of a request and its answer. Those of the cache are parts of the input, whatever an API makes of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// All of the input.
    pub input: u64,
    /// Of it, what the provider had in its cache.
    pub cached: u64,
    /// Of it, what the provider put into its cache.
    pub cache_write: u64,
    /// The output.
    pub output: u64,
}

impl Tokens {
    pub(crate) const fn parts(self) -> [u64; 4] {
        [self.input, self.cached, self.cache_write, self.output]
    }
}

/// What a request takes of one budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Whose account it is, and where.
    pub account: Account,
    /// What is to be set aside. Nothing, where only a model counts for it that is not tried first.
    pub ask: Ask,
    /// What had been used of it when the request came in.
    pub used: u64,
    /// Whether a request that finds no room is refused. Where the budget only leaves models out, one that was given a model
    /// while there was room goes there.
    pub refuses: bool,
    /// What the rate limit service knows it by, where that counts for all proxies.
    pub descriptor: Option<Descriptor>,
    /// The place of the budget in the policy.
    pub(crate) budget: BudgetId,
    /// The model that the account is of, where each has one.
    pub(crate) model: Option<ModelId>,
}

impl Charge {
    /// How many hits the service has not been told of yet, when so much is due.
    #[must_use]
    pub fn owed(&self, due: u64) -> Option<(&Descriptor, u64)> {
        let descriptor = self.descriptor.as_ref()?;
        let told = if self.ask == Ask::NOTHING { 0 } else { descriptor.counter.first };
        let owed = descriptor.counter.hits_of(due).saturating_sub(u64::from(told));
        (owed > 0).then_some((descriptor, owed))
    }

    /// How much of the limit is used, with this request, in percent.
    #[must_use]
    pub fn percent(&self) -> u64 {
        percent(self.used.saturating_add(self.ask.most), self.account.limit)
    }
}

/// A part of a limit, rounded down.
pub(crate) fn percent(used: u64, limit: u64) -> u64 {
    let percent = u128::from(used) * 100 / u128::from(limit.max(1));
    u64::try_from(percent).unwrap_or(u64::MAX)
}

/// What became of a request that had gone out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered<'a> {
    /// A model has answered. Tokens that are not known are estimated.
    By {
        /// The model.
        model: &'a str,
        /// What it says of its tokens.
        tokens: Option<Tokens>,
    },
    /// Nobody has, or with an error: nothing was generated, and it was a request all the same.
    InVain,
}

/// What a request takes of all its budgets.
#[derive(Clone)]
pub struct Bill {
    policy: Arc<Policy>,
    charges: Vec<Charge>,
    /// The model that is tried first.
    first: ModelId,
    /// As long as nobody knows better.
    estimate: Tokens,
}

impl fmt::Debug for Bill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bill").field("charges", &self.charges).finish_non_exhaustive()
    }
}

/// Of the same policy, and the same in all else.
impl PartialEq for Bill {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.policy, &other.policy)
            && (self.first, self.estimate) == (other.first, other.estimate)
            && self.charges == other.charges
    }
}

impl Eq for Bill {}

impl Bill {
    /// `None` where no budget counts the request.
    pub(crate) fn new(policy: &Arc<Policy>, charges: Vec<Charge>, first: ModelId, estimate: Tokens) -> Option<Self> {
        (!charges.is_empty()).then(|| Self { policy: Arc::clone(policy), charges, first, estimate })
    }

    /// What is to be set aside, budget by budget.
    #[must_use]
    pub fn charges(&self) -> &[Charge] {
        &self.charges
    }

    /// The budgets that are used so far that clients are to be warned: `finance=87%`.
    pub(crate) fn warning(&self) -> Option<String> {
        let warned = self.charges.iter().filter(|charge| charge.ask != Ask::NOTHING).filter_map(|charge| {
            let (budget, percent) = (self.policy.budget(charge.budget)?, charge.percent());
            budget.warn_at.iter().any(|at| percent >= *at).then(|| format!("{}={percent}%", budget.name))
        });
        let warned = warned.collect::<Vec<_>>().join(", ");
        (!warned.is_empty()).then_some(warned)
    }

    /// What one of them has to pay. The model that has answered counts, and no other.
    #[must_use]
    pub fn due(&self, charge: &Charge, answered: Answered<'_>) -> u64 {
        let Some(budget) = self.policy.budget(charge.budget) else { return 0 };
        let (id, tokens) = match answered {
            Answered::By { model, tokens } => match self.policy.find_model(model) {
                Some(id) => (id, tokens.unwrap_or(self.estimate)),
                None => return 0,
            },
            Answered::InVain if budget.needs_length() => return 0,
            Answered::InVain => (self.first, Tokens::default()),
        };
        if !budget.covers(id) || charge.model.is_some_and(|own| own != id) {
            return 0;
        }
        self.policy.model(id).map_or(0, |model| budget.amount(model, tokens.parts()))
    }
}
