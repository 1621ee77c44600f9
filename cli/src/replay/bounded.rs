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
        // Most names are there, and need no copy to be found.
        if self.0.contains_key(name) || self.0.len() < MOST {
            if !self.0.contains_key(name) {
                self.0.insert(name.to_owned(), T::default());
            }
            return self.0.entry(name.to_owned()).or_default();
        }
        self.0.entry(OTHERS.to_owned()).or_default()
    }

    /// Adds what others have counted.
    pub(crate) fn add(&mut self, other: Self, add: impl Fn(&mut T, T)) {
        for (name, count) in other.0 {
            add(self.of(&name), count);
        }
    }
}
