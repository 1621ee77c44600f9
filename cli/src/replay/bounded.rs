//! Counts by name. Names come out of files: of too many, those that come late are counted together.

use std::collections::BTreeMap;

/// More names than any report is read for.
const MOST: usize = 2_000;

/// What is counted under names beyond those.
const OTHERS: &str = "(others)";

/// Counts by name.
#[derive(Clone, Debug)]
pub(crate) struct ByName<T>(pub(crate) BTreeMap<String, T>);

impl<T> Default for ByName<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Default> ByName<T> {
    /// What is counted under a name.
    pub(crate) fn of(&mut self, name: &str) -> &mut T {
        let name = if self.0.len() < MOST || self.0.contains_key(name) { name } else { OTHERS };
        self.0.entry(name.to_owned()).or_default()
    }

    /// Adds what others have counted.
    pub(crate) fn add(&mut self, other: Self, add: impl Fn(&mut T, T)) {
        for (name, count) in other.0 {
            add(self.of(&name), count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_names_the_late_ones_are_counted_together() {
        let mut counts = ByName::<u64>::default();
        for round in 0..2 {
            (0..MOST + 10).for_each(|name| *counts.of(&name.to_string()) += 1);
            assert_eq!((counts.0.len(), counts.of(OTHERS)), (MOST + 1, &mut (10 * (round + 1))));
        }
    }
}
