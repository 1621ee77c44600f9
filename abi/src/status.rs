//! What a host call says of itself.

use std::fmt;
use std::num::NonZeroU32;

/// A status other than `OK`, as the host reported it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(NonZeroU32);

impl Status {
    /// There is no such thing.
    pub const NOT_FOUND: Self = Self::new(1);
    /// What the host handed over was not where it said.
    pub const INVALID_MEMORY: Self = Self::new(6);
    /// Somebody else has changed the shared value since it was read.
    pub const CAS_MISMATCH: Self = Self::new(8);
    /// The host does not know the call.
    pub const UNIMPLEMENTED: Self = Self::new(12);

    /// A status by its number; 0, which is no failure, reads as the first that is one.
    #[must_use]
    pub const fn new(code: u32) -> Self {
        match NonZeroU32::new(code) {
            Some(code) => Self(code),
            None => Self(NonZeroU32::MIN),
        }
    }

    /// Its number.
    #[must_use]
    pub const fn code(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "host status {}", self.0)
    }
}

pub(crate) fn done(code: u32) -> Result<(), Status> {
    match NonZeroU32::new(code) {
        None => Ok(()),
        Some(code) => Err(Status(code)),
    }
}
