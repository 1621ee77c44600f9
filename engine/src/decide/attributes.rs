//! What a request is besides its body: API, path, headers, and who is calling.

#[cfg(any(test, feature = "replay"))]
mod told;

use super::budget::{self, Standing};
use super::sticky::StickyKey;
use super::when::Proved;
use super::witness::Witness;
use super::{identity, session};
use crate::api::{Api, Family};
use crate::claim::Claim;
use crate::corridor::Caller;
use crate::live::Knowledge;
use crate::policy::{ClaimSlot, HeaderSlot, HeaderText, KnownHeader, Membership, ModelId, Policy};
use crate::reason::Reason;
use crate::record::{Disposition, Record, UsedBudget};
use crate::request::envelope::HeaderList;
use crate::request::named::Named;
use std::sync::Arc;

/// Copied once, when the headers arrive: the host takes them back before the body is read.
#[derive(Debug)]
pub(crate) struct Attributes {
    pub(crate) api: Api,
    /// Whose errors and conventions the client expects.
    pub(crate) family: Family,
    /// Whether nothing is generated: the request is only counted.
    pub(crate) only_counts: bool,
    /// As the client called it, query included. Kept once, for conditions and for what is written of it.
    path: Box<[u8]>,
    pub(crate) tenants: Membership,
    /// Models whose providers have said that a limit is used up, and that are left out for it.
    pub(crate) demoted: Box<[ModelId]>,
    /// The accounts of budgets that the request is about.
    pub(crate) standings: Vec<Standing>,
    /// The session that a known client has named in its headers; `None` where nobody asks.
    pub(crate) session: Option<StickyKey>,
    /// The headers that the policy looks at, by slot.
    headers: Box<[Option<HeaderText>]>,
    /// The claims that rules look at, by slot.
    claims: Box<[Option<Claim<'static>>]>,
    /// Who is calling, for expressions that ask.
    pub(super) proved: Option<Box<Proved>>,
    /// When these were asked for, or somebody looked at the clock for a rule, in milliseconds since 1970.
    pub(crate) asked_at: u64,
    /// Whether somebody is a tenant could not be said. Then the caller is nobody, whatever comes behind it.
    pub(crate) is_caller_unclear: bool,
    /// Who watches the decision.
    pub(crate) witness: Witness,
}

impl Attributes {
    pub(crate) fn new(policy: &Policy, api: Api, path: &[u8], headers: &HeaderList<'_>, caller: &dyn Caller) -> Self {
        let session = policy.wanted().text.identity.then(|| session::named(headers)).flatten();
        let headers = policy.headers().iter().map(|known| value(headers, known)).collect::<Box<[_]>>();
        let claims = policy.claims().iter().map(|path| Some(caller.claim(path)?.into_owned())).collect();
        let tenants = identity::membership(policy, &headers, caller, &Witness::default());
        let is_caller_unclear = tenants.is_none();
        let (tenants, family, only_counts) = (tenants.unwrap_or_default(), api.family(), api.only_counts());
        let proved = Proved::of(policy, tenants.main(), caller);
        Self {
            api,
            family,
            only_counts,
            path: path.into(),
            tenants,
            demoted: Box::default(),
            standings: Vec::new(),
            session,
            headers,
            claims,
            proved,
            asked_at: 0,
            is_caller_unclear,
            witness: Witness::default(),
        }
    }

    /// The same request, with what its path says besides the API.
    pub(crate) fn named(self, named: Option<&Named>) -> Self {
        match named {
            Some(named) => Self { family: named.family, only_counts: self.only_counts || named.only_counts, ..self },
            None => self,
        }
    }

    /// The path that the client called, query included.
    pub(crate) fn path(&self) -> &[u8] {
        &self.path
    }

    /// The path without its query.
    pub(crate) fn bare_path(&self) -> &[u8] {
        self.path.split(|byte| *byte == b'?').next().unwrap_or_default()
    }

