//! A short decoded string on the stack: keys and the few values that are compared with known words.

use super::lookalike;

/// Collects at most [`Name::CAPACITY`] bytes; anything longer equals nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name {
    text: Short,
    /// The text as a forgiving server reads it, once it differs.
    folded: Short,
    is_odd: bool,
    has_nul: bool,
}

/// Bytes on the stack.
#[derive(Clone, Copy, Debug)]
struct Short {
    bytes: [u8; Name::CAPACITY],
    len: usize,
}

impl Short {
    const EMPTY: Self = Self { bytes: [0; Name::CAPACITY], len: 0 };

    fn push(&mut self, text: &[u8]) {
        if let Some(space) = self.bytes.get_mut(self.len..).and_then(|free| free.get_mut(..text.len())) {
            space.copy_from_slice(text);
            self.len += text.len();
        } else {
            self.len = usize::MAX;
        }
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Default for Name {
    fn default() -> Self {
        Self::new()
    }
}

impl Name {
    /// No key or word that matters is longer.
    pub(crate) const CAPACITY: usize = 32;

    pub(crate) const fn new() -> Self {
        Self { text: Short::EMPTY, folded: Short::EMPTY, is_odd: false, has_nul: false }
    }

    pub(crate) fn clear(&mut self) {
        self.text.len = 0;
        (self.is_odd, self.has_nul) = (false, false);
    }

    /// Whole characters, in any split. What a known name is padded with may be longer than any name.
    pub(crate) fn push(&mut self, text: &[u8]) {
        if !self.is_odd && text.iter().any(|byte| !matches!(byte, b'!'..=b'@' | b'['..=b'~')) {
            (self.is_odd, self.folded) = (true, self.text);
        }
        if self.is_odd {
            self.has_nul |= text.contains(&0);
            for character in std::str::from_utf8(text).unwrap_or("\u{fffd}").chars() {
                lookalike::fold(character, |letters| self.folded.push(letters));
            }
        }
        self.text.push(text);
    }

    /// The text, or an empty slice when it was too long to be anything known.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Whether it was too long to be anything known.
    pub(crate) fn is_long(&self) -> bool {
        self.text.len > Self::CAPACITY
    }

    pub(crate) fn has_nul(&self) -> bool {
        self.has_nul
    }

    /// Whether a forgiving server may read another text.
    #[cfg(test)]
    pub(crate) fn is_odd(&self) -> bool {
        self.is_odd
    }

    /// The text as the most forgiving server reads it: in lower case by any script's folding, in compatibility forms, and
    /// without what is trimmed or cannot be seen.
    pub(crate) fn folded(&self) -> &[u8] {
        if self.is_odd { self.folded.as_bytes() } else { self.text.as_bytes() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        let mut name = Name::new();
        for character in text.chars() {
            name.push(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        name
    }

    #[test]
    fn folds_as_the_most_forgiving_server_does() {
        let folds = |text: &str, expected: &str| assert_eq!(name(text).folded(), expected.as_bytes(), "{text:?}");
        folds("MODEL", "model");
        folds("me\u{17f}\u{17f}ages", "messages");
        folds("me\u{df}ages", "messages");
        folds("max_to\u{212a}ens", "max_tokens");
        folds("\u{ff4d}\u{ff4f}\u{ff44}\u{ff45}\u{ff4c}", "model");
        folds("\u{1d426}o\u{24d3}\u{1d52e}\u{217c}", "modql");
        folds("\u{33d6}", "mol");
        folds("l\u{131}st\u{130}", "listi");
        folds(" \tmodel\u{a0}\u{3000}\n", "model");
        folds("mo\u{200b}d\u{ad}el\u{feff}", "model");
        folds("top\u{ff3f}k", "top_k");
        // Letters of other scripts that only look so are read by nobody as these.
        folds("m\u{43e}del", "m\u{43e}del");
        folds("\u{c9}t\u{c9}", "\u{c9}t\u{c9}");
        folds("", "");
    }

    #[test]
    fn padding_may_be_longer_than_a_name() {
        let padded = name(&format!("{}model{}", " ".repeat(100), "\u{3000}".repeat(100)));
        assert_eq!((padded.as_bytes(), padded.folded(), padded.is_odd()), (&b""[..], &b"model"[..], true));
        let behind = name(&format!("{}{}", "m".repeat(32), "\u{200b}".repeat(9)));
        assert_eq!(behind.folded(), "m".repeat(32).as_bytes());
        let wide = name("\u{1d41f}\u{1d428}\u{1d42d}\u{1d422}\u{1d427}\u{1d428}\u{1d41f}\u{1d428}\u{1d42d}");
        assert_eq!(wide.folded(), b"fotinofot");
        assert_eq!(name(&format!("{} ", "m".repeat(33))).folded(), b"");
    }

    #[test]
    fn what_is_too_long_equals_nothing() {
        assert_eq!(name(&"m".repeat(33)).as_bytes(), b"");
        assert_eq!(name(&"m".repeat(32)).as_bytes(), "m".repeat(32).as_bytes());
        assert!(name(&format!("model\0{}", "m".repeat(33))).has_nul());
    }
}
