//! What rules asked for and could not be read.

use crate::request::flag::Flag;

/// Conditions that could not be judged, one bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unread(u32);

/// `when`.
const WHEN: u32 = 30;

/// `maxOutputTokens`; the other bits are flags.
const MAX_OUTPUT_TOKENS: u32 = 31;

impl Unread {
    pub(super) const NONE: Self = Self(0);

    pub(super) fn flag(&mut self, flag: Flag) {
        self.0 |= 1 << flag as u32;
    }

    pub(super) fn max_output_tokens(&mut self) {
        self.0 |= 1 << MAX_OUTPUT_TOKENS;
    }

    pub(super) fn when(&mut self) {
        self.0 |= 1 << WHEN;
    }

    /// Their names in policies.
    pub(crate) fn names(self) -> Vec<&'static str> {
        let flags = Flag::ALL.iter().filter(|flag| self.0 >> **flag as u32 & 1 == 1).map(|flag| flag.condition());
        let has = |bit: u32, name| (self.0 >> bit & 1 == 1).then_some(name);
        flags.chain(has(MAX_OUTPUT_TOKENS, "maxOutputTokens")).chain(has(WHEN, "when")).collect()
    }
}
