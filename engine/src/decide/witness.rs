//! What was asked on the way to a decision, and what came of it, as far as somebody watches.
//!
//! The tenants, conditions and candidates say here what they come to, and their answers go through unchanged: what is seen is
//! the decision itself, and no second reading of the policy. Without the feature `trace`, as in the module, a witness has no
//! room for notes, and nothing is left of it.

use super::Need;
use crate::policy::{ModelId, RuleId, TenantId};
use crate::reason::Reason;
use crate::request::flag::Flag;
use pointsman_expression::Fault;
#[cfg(any(test, feature = "trace"))]
use std::cell::RefCell;

/// Who watches a decision.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    #[cfg(any(test, feature = "trace"))]
    notes: Option<Box<RefCell<Notes>>>,
}

/// A condition, or what tells a tenant apart. Those of lists with their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Apis,
    Models,
    Tenants,
    Principals,
    Paths,
    Header(usize),
    Claim(usize),
    Schedule,
    Flag(Flag),
    MaxOutputTokens,
    Messages,
    InputTokens,
    Keywords,
    Percent,
    /// An expression, and why it had no value, if it had none.
    When(Option<Fault>),
    Any(usize),
    Not,
}

/// What did not hold. Of `any`, what did not hold in each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Miss {
    pub(crate) asked: Asked,
    pub(crate) inside: Vec<Miss>,
}

/// What came of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Holds,
    Fails(Vec<Miss>),
    /// It waits for this.
    Waits(Need),
}

/// A model that a rule, or none, has considered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Considered {
    pub(crate) rule: Option<RuleId>,
    pub(crate) model: ModelId,
    /// Why it was left out.
    pub(crate) excluded: Option<Reason>,
}

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    /// The tenants that were tried: whether the caller is each, `None` where that could not be said, and what was missing.
    pub(crate) tenants: Vec<(TenantId, Option<bool>, Vec<Miss>)>,
    /// The rules that were asked, in the order in which they were.
    pub(crate) rules: Vec<(RuleId, Verdict)>,
    pub(crate) considered: Vec<Considered>,
    /// No rule behind these applies.
    pub(crate) exhausted: bool,
    /// What did not hold so far, of conditions in conditions: the innermost last.
    open: Vec<Vec<Miss>>,
    /// Rules are asked on behalf of a model that the body names besides.
    aside: bool,
}

impl Witness {
    #[cfg(any(test, feature = "trace"))]
    pub(crate) fn watching() -> Self {
        Self { notes: Some(Box::default()) }
    }

    /// What has been seen up to now.
    #[cfg(any(test, feature = "trace"))]
    pub(crate) fn take(&self) -> Notes {
        self.notes.as_ref().map(|notes| notes.take()).unwrap_or_default()
    }

    /// Whether anything is written down: then nothing is forgotten that it speaks of.
    pub(crate) const fn is_watching(&self) -> bool {
        #[cfg(any(test, feature = "trace"))]
        return self.notes.is_some();
        #[cfg(not(any(test, feature = "trace")))]
        false
    }

    #[cfg(any(test, feature = "trace"))]
    fn write(&self, write: impl FnOnce(&mut Notes)) {
        if let Some(notes) = &self.notes {
            write(&mut notes.borrow_mut());
        }
    }

    #[cfg(not(any(test, feature = "trace")))]
    #[expect(clippy::unused_self, reason = "with the feature, it has notes")]
    fn write(&self, _: impl FnOnce(&mut Notes)) {}

    /// Whether a condition holds, as it is said.
    pub(super) fn sees(&self, asked: Asked, holds: bool) -> bool {
        if !holds {
            self.write(|notes| notes.miss(asked, Vec::new()));
        }
        holds
    }

    /// Conditions of conditions are asked, until [`Self::leaves`].
    pub(super) fn enters(&self) {
        self.write(|notes| notes.open.push(Vec::new()));
    }

    /// Whether conditions hold, as it is said. Of a `not`, what is missed is that they do.
    pub(super) fn leaves(&self, asked: Asked, holds: bool) -> bool {
        self.write(|notes| {
            let inside = notes.open.pop().unwrap_or_default();
            if holds == (asked == Asked::Not) {
                notes.miss(asked, inside);
            }
        });
        holds
    }

    /// Whether one of `any` holds. If one does, nothing is missed in the others.
    pub(super) fn sees_any(&self, holds: bool) -> bool {
        if holds {
            self.write(Notes::miss_none);
        }
        holds
    }

    /// A tenant is tried.
    pub(super) fn tries(&self) {
        self.write(|notes| notes.open = vec![Vec::new()]);
    }

    pub(super) fn tried(&self, tenant: TenantId, is: Option<bool>) -> Option<bool> {
        self.write(|notes| {
            let missing = notes.open.pop().unwrap_or_default();
            notes.tenants.push((tenant, is, missing));
        });
        is
    }

    /// The rules are asked, from this one on. What was seen of them before was seen with less known.
    pub(super) fn starts(&self, at: RuleId) {
        self.write(|notes| {
            notes.rules.retain(|(rule, _)| *rule < at);
            notes.considered.clear();
            (notes.exhausted, notes.aside) = (false, false);
        });
    }

    /// Rules are asked for another model than the one asked for, or no longer.
    pub(super) fn turns_aside(&self, aside: bool) {
        self.write(|notes| notes.aside = aside);
    }

    /// A rule is asked.
    pub(super) fn asks(&self) {
        self.write(|notes| notes.open = vec![Vec::new()]);
    }

    /// What came of it, as it is said.
    pub(super) fn answers(&self, rule: RuleId, answer: Result<bool, Need>) -> Result<bool, Need> {
        self.write(|notes| {
            let missing = notes.open.drain(..).next().unwrap_or_default();
            if notes.aside {
                return;
            }
            let verdict = match answer {
                Ok(true) => Verdict::Holds,
                Ok(false) => Verdict::Fails(missing),
                Err(need) => Verdict::Waits(need),
            };
            notes.rules.push((rule, verdict));
        });
        answer
    }

    /// No rule behind those that were asked applies.
    pub(super) fn finds_none(&self) {
        self.write(|notes| notes.exhausted |= !notes.aside);
    }

    /// A model is considered.
    pub(super) fn considers(&self, rule: Option<RuleId>, model: ModelId, excluded: Option<Reason>) {
        self.write(|notes| {
            let considered = Considered { rule, model, excluded };
            if !notes.aside && !notes.considered.contains(&considered) {
                notes.considered.push(considered);
            }
        });
    }

    /// What was decided does not count: the request turned out to be unreadable.
    pub(crate) fn retracts(&self) {
        self.write(|notes| {
            notes.rules.clear();
            notes.considered.clear();
            notes.exhausted = false;
        });
    }
}

impl Notes {
    fn miss(&mut self, asked: Asked, inside: Vec<Miss>) {
        if let Some(open) = self.open.last_mut() {
            open.push(Miss { asked, inside });
        }
    }

    fn miss_none(&mut self) {
        if let Some(open) = self.open.last_mut() {
            open.retain(|miss| !matches!(miss.asked, Asked::Any(_)));
        }
    }
}
