//! What requests take of budgets, in data that all workers of a proxy share.
//!
//! A sheet of accounts is one value, changed by compare and swap. It is made by whoever needs it first, and it does not end with
//! a policy: a change of the policy is nobody's new month. A restart of the proxy is, and nothing crosses to other proxies.

use crate::feedback;
use crate::host::{self, Headers, Status};
use crate::view::Envoy;
use pointsman_engine::budget::{Account, Answered, Ask, Bill, Charge, Reservation, Sheet, Tokens};
use pointsman_engine::live::{Balance, Knowledge};
use pointsman_engine::stream::View;
use pointsman_engine::stream::router::is_providers_answer;
use pointsman_engine::{Live, Policy, Record};
use std::cell::RefCell;
use std::sync::Arc;

/// How often a change is tried while other workers change the sheet, too. Each time one of them has got on, so it takes as many
/// workers to need them all.
const TRIES: u32 = 64;

/// Finds no value that is there: hosts count their changes from 1, and it takes four billion to get here.
const UNLESS_THERE: u32 = u32::MAX;

/// What this proxy knows of models and budgets.
pub(crate) struct Known<'a>(pub(crate) &'a Policy);

impl Knowledge for Known<'_> {
    fn live(&self, accounts: &[Account]) -> Live {
        let live = if self.0.takes_feedback() { feedback::live(self.0) } else { Live::NOTHING };
        if accounts.is_empty() && !self.0.tells_time() {
            return live;
        }
        let now = feedback::now();
        live.spending(balances(accounts, now), now)
    }
}

/// What is used of accounts. A sheet with several of them is fetched once.
fn balances(accounts: &[Account], now: u64) -> Vec<Balance> {
    let mut sheets: Vec<(String, Sheet)> = Vec::new();
    let mut balances = Vec::with_capacity(accounts.len());
    for account in accounts {
        let name = account.sheet();
        if !sheets.iter().any(|(known, _)| *known == name) {
            let sheet = host::shared(&name).and_then(|(bytes, _)| Sheet::read(&bytes));
            sheets.push((name.clone(), sheet.unwrap_or_default()));
        }
        if let Some((_, sheet)) = sheets.iter().find(|(known, _)| *known == name) {
            balances.push(Balance::of(account, sheet.balance(account.key, account.window, now)));
        }
    }
    balances
}

/// Changes a sheet, and gives what the change gives; `None` where the host does not let it. A change that gives an error is none.
fn change<R, E>(account: &Account, change: impl Fn(&mut Sheet, u64) -> Result<R, E>) -> Option<Result<R, E>> {
    let (name, now) = (account.sheet(), feedback::now());
    for _ in 0..TRIES {
        let (mut sheet, cas) = match host::shared(&name) {
            Some((bytes, cas)) => (Sheet::read(&bytes).unwrap_or_default(), cas),
            None => (Sheet::default(), UNLESS_THERE),
        };
        let result = match change(&mut sheet, now) {
            Ok(result) => result,
            Err(error) => return Some(Err(error)),
        };
        match host::set_shared(&name, &sheet.write(), cas) {
            Ok(()) => return Some(Ok(result)),
            Err(Status::CAS_MISMATCH) => {}
            Err(status) => {
                log::error!("what is used of the budget `{}` could not be kept: {status}", account.budget);
                return None;
            }
        }
    }
    log::error!(
        "what is used of the budget `{}` could not be kept: other workers change it all the time",
        account.budget
    );
    None
}

/// What a machine is told where nothing is left of a budget.
const USED_UP: Status = Status::new(10);

/// Says how an answer came to be.
const ANSWER_DETAILS: &[u8] = b"response\0code_details";

/// What one request has to pay, from when it is given a model until that is settled: once, whatever becomes of it.
#[derive(Debug, Default)]
pub(crate) struct Tab {
    bill: RefCell<Option<Bill>>,
    /// One for each charge that has been dealt with, in their order.
    held: RefCell<Vec<Reservation>>,
    /// The model that is to answer, or has.
    model: RefCell<Option<Arc<str>>>,
}

