//! Budgets that a rate limit service counts for all proxies: what Envoy is told of them, in filter state.
//!
//! Envoy asks the service when a request has been given a model; a budget of requests counts it with that. When the answer is over,
//! it tells the service what that has used. What clients send reaches neither: filter state is the module's alone.

use super::Period;
use super::window::rfc3339;
use std::fmt::Write;
use std::sync::Arc;

/// The highest limit that the service knows.
pub(crate) const HIGHEST: u64 = u32::MAX as u64;

/// The most hits that Envoy passes on at once.
const MOST_HITS: u64 = 1_000_000_000;

/// A budget as the service counts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Its name.
    pub name: Arc<str>,
    /// What descriptors call it.
    pub budget: String,
    /// Where Envoy finds what it tells the service.
    pub properties: Properties,
    /// The part of the calendar.
    pub period: Period,
    /// How many requests, tokens or millionths of the currency one hit stands for.
    step: u64,
    /// How many hits a request takes by asking.
    pub first: u32,
    /// What the service has as its limit. It refuses who takes it beyond that.
    pub limit: u32,
}

impl Counter {
    pub(crate) fn new(name: &Arc<str>, period: Period, counts_requests: bool, limit: u64) -> Self {
        let (name, budget, step) = (Arc::clone(name), escaped(name), step(limit));
        let first = u32::from(counts_requests);
        // Who takes nothing takes it nowhere: one below the limit, there is nothing left.
        let limit = u32::try_from(limit / step).unwrap_or(u32::MAX) - (1 - first);
        Self { name, properties: Properties::of(&budget), budget, period, step, first, limit }
    }

    /// So much of the budget, rounded up.
    #[must_use]
    pub fn hits_of(&self, amount: u64) -> u64 {
        amount.div_ceil(self.step).min(MOST_HITS)
    }
}

/// Filter state by which Envoy and the module speak of a budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Properties {
    /// Whose account a request is about to use.
    pub asks: String,
    /// Whose account it has used.
    pub owes: String,
    /// How much, in hits.
    pub hits: String,
}

impl Properties {
    /// Those of the budget that descriptors call so.
    #[must_use]
    pub fn of(budget: &str) -> Self {
        let property = |what: &str| format!("pointsman_{what}_{budget}");
        Self { asks: property("asks"), owes: property("owes"), hits: property("hits") }
    }
}

/// Whose account of a budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// The budget.
    pub counter: Arc<Counter>,
    account: String,
}

impl Descriptor {
    pub(crate) fn new(counter: &Arc<Counter>, account: &str) -> Self {
        Self { counter: Arc::clone(counter), account: escaped(account) }
    }

    /// The account in the window that a moment falls into. The service has no months: its own are 30 days, counted from 1970. So
    /// each month is an account for itself, of a year.
    #[must_use]
    pub fn value(&self, now: u64) -> String {
        match self.counter.period {
            Period::Month => format!("{}/{}", rfc3339(now).get(..7).unwrap_or_default(), self.account),
            _ => self.account.clone(),
        }
    }
}

/// The smallest power of ten in which the limit is one that the service knows.
const fn step(limit: u64) -> u64 {
    let mut step = 1_u64;
    while limit / step > HIGHEST {
        step = step.saturating_mul(10);
    }
    step
}

/// A name in which nothing ends a command of Envoy's or a part of a key in Redis: there, `_` stands between the parts. No two names
/// become one.
fn escaped(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.') {
            escaped.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "_{byte:02x}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_the_service_cannot_count_is_counted_in_steps() {
        let counter = |limit| Counter::new(&"a".into(), Period::Day, true, limit);
        let all = [1, 4_294_967_295, 4_294_967_296, 500_000_000_000];
        assert_eq!(all.map(|limit| counter(limit).step), [1, 1, 10, 1_000]);
        assert_eq!(all.map(|limit| counter(limit).limit), [1, 4_294_967_295, 429_496_729, 500_000_000]);
        let tokens = |limit| Counter::new(&"a".into(), Period::Day, false, limit).limit;
        assert_eq!([1, 1_000, 4_294_967_296].map(tokens), [0, 999, 429_496_728]);
        assert_eq!([0, 1, 1_000, 1_001].map(|amount| counter(500_000_000_000).hits_of(amount)), [0, 1, 1, 2]);
        assert_eq!(counter(1).hits_of(u64::MAX), MOST_HITS);
    }

    #[test]
    fn names_are_spelled_so_that_nothing_ends_them() {
        assert_eq!(escaped("finance-money 2.0"), "finance-money_202.0");
        let counter = Counter::new(&"a_b:%)".into(), Period::Day, true, 1);
        assert_eq!(counter.properties.asks, "pointsman_asks_a_5fb_3a_25_29");
    }

    #[test]
    fn each_month_is_an_account_for_itself() {
        let descriptor = |period| Descriptor::new(&Arc::new(Counter::new(&"a".into(), period, true, 1)), "finance");
        // 2026-11-28T04:45:14.5Z
        let value = |period| descriptor(period).value(1_795_841_114_500);
        assert_eq!([Period::Day, Period::Month].map(value), ["finance", "2026-11/finance"]);
    }

    proptest! {
        #[test]
        fn no_two_names_become_one(one in "[a_5f :]{0,6}", other in "[a_5f :]{0,6}") {
            prop_assert_eq!(escaped(&one) == escaped(&other), one == other);
        }

        #[test]
        fn a_limit_is_never_more_than_it_was(limit in 1_u64..1 << 53, amount in 0_u64..1 << 53) {
            let counter = Counter::new(&"a".into(), Period::Hour, true, limit);
            let most = u64::from(counter.limit);
            prop_assert!(most >= 1 && most * counter.step <= limit);
            prop_assert!(counter.hits_of(amount) == MOST_HITS || counter.hits_of(amount) * counter.step >= amount);
        }
    }
}
