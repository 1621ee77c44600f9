//! Accounts that are kept together, as one value that workers change by compare and swap.
//!
//! A sheet is bounded: proxies can never delete what they share. It has room for [`CAPACITY`] accounts; one in which nothing
//! counts any more makes room, and whoever finds none shares one account with all others, under the same limit.

mod written;

use super::key::Key;
use super::window::Window;
use pointsman_document::order;

/// The accounts that a sheet has room for, besides the one of all others.
pub const CAPACITY: usize = 32;

/// How long, in milliseconds, something is set aside at least for a request of which nobody is heard: ten minutes. What is
/// used by a request that takes longer is booked all the same.
pub const LIFE: u64 = 600_000;

/// What is set aside within so many milliseconds ends together, so that an account takes no more room for many requests.
const TOGETHER: u64 = LIFE / 4;

/// A clock that is set back by less is waited for; one that is set back by more is believed, and what was used in its future
/// counts as used now.
const WAITED_FOR: u64 = 60_000;

/// The most that is set aside at different times at once.
const MOST_HOLDS: usize = 8;

/// What a request takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// As far as it is known.
    pub least: u64,
    /// With what is guessed. So much is set aside, or as much as there is.
    pub most: u64,
}

impl Ask {
    /// Nothing.
    pub const NOTHING: Self = Self { least: 0, most: 0 };
}

/// What is used of an account at some moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// What counts and what is set aside.
    pub used: u64,
    /// When some of it does not count any more.
    pub until: u64,
}

/// What was set aside for a request. It is settled or released once.
#[derive(Debug, PartialEq, Eq)]
pub struct Reservation {
    key: Key,
    hold: u64,
    amount: u64,
}

impl Reservation {
    /// Nothing is set aside, and what is used is booked there all the same.
    #[must_use]
    pub const fn nothing(key: Key) -> Self {
        Self { key, hold: 0, amount: 0 }
    }

    /// How much it is.
    #[must_use]
    pub const fn amount(&self) -> u64 {
        self.amount
    }
}

/// Holds are numbered from the time on, in milliseconds: numbers up to here are left for them, whatever a clock says.
const LATEST_NUMBER: u64 = 1 << 61;

/// The accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// The latest time that has been seen.
    latest: u64,
    /// The hold made last: no two have the same number.
    last_hold: u64,
    accounts: Vec<(Key, Entry)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Entry {
    /// What was used in parts of time, in their order.
    used: Vec<Used>,
    /// What is set aside, in the order of time.
    holds: Vec<Hold>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Used {
    part: u64,
    amount: u64,
}

/// What was set aside together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hold {
    number: u64,
    since: u64,
    amount: u64,
}

impl Hold {
    fn is_in_force(&self, now: u64) -> bool {
        (self.since..self.since.saturating_add(LIFE + TOGETHER)).contains(&now)
    }
}

impl Sheet {
    /// What is used of an account.
    #[must_use]
    pub fn balance(&self, key: Key, window: Window, now: u64) -> Balance {
        let now = self.time(now);
        let first = window.first_counted(window.part(now));
        let own = self.find(key).or_else(|| {
            let is_room = self.accounts.iter().filter(|(key, entry)| *key != Key::OTHERS && entry.counts(first, now));
            (is_room.count() >= CAPACITY).then(|| self.find(Key::OTHERS)).flatten()
        });
        own.map_or_else(|| Entry::default().balance(window, now), |entry| entry.balance(window, now))
    }

    /// Sets aside what a request takes; the balance, where the limit has no room for what it takes at least.
    pub fn reserve(
        &mut self,
        key: Key,
        ask: Ask,
        limit: u64,
        window: Window,
        now: u64,
    ) -> Result<Reservation, Balance> {
        let now = self.go_on(window, now);
        let key = self.open(key);
        let hold = self.last_hold.saturating_add(1).max(now.min(LATEST_NUMBER));
        let Some(entry) = self.entry(key) else { return Ok(Reservation::nothing(key)) };
        let balance = entry.balance(window, now);
        let left = limit.saturating_sub(balance.used);
        if ask.least > left {
            return Err(balance);
        }
        let amount = ask.most.max(ask.least).min(left);
        if amount == 0 {
            return Ok(Reservation::nothing(key));
        }
        let hold = entry.hold(amount, hold, now);
        self.last_hold = self.last_hold.max(hold);
        Ok(Reservation { key, hold, amount })
    }

