//! A sheet as it is shared: bytes, of a version.

use super::{CAPACITY, Entry, Hold, Key, LATEST_NUMBER, MOST_HOLDS, Sheet, Used};
use crate::budget::window::MOST_PARTS;

/// The version of a sheet's shape: several versions of the module may share it.
pub(super) const VERSION: u8 = 1;

impl Sheet {
    /// Reads a sheet; `None` for what is none, or is one of another version.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(&[VERSION])?;
        let (latest, last_hold) = (number(&mut rest)?, number(&mut rest)?);
        let mut accounts: Vec<(Key, Entry)> = Vec::new();
        while !rest.is_empty() {
            let (key, counts);
            (key, rest) = rest.split_first_chunk::<{ Key::SIZE }>()?;
            (counts, rest) = rest.split_first_chunk()?;
            let ([used, holds], key) = (*counts, Key(*key));
            let entry = Entry { used: parts(used, &mut rest)?, holds: self::holds(holds, &mut rest)? };
            let own = accounts.iter().filter(|(known, _)| *known != Key::OTHERS).count();
            let is_full = key != Key::OTHERS && own >= CAPACITY;
            if is_full || accounts.iter().any(|(known, _)| *known == key) {
                return None;
            }
            accounts.push((key, entry));
        }
        // No sheet of ours has come to where the numbers end; from there on two holds would have the same.
        let holds = accounts.iter().flat_map(|(_, entry)| &entry.holds);
        let latest_hold = holds.map(|hold| hold.number).fold(last_hold, u64::max);
        (latest_hold <= 2 * LATEST_NUMBER).then_some(Self { latest, last_hold, accounts })
    }

    /// The sheet as it is shared.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(32 + self.accounts.len() * 64);
        bytes.push(VERSION);
        let put = |number: u64, bytes: &mut Vec<u8>| bytes.extend(number.to_le_bytes());
        put(self.latest, &mut bytes);
        put(self.last_hold, &mut bytes);
        for (key, Entry { used, holds }) in &self.accounts {
            bytes.extend(key.0);
            // Neither can be longer: see `MOST_PARTS` and `MOST_HOLDS`.
            let count = |length: usize| u8::try_from(length).unwrap_or(u8::MAX);
            bytes.extend([count(used.len()), count(holds.len())]);
            for Used { part, amount } in used {
                put(*part, &mut bytes);
                put(*amount, &mut bytes);
            }
            for Hold { number, since, amount } in holds {
                put(*number, &mut bytes);
                put(*since, &mut bytes);
                put(*amount, &mut bytes);
            }
        }
        bytes
    }
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let (number, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(u64::from_le_bytes(*number))
}

fn parts(count: u8, rest: &mut &[u8]) -> Option<Vec<Used>> {
    let mut parts: Vec<Used> = Vec::new();
    for _ in 0..count {
        let used = Used { part: number(rest)?, amount: number(rest)? };
        if parts.last().is_some_and(|last| last.part >= used.part) || parts.len() >= MOST_PARTS {
            return None;
        }
        parts.push(used);
    }
    Some(parts)
}

fn holds(count: u8, rest: &mut &[u8]) -> Option<Vec<Hold>> {
    let mut holds: Vec<Hold> = Vec::new();
    for _ in 0..count {
        let hold = Hold { number: number(rest)?, since: number(rest)?, amount: number(rest)? };
        if holds.iter().any(|known| known.number == hold.number) || holds.len() >= MOST_HOLDS {
            return None;
        }
        holds.push(hold);
    }
    Some(holds)
}
