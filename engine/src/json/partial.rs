//! A character that a chunk has cut.

use super::Fault;

/// The beginning of a character whose rest is in the next chunk. Empty if there is none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Partial {
    bytes: [u8; 4],
    len: usize,
}

impl Partial {
    pub(crate) fn of(cut: &[u8]) -> Self {
        let mut partial = Self::default();
        for (slot, byte) in partial.bytes.iter_mut().zip(cut) {
            *slot = *byte;
        }
        partial.len = cut.len();
        partial
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// Adds the next byte. The character, once it is complete.
    pub(crate) fn push(&mut self, byte: u8) -> Result<Option<&[u8]>, Fault> {
        let slot = self.bytes.get_mut(self.len).ok_or(Fault::Encoding)?;
        *slot = byte;
        self.len += 1;
        let seen = self.bytes.get(..self.len).ok_or(Fault::Encoding)?;
        match std::str::from_utf8(seen) {
            Ok(_) => Ok(Some(seen)),
            Err(error) if error.error_len().is_some() => Err(Fault::Encoding),
            Err(_) => Ok(None),
        }
    }
}