impl Tab {
    /// Sets aside what the request takes of a budget. Fails where nothing is left of it, and the budget refuses. What the host
    /// does not let us set aside is booked at the end all the same.
    pub(crate) fn reserve(&self, bill: &Bill, charge: &Charge) -> Result<(), Status> {
        let Charge { account, ask, .. } = charge;
        let limit = if charge.refuses { account.limit } else { u64::MAX };
        let reserved = change(account, |sheet, now| sheet.reserve(account.key, *ask, limit, account.window, now));
        self.bill.borrow_mut().get_or_insert_with(|| bill.clone());
        let reservation = match reserved {
            Some(Err(_)) => return Err(USED_UP),
            Some(Ok(reservation)) => reservation,
            None => Reservation::nothing(account.key),
        };
        if let Some(descriptor) = charge.descriptor.as_ref().filter(|_| *ask != Ask::NOTHING) {
            tell(&descriptor.counter.properties.asks, &descriptor.value(feedback::now()));
        }
        self.held.borrow_mut().push(reservation);
        Ok(())
    }

    /// A decision, or who has answered. The model that answers pays.
    pub(crate) fn note(&self, record: &Record) {
        if self.is_due() {
            self.model.replace(record.answering().cloned());
        }
    }

    /// The request goes nowhere: nothing is due.
    pub(crate) fn release(&self) {
        self.close(|_, _| 0);
    }

    /// The answer is over, and has taken so many tokens; they are estimated where they are not known. Only the first call
    /// counts, and one in which nothing is due any more.
    pub(crate) fn settle(&self, tokens: Option<Tokens>) {
        let model = self.model.take();
        self.close(|bill, charge| match model.as_deref() {
            Some(model) => bill.due(charge, Answered::By { model, tokens }),
            None => 0,
        });
    }

    /// Response headers have come. Where Envoy has answered by itself before anything reached a provider, nothing is due;
    /// where a provider answers with an error, a request is and nothing else. The rest shows at the end.
    pub(crate) fn answered(&self, envoy: &Envoy) {
        if !self.is_due() {
            return;
        }
        if is_providers_answer(envoy) {
            let status = host::header(Headers::ResponseHeaders, ":status");
            if status.is_none_or(|status| status.first() != Some(&b'2')) {
                self.close(|bill, charge| bill.due(charge, Answered::InVain));
            }
        } else if envoy.property(ANSWER_DETAILS).is_some_and(|details| reached_nobody(&details)) {
            self.release();
        }
    }

    /// Whether something is still to be paid or given back.
    pub(crate) fn is_due(&self) -> bool {
        self.bill.borrow().is_some()
    }

    fn close(&self, due: impl Fn(&Bill, &Charge) -> u64) {
        let Some(bill) = self.bill.take() else { return };
        for (charge, reservation) in bill.charges().iter().zip(self.held.take()) {
            let (Account { window, .. }, due) = (&charge.account, due(&bill, charge));
            if let Some((descriptor, hits)) = charge.owed(due) {
                let properties = &descriptor.counter.properties;
                tell(&properties.owes, &descriptor.value(feedback::now()));
                tell(&properties.hits, &hits.to_string());
            }
            if due == 0 && reservation.amount() == 0 {
                continue;
            }
            let _ = change(&charge.account, |sheet, now| {
                sheet.settle(&reservation, due, *window, now);
                Ok::<_, Status>(())
            });
        }
    }
}

/// What Envoy tells the rate limit service, in filter state.
fn tell(property: &str, value: &str) {
    if let Err(status) = host::set_property(property, value.as_bytes()) {
        log::error!("the rate limit service could not be told of a budget in `{property}`: {status}");
    }
}

/// A stream that ends without a word has gone out: what was set aside for it is due, as nobody knows better.
impl Drop for Tab {
    fn drop(&mut self) {
        self.settle(None);
    }
}

/// Did Envoy answer by itself before the request reached a provider? Where it could not even connect, it says so in braces.
fn reached_nobody(details: &[u8]) -> bool {
    let has = |part: &[u8]| details.windows(part.len()).any(|at| at == part);
    matches!(details, b"cluster_not_found" | b"route_not_found" | b"no_healthy_upstream" | b"maintenance_mode")
        // By the rate limit service, or because it could not be asked.
        || matches!(details, b"request_rate_limited" | b"rate_limiter_error")
        || has(b"connection_failure")
        || has(b"connection_timeout")
        || has(b"overflow")
}
