//! A short text that is compared with known ones.

/// At most [`Word::CAPACITY`] bytes; anything longer equals nothing.
///
/// `json::Name` is made for what clients send, and folds it as forgiving servers do. An answer is read by its exact spelling,
/// many times a second, and camel case would be folded letter by letter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    bytes: [u8; Self::CAPACITY],
    len: usize,
}

impl Word {
    /// No key or word that matters is longer.
    const CAPACITY: usize = 40;

    pub(super) const fn new() -> Self {
        Self { bytes: [0; Self::CAPACITY], len: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    pub(super) fn push(&mut self, text: &[u8]) {
        match self.bytes.get_mut(self.len..).and_then(|free| free.get_mut(..text.len())) {
            Some(space) => {
                space.copy_from_slice(text);
                self.len += text.len();
            }
            None => self.len = usize::MAX,
        }
    }

    /// The text, or an empty slice when it was too long to be anything known.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Whether it has any text, known or too long.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether it is this word, in any case.
    pub(super) fn is(&self, word: &str) -> bool {
        self.as_bytes().eq_ignore_ascii_case(word.as_bytes())
    }
}
