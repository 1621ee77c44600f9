//! The models that are left out for a while, as all workers of a proxy share them.
//!
//! A value with a written form: whoever holds it says what time it is.

use super::Live;
use crate::response::limits::LONGEST_PAUSE;

/// Models that are left out for a while. Times are in milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demotions(Vec<Demotion>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Demotion {
    model: String,
    from: u64,
    until: u64,
}

impl Demotion {
    /// A clock that has been set back ends it, too: it would last for nobody knows how long.
    fn is_in_force(&self, now: u64) -> bool {
        (self.from..self.until).contains(&now)
    }
}

impl Demotions {
    /// The version of the table's shape: several versions of the module may share it.
    const VERSION: u8 = 1;
    /// The most models it holds, so that neither it nor reading it can grow.
    const MOST: usize = 64;
    /// What is newer by less than this is not worth a change that all workers see.
    const NOT_WORTH_IT: u64 = 1_000;

    /// Reads the table. One that cannot be read is empty: nobody is left out by mistake.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        Self::entries(bytes).unwrap_or_default()
    }

    fn entries(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(&[Self::VERSION])?;
        let mut entries = Vec::new();
        while !rest.is_empty() {
            let (from, until, length, model);
            (from, rest) = rest.split_first_chunk()?;
            (until, rest) = rest.split_first_chunk()?;
            (length, rest) = rest.split_first_chunk()?;
            (model, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
            let model = std::str::from_utf8(model).ok()?.to_owned();
            entries.push(Demotion { model, from: u64::from_le_bytes(*from), until: u64::from_le_bytes(*until) });
        }
        (entries.len() <= Self::MOST).then_some(Self(entries))
    }

    /// The table as it is shared.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = vec![Self::VERSION];
        for Demotion { model, from, until } in &self.0 {
            let Ok(length) = u16::try_from(model.len()) else { continue };
            bytes.extend(from.to_le_bytes());
            bytes.extend(until.to_le_bytes());
            bytes.extend(length.to_le_bytes());
            bytes.extend(model.bytes());
        }
        bytes
    }

    /// Leaves a model out from now on for so many milliseconds, or longer if that has been said before. Says whether that
    /// changed anything.
    pub fn note(&mut self, model: &str, pause: u64, now: u64) -> bool {
        let until = now.saturating_add(pause.min(LONGEST_PAUSE));
        let is_old_news = |known: u64, new: u64| new < known.saturating_add(Self::NOT_WORTH_IT);
        self.0.retain(|known| known.is_in_force(now));
        match self.0.iter_mut().find(|known| known.model == model) {
            Some(known) if is_old_news(known.until, until) && is_old_news(known.from, now) => return false,
            // Several limits can be told of at once, and the longest holds. What is told later is how things are now.
            Some(known) if now < known.from.saturating_add(Self::NOT_WORTH_IT) => known.until = until.max(known.until),
            Some(known) => (known.from, known.until) = (now, until),
            None => self.0.push(Demotion { model: model.to_owned(), from: now, until }),
        }
        if self.0.len() > Self::MOST
            && let Some(soonest) = (0..self.0.len()).min_by_key(|at| self.0.get(*at).map(|known| known.until))
        {
            self.0.swap_remove(soonest);
        }
        true
    }

    /// What is known at this moment: a model is left out for at most `longest` milliseconds.
    #[must_use]
    pub fn in_force(&self, now: u64, longest: u64) -> Live {
        let in_force = |known: &&Demotion| known.is_in_force(now) && now < known.from.saturating_add(longest);
        Live::demoting(self.0.iter().filter(in_force).map(|known| known.model.clone()).collect())
    }

    /// Nobody is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Nobody in it is left out any more.
    #[must_use]
    pub fn is_over(&self, now: u64) -> bool {
        !self.0.iter().any(|known| known.is_in_force(now))
    }
}

#[cfg(test)]
mod tests;
