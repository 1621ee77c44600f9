//! A short decoded string on the stack: keys and the few values that are compared with known words.

/// Collects at most [`Name::CAPACITY`] bytes; anything longer equals nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name {
    bytes: [u8; Name::CAPACITY],
    len: usize,
    has_nul: bool,
}

impl Name {
    /// No key or word that matters is longer.
    pub(crate) const CAPACITY: usize = 32;

    pub(crate) const fn new() -> Self {
        Self { bytes: [0; Self::CAPACITY], len: 0, has_nul: false }
    }

    pub(crate) fn clear(&mut self) {
        self.len = 0;
        self.has_nul = false;
    }

    pub(crate) fn push(&mut self, text: &[u8]) {
        self.has_nul |= text.contains(&0);
        if let Some(space) = self.bytes.get_mut(self.len..).and_then(|free| free.get_mut(..text.len())) {
            space.copy_from_slice(text);
            self.len += text.len();
        } else {
            self.len = usize::MAX;
        }
    }

    /// The text, or an empty slice when it was too long to be anything known.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Whether it was too long to be anything known.
    pub(crate) fn is_long(&self) -> bool {
        self.len > Self::CAPACITY
    }

    pub(crate) fn has_nul(&self) -> bool {
        self.has_nul
    }

    /// The text in lower case, by the folding of Go's encoding/json (which also folds U+017F and U+212A).
    pub(crate) fn folded(&self) -> Self {
        let mut folded = Self::new();
        if self.as_bytes().is_ascii() {
            folded.push(self.as_bytes());
            folded.bytes.make_ascii_lowercase();
            return folded;
        }
        for character in std::str::from_utf8(self.as_bytes()).unwrap_or_default().chars() {
            let character = match character {
                '\u{17f}' => 's',
                '\u{212a}' => 'k',
                other => other.to_ascii_lowercase(),
            };
            folded.push(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        folded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        let mut name = Name::new();
        for byte in text.as_bytes().chunks(3) {
            name.push(byte);
        }
        name
    }

    #[test]
    fn folds_as_go_does() {
        let folds = |text: &str, expected: &str| assert_eq!(name(text).folded().as_bytes(), expected.as_bytes());
        folds("MODEL", "model");
        folds("me\u{17f}\u{17f}ages", "messages");
        folds("max_to\u{212a}ens", "max_tokens");
        folds("\u{c9}t\u{c9}", "\u{c9}t\u{c9}");
        folds("", "");
    }

    #[test]
    fn what_is_too_long_equals_nothing() {
        assert_eq!(name(&"m".repeat(33)).as_bytes(), b"");
        assert_eq!(name(&"m".repeat(32)).as_bytes(), "m".repeat(32).as_bytes());
        assert!(name(&format!("model\0{}", "m".repeat(33))).has_nul());
    }
}
