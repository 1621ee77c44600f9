//! The model asked for: the one value that is rewritten.

use super::violation::Violation;

/// The longest name that is read, in bytes.
pub(super) const MAX_NAME: usize = 256;

/// The model asked for, and where its value stands in the body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AskedModel {
    pub(crate) name: String,
    /// The offset of the opening quote.
    pub(crate) start: u64,
    /// The offset behind the closing quote.
    pub(crate) end: u64,
}

impl AskedModel {
    pub(super) fn begin(start: u64) -> Self {
        Self { start, ..Self::default() }
    }

    pub(super) fn push(&mut self, text: &[u8]) {
        // One byte more than allowed is kept, so that the end sees that it was too long.
        let room = (MAX_NAME + 1).saturating_sub(self.name.len());
        let text = std::str::from_utf8(text).unwrap_or("\u{1}");
        self.name.extend(text.chars().take(room));
    }

    /// `null`, which names nothing.
    pub(super) fn null(end: u64) -> Self {
        Self { name: String::new(), start: end.saturating_sub("null".len() as u64), end }
    }

    /// Whether it names nothing: then it is as if no model had been asked for, but for the place where one is written.
    pub(crate) fn is_blank(&self) -> bool {
        self.name.is_empty()
    }

    /// The model, if its name is one. White space alone is none.
    pub(super) fn finish(self, end: u64) -> Result<Self, Violation> {
        if self.name.contains('\0') {
            return Err(Violation::Nul);
        }
        if self.name.len() <= MAX_NAME && self.name.chars().all(char::is_whitespace) {
            return Ok(Self { name: String::new(), end, ..self });
        }
        if self.name.len() > MAX_NAME || self.name.chars().any(is_unseen) {
            return Err(Violation::ModelName);
        }
        Ok(Self { end, ..self })
    }
}

/// What log readers take for a line's end, or for another direction of writing.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