    /// Whether a model answers with text.
    pub(crate) fn generates(&self) -> bool {
        Api::GENERATING.contains(&self.api) && !self.only_counts && !self.bare_path().ends_with(b":embedContent")
    }

    /// Writes down what the decision goes by: of the tenants now, of all else as it is asked.
    #[cfg(any(test, feature = "trace"))]
    pub(crate) fn watch(&mut self, policy: &Policy, caller: &dyn Caller) {
        self.witness = Witness::watching();
        identity::membership(policy, &self.headers, caller, &self.witness);
    }

    /// How much of what the client has sent is kept here.
    pub(crate) fn kept(&self) -> usize {
        self.path.len()
            + self.proved.as_ref().map_or(0, |proved| proved.size())
            + self.headers.iter().flatten().map(HeaderText::size).sum::<usize>()
            + self.claims.iter().flatten().map(Claim::size).sum::<usize>()
    }

    /// The decision has fallen: nothing looks at the headers and the path any more.
    pub(crate) fn forget(&mut self) {
        if self.witness.is_watching() {
            return;
        }
        (self.path, self.headers, self.claims) = (Box::default(), Box::default(), Box::default());
    }

    /// The same request, with what is known of models and budgets, if anything of that can matter.
    pub(crate) fn knowing(self, policy: &Policy, caller: &dyn Caller, known: &dyn Knowledge) -> Self {
        let standings = budget::standings(policy, &self, caller);
        if !policy.takes_feedback() && standings.is_empty() && !policy.tells_time() {
            return self;
        }
        let accounts: Vec<_> = standings.iter().filter_map(|standing| standing.account(policy)).collect();
        let live = known.live(&accounts);
        let demoted = if policy.takes_feedback() { live.demoted(policy).into() } else { Box::default() };
        let standings = standings.into_iter().map(|standing| standing.known(policy, &live)).collect();
        Self { demoted, standings, asked_at: live.now(), ..self }
    }

    /// The accounts of which something is used, for the record.
    pub(crate) fn used_budgets(&self, policy: &Policy) -> Vec<UsedBudget> {
        let used = self.standings.iter().filter(|standing| standing.used > 0);
        used.filter_map(|standing| {
            let model = standing.model.and_then(|model| policy.model(model)).map(|model| Arc::clone(&model.name));
            Some(UsedBudget { budget: Arc::clone(&policy.budget(standing.budget)?.name), model, used: standing.used })
        })
        .collect()
    }

    /// What those models are called.
    pub(crate) fn demoted_names(&self, policy: &Policy) -> Vec<Arc<str>> {
        self.demoted.iter().filter_map(|id| Some(Arc::clone(&policy.model(*id)?.name))).collect()
    }

    /// What every record of this request holds.
    pub(crate) fn record(&self, policy: &Policy, action: Disposition, reason: Reason) -> Record {
        let at = Some(self.asked_at / 1_000).filter(|at| *at > 0 && policy.tells_time());
        Record { api: Some(self.api), at, ..Record::under(policy, &self.tenants, action, reason) }
    }

    /// The value of a header that the policy looks at.
    pub(crate) fn header(&self, slot: HeaderSlot) -> Option<&HeaderText> {
        self.headers.get(usize::from(slot.0))?.as_ref()
    }

    /// A claim that rules look at.
    pub(crate) fn claim(&self, slot: ClaimSlot) -> Option<&Claim<'static>> {
        self.claims.get(usize::from(slot.0))?.as_ref()
    }

    /// The header in that place.
    pub(crate) fn header_at(&self, slot: usize) -> Option<&HeaderText> {
        self.headers.get(slot)?.as_ref()
    }
}

fn value(headers: &HeaderList<'_>, wanted: &KnownHeader) -> Option<HeaderText> {
    let named = headers.iter().filter(|(name, _)| *name == wanted.name.as_bytes());
    HeaderText::of(wanted.longest_searched(), named.map(|(_, value)| *value))
}