    /// Books what a request has really used, in place of what was set aside for it.
    pub fn settle(&mut self, reservation: &Reservation, real: u64, window: Window, now: u64) {
        let now = self.go_on(window, now);
        if real == 0 {
            return self.let_go(reservation);
        }
        let key = self.open(reservation.key);
        if let Some(entry) = self.entry(key) {
            entry.book(window.part(now), real);
        }
        self.let_go(reservation);
    }

    /// Ends what was set aside for a request that never went out.
    pub fn release(&mut self, reservation: &Reservation, window: Window, now: u64) {
        self.go_on(window, now);
        self.let_go(reservation);
    }

    /// Nobody has an account.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    fn let_go(&mut self, reservation: &Reservation) {
        if let Some(entry) = self.entry(reservation.key)
            && let Some(hold) = entry.holds.iter_mut().find(|hold| hold.number == reservation.hold)
        {
            hold.amount = hold.amount.saturating_sub(reservation.amount);
        }
        self.sweep();
    }

    /// The time by which the sheet goes.
    fn time(&self, now: u64) -> u64 {
        if now.saturating_add(WAITED_FOR) >= self.latest { now.max(self.latest) } else { now }
    }

    /// Drops what does not count any more.
    fn go_on(&mut self, window: Window, now: u64) -> u64 {
        let now = self.time(now);
        self.latest = now;
        let part = window.part(now);
        let first = window.first_counted(part);
        for (_, entry) in &mut self.accounts {
            entry.go_on(first, part, now);
        }
        self.sweep();
        now
    }

    fn sweep(&mut self) {
        for (_, entry) in &mut self.accounts {
            entry.holds.retain(|hold| hold.amount > 0);
        }
        self.accounts.retain(|(_, entry)| !entry.used.is_empty() || !entry.holds.is_empty());
    }

    /// Makes room for an account; the one of all others, where there is none.
    fn open(&mut self, key: Key) -> Key {
        if self.find(key).is_some() {
            return key;
        }
        let own = self.accounts.iter().filter(|(key, _)| *key != Key::OTHERS).count();
        let key = if own < CAPACITY { key } else { Key::OTHERS };
        if self.find(key).is_none() {
            self.accounts.push((key, Entry::default()));
        }
        key
    }

    fn find(&self, key: Key) -> Option<&Entry> {
        self.accounts.iter().find(|(known, _)| *known == key).map(|(_, entry)| entry)
    }

    fn entry(&mut self, key: Key) -> Option<&mut Entry> {
        self.accounts.iter_mut().find(|(known, _)| *known == key).map(|(_, entry)| entry)
    }
}

impl Entry {
    fn counts(&self, first: u64, now: u64) -> bool {
        self.used.iter().any(|used| used.part >= first) || self.holds.iter().any(|hold| hold.is_in_force(now))
    }

    fn balance(&self, window: Window, now: u64) -> Balance {
        let part = window.part(now);
        let first = window.first_counted(part);
        let counted = || self.used.iter().filter(|used| used.part >= first);
        let held = self.holds.iter().filter(|hold| hold.is_in_force(now)).map(|hold| hold.amount);
        let used = counted().map(|used| used.amount).chain(held).fold(0, u64::saturating_add);
        Balance { used, until: window.end_of(counted().next().map_or(part, |oldest| oldest.part)) }
    }

    fn go_on(&mut self, first: u64, part: u64, now: u64) {
        self.used.retain(|used| used.part >= first);
        self.holds.retain(|hold| hold.is_in_force(now));
        // The clock has been set back: what was used in its future is used now.
        let ahead = self.used.iter().filter(|used| used.part > part).map(|used| used.amount);
        let ahead = ahead.fold(0, u64::saturating_add);
        if ahead > 0 {
            self.used.retain(|used| used.part <= part);
            self.book(part, ahead);
        }
    }

    fn book(&mut self, part: u64, amount: u64) {
        match self.used.iter_mut().find(|used| used.part == part) {
            Some(used) => used.amount = used.amount.saturating_add(amount),
            None => {
                self.used.push(Used { part, amount });
                order::sort_by(&mut self.used, |one, other| one.part.cmp(&other.part));
            }
        }
    }

    /// Sets something aside: with what was set aside just before, or under this number. Gives the number.
    fn hold(&mut self, amount: u64, number: u64, now: u64) -> u64 {
        let is_full = self.holds.len() >= MOST_HOLDS;
        match self.holds.last_mut() {
            Some(last) if is_full || now < last.since.saturating_add(TOGETHER) => {
                last.amount = last.amount.saturating_add(amount);
                last.number
            }
            _ => {
                self.holds.push(Hold { number, since: now, amount });
                number
            }
        }
    }
}

#[cfg(test)]
mod tests;
