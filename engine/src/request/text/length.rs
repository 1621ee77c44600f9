//! How much text there is, and how many tokens that makes.

use super::{Listener, Speaker};

/// Bytes of text per token: the rule of thumb for English, and close for other scripts in UTF-8.
const BYTES_PER_TOKEN: u64 = 4;

/// Decoded bytes of text. Base64, links and identifiers are not text.
#[derive(Debug, Default)]
pub(in crate::request) struct Length {
    bytes: u64,
}

impl Length {
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The estimate, rounded up.
    pub(in crate::request) fn tokens(bytes: u64) -> u64 {
        bytes.div_ceil(BYTES_PER_TOKEN)
    }
}

impl Listener for Length {
    fn wants(&self, _: Speaker) -> bool {
        true
    }

    fn text(&mut self, _: Speaker, text: &[u8]) {
        self.bytes += text.len() as u64;
    }

    fn token(&mut self, _: Speaker, _: u64) {
        self.bytes += BYTES_PER_TOKEN;
    }
}
