//! What is valid in a policy and yet cannot be meant: rules that never apply, models that nobody may use, patterns that match
//! nothing.
//!
//! For the command line alone, by the feature `findings`: no proxy needs it, and the module is loaded for every worker. It
//! stands beside what it looks at, so that nothing of the compiled policy has to be opened for it.
//!
//! No false alarm: what is found dead is dead for every request, which a property test holds by searching for a witness. What
//! only several rules together make dead is not found.

mod budgets;
mod callers;
mod conditions;
mod contradiction;
mod cover;
mod forgeable;
mod labels;
mod paths;
mod prices;
mod reach;
mod refusals;
mod rules;
mod serving;
mod shares;
mod takers;
mod tenants;
mod windows;
mod written;

#[cfg(test)]
mod tests;

use super::Policy;
use pointsman_document::Document;

/// What kind of mistake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A rule that an earlier one takes every request from.
    ShadowedRule,
    /// A rule whose conditions no request meets.
    DeadRule,
    /// A condition that no client of the rule's APIs meets in earnest.
    IdleCondition,
    /// A part of conditions that changes nothing.
    IdlePart,
    /// A condition that holds for less than it seems to.
    EmptyValue,
    /// A rule that refuses all that it routes.
    UnservableRule,
    /// A rule that refuses all that it routes, for some tenants.
    TenantRefused,
    /// A rule that passes on what no rule takes.
    PassesOnToNone,
    /// A target, fallback, rollout or mirror that is always left out.
    AlwaysLeftOut,
    /// A weight that decides nothing.
    ShareWithoutEffect,
    /// A rollout by tenant where nobody is a tenant.
    RolloutWithoutTenants,
    /// A tenant that an earlier one takes every caller from.
    ShadowedTenant,
    /// A tenant that may use no model.
    TenantWithoutModels,
    /// A label value that no model has.
    UnknownLabelValue,
    /// A pattern that matches no model.
    UnmatchedPattern,
    /// A star, or a space, where it stands for itself.
    LiteralStar,
    /// A profile that no tenant has.
    UnusedProfile,
    /// A tenant that a client can choose to be.
    ForgeableTenant,
    /// A tenant whose limits its callers can leave out.
    TenantToLeave,
    /// A label of tenants that no rule asks for.
    UnaskedLabel,
    /// A principal that no certificate has.
    PrincipalWithoutScheme,
    /// A model that no request gets to.
    UnreachableModel,
    /// A model that serves no API.
    ModelWithoutApis,
    /// An alias that nothing gives a model.
    AliasWithoutModel,
    /// A refusal that an alias leads past.
    AliasPastRefusal,
    /// A refusal that a client can get around.
    AvoidableRefusal,
    /// A model without a price, where others of its provider have one.
    MissingPrice,
    /// A model whose window is kept for output as a whole.
    ReservedWindow,
    /// A budget that limits nobody.
    IdleBudget,
    /// A budget whose accounts clients choose.
    ChosenAccount,
    /// A budget that leaves nothing to go on with.
    DowngradeToNothing,
}

/// One thing that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What kind of mistake it is.
    pub kind: Kind,
    /// The field, as `rules[2].route.targets[0]`.
    pub at: String,
    /// What is wrong with it, as a sentence without its field. Other rules and tenants are called by their names.
    pub message: String,
    /// The field that it is about as well, such as the rule that comes first.
    pub related: Option<String>,
}

/// How much of the author's policy this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// What was left when its errors were taken out: nothing can be said of what nobody refers to.
    Part,
}

/// What all searches look at, and where they leave what they find.
struct Search<'a> {
    policy: &'a Policy,
    document: &'a Document,
    found: Vec<Found>,
}

impl Search<'_> {
    fn find(&mut self, kind: Kind, at: impl Into<String>, message: impl Into<String>) {
        self.found.push(Found { kind, at: at.into(), message: message.into(), related: None });
    }

    fn find_beside(
        &mut self,
        kind: Kind,
        at: impl Into<String>,
        message: impl Into<String>,
        related: impl Into<String>,
    ) {
        self.found.push(Found { kind, at: at.into(), message: message.into(), related: Some(related.into()) });
    }
}

/// Everything that cannot be meant. `document` is the one that the policy was read from.
#[must_use]
pub fn of(policy: &Policy, document: &Document, extent: Extent) -> Vec<Found> {
    let mut search = Search { policy, document, found: Vec::new() };
    let shadowed = tenants::shadowed(&mut search);
    tenants::check(&mut search, &shadowed);
    written::check(&mut search);
    let (takers, dead) = rules::check(&mut search);
    conditions::check(&mut search);
    serving::check(&mut search, &takers, &dead);
    shares::check(&mut search);
    forgeable::check(&mut search, &dead);
    if extent == Extent::Whole {
        written::profiles(&mut search);
        labels::check(&mut search);
        tenants::to_leave(&mut search, &shadowed);
        rules::passing_on(&mut search, &dead);
        serving::own_fallbacks(&mut search);
        refusals::check(&mut search, &takers, &dead);
        reach::check(&mut search, &shadowed, &dead);
        prices::check(&mut search);
    }
    prices::compared(&mut search);
    windows::check(&mut search);
    budgets::check(&mut search);
    search.found
}

/// Names as a list in a sentence, as many as people read.
fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    const SHOWN: usize = 8;
    let mut names = names.into_iter();
    let shown: Vec<String> = names.by_ref().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.count() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
