//! What is known besides a request: who sends it, when, and what is used up by then.

use super::input::{Input, What};
use super::{Arguments, claim, moment, token};
use pointsman_engine::live::Balance;
use pointsman_engine::{Exchange, Live, Policy};
use serde_json::Value;

/// The options that speak of it.
pub(super) struct Circumstances {
    claims: Value,
    /// The token as it was given.
    token: Option<Value>,
    live: Live,
}

impl Circumstances {
    pub(super) fn of(policy: &Policy, arguments: &Arguments) -> Result<Self, String> {
        if let Some(name) = arguments.demoted.iter().find(|name| policy.model_named(name).is_none()) {
            return Err(format!("--demoted: no model `{name}` in the catalog"));
        }
        let token = arguments.jwt.as_deref().map(token::read).transpose()?;
        // Who is not asked for the time has no clock: the same policy and request print the same tomorrow.
        let now = if policy.tells_time() { arguments.at.unwrap_or_else(moment::now) } else { 0 };
        let live = Live::demoting(arguments.demoted.clone()).spending(balances(policy, &arguments.spent)?, now);
        Ok(Self { claims: claim::payload(token.clone(), &arguments.claims)?, token, live })
    }

    /// What the options say for nothing, and what they leave to the proxy.
    pub(super) fn warnings(&self, policy: &Policy, arguments: &Arguments, inputs: &[Input]) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(token) = &self.token {
            warnings.extend(token::warnings(token, arguments.at.unwrap_or_else(moment::now)));
        }
        if arguments.at.is_some() && !policy.tells_time() {
            warnings.push("--at changes nothing: no rule has a `schedule`".into());
        }
        if !arguments.demoted.is_empty() && !policy.takes_feedback() {
            warnings.push(
                "--demoted changes nothing: the policy takes no `feedback`, or no model has another to stand in".into(),
            );
        }
        let is_recorded = |input: &Input| matches!(input.what, Ok(What::Record(_)));
        if !inputs.is_empty() && inputs.iter().all(is_recorded) && arguments.speaks_of_requests() {
            warnings.push("what a record tells is taken from it: options about the request change nothing".into());
        }
        warnings
    }

    /// The request under these circumstances.
    pub(super) fn around(&self, mut exchange: Exchange, arguments: &Arguments) -> Exchange {
        if let Some(path) = &arguments.path {
            exchange.path.clone_from(path);
        }
        if let Some(method) = &arguments.method {
            exchange.method.clone_from(method);
        }
        for (name, value) in &arguments.headers {
            // A header given here stands in for the one in the file.
            exchange.headers.retain(|(present, _)| present != name);
            exchange.headers.push((name.clone(), value.clone()));
        }
        exchange.principal.clone_from(&arguments.principal);
        exchange.claims.clone_from(&self.claims);
        exchange.live.clone_from(&self.live);
        exchange
    }
}

impl Arguments {
    fn speaks_of_requests(&self) -> bool {
        let is_said = self.path.is_some() || self.method.is_some() || self.principal.is_some() || self.jwt.is_some();
        let is_listed = !self.headers.is_empty() || !self.claims.is_empty() || !self.demoted.is_empty();
        is_said || is_listed || !self.spent.is_empty() || self.at.is_some()
    }
}

fn balances(policy: &Policy, spent: &[(String, f64)]) -> Result<Vec<Balance>, String> {
    let balance = |(account, amount): &(String, f64)| {
        policy.spent(account, *amount).ok_or_else(|| {
            let names: Vec<_> = policy.budget_names().map(|name| format!("`{name}`")).collect();
            let known = if names.is_empty() { "it has none".into() } else { format!("there is {}", names.join(", ")) };
            format!("--spent: no budget `{account}` in the policy; {known}")
        })
    };
    spent.iter().map(balance).collect()
}
