//! The flags of one request, as far as they are known.

use super::{Flag, FlagSet, Says};

/// What a body has said of the flags so far.
#[derive(Clone, Copy, Debug)]
pub(in crate::request) struct Found {
    /// What is looked for.
    wanted: FlagSet,
    /// What is so. It stays so.
    set: FlagSet,
    /// What cannot be so any more.
    never: FlagSet,
    /// What is neither so nor not so.
    unreadable: FlagSet,
    /// Whether something in the value in progress has said no.
    refused: bool,
    /// Whether nothing but `null` has been in it so far.
    is_empty: bool,
}

impl Found {
    pub(in crate::request) fn new(wanted: FlagSet) -> Self {
        let (set, never, unreadable) = (FlagSet::default(), FlagSet::default(), FlagSet::default());
        Self { wanted, set, never, unreadable, refused: false, is_empty: true }
    }

    /// Nothing is looked for any more.
    pub(in crate::request) fn dismiss(&mut self) {
        self.wanted = FlagSet::default();
    }

    /// The value of a top-level member begins.
    pub(in crate::request) fn begin_value(&mut self) {
        (self.refused, self.is_empty) = (false, true);
    }

    /// A value inside of it, other than `null`.
    pub(in crate::request) fn fill(&mut self) {
        self.is_empty = false;
    }

    /// Notes what a value says. Whether it must be looked into. The first word counts: a decision may stand on it.
    pub(in crate::request) fn hear(&mut self, flag: Flag, says: Says) -> bool {
        match says {
            Says::Nothing => {}
            Says::Yes | Says::Never | Says::Unreadable if self.get(flag).is_some() => {}
            Says::Yes => self.set.insert(flag),
            Says::No => self.refused = true,
            Says::Never => self.never.insert(flag),
            Says::Unreadable => self.unreadable.insert(flag),
            Says::Search => {
                self.refused = true;
                return self.wanted.contains(flag);
            }
            Says::Look => return self.wanted.contains(flag),
        }
        false
    }

    /// An object that was looked into ends.
    pub(in crate::request) fn end(&mut self, flag: Flag) {
        self.hear(flag, flag.end(self.refused, self.is_empty));
    }

    /// Whether the body says something of it that is neither yes nor no.
    pub(in crate::request) fn is_unreadable(&self, flag: Flag) -> bool {
        self.unreadable.contains(flag)
    }

    /// What is in `flags` is so.
    pub(in crate::request) fn set_all(&mut self, flags: FlagSet) {
        self.set = self.set.with(flags);
    }

    pub(in crate::request) fn set(&mut self, flag: Flag) {
        self.set.insert(flag);
    }

    /// Whether a flag is set, if the body has said it.
    pub(in crate::request) fn get(&self, flag: Flag) -> Option<bool> {
        if self.set.contains(flag) {
            Some(true)
        } else if self.never.contains(flag) {
            Some(false)
        } else {
            None
        }
    }
}
