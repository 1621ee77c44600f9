//! Sets of flags, one bit for each.

use super::Flag;

/// A set of flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FlagSet(u16);

impl FlagSet {
    pub(crate) fn insert(&mut self, flag: Flag) {
        self.0 |= 1 << flag as u16;
    }

    /// What is in either.
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn contains(self, flag: Flag) -> bool {
        self.0 >> (flag as u16) & 1 == 1
    }

    /// In the order of the table.
    pub(crate) fn iter(self) -> impl Iterator<Item = Flag> {
        Flag::ALL.iter().copied().filter(move |flag| self.contains(*flag))
    }
}

impl FromIterator<Flag> for FlagSet {
    fn from_iter<I: IntoIterator<Item = Flag>>(flags: I) -> Self {
        let mut set = Self::default();
        flags.into_iter().for_each(|flag| set.insert(flag));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_fits() {
        assert!(Flag::ALL.len() <= 16);
        let all: FlagSet = Flag::ALL.iter().copied().collect();
        assert_eq!(all.iter().collect::<Vec<_>>(), Flag::ALL);
        assert!(Flag::ALL.iter().all(|flag| !FlagSet::default().contains(*flag)));
    }
}
