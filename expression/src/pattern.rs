//! Regular expressions in `matches`.

use regex_lite::{Regex, RegexBuilder};

/// What a compiled regular expression may take, in bytes.
pub const MOST_BYTES: usize = 64 * 1024;

/// Longer texts are not searched, in bytes.
pub(crate) const LONGEST: u64 = 1024;

/// A regular expression that is looked for anywhere in a text.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    pub(crate) regex: Regex,
    pub(crate) size: u64,
}

impl Pattern {
    pub(crate) fn new(pattern: &str) -> Result<Self, String> {
        let regex = RegexBuilder::new(pattern).size_limit(MOST_BYTES).build().map_err(|err| err.to_string())?;
        Ok(Self { regex, size: size(pattern) })
    }
}

/// How large a regular expression is, with what its counts repeat: `(a{10}){10}` is a hundred times its text.
#[must_use]
pub fn size(pattern: &str) -> u64 {
    let counts = pattern.split('{').skip(1).filter_map(|rest| {
        let count = rest.split('}').next()?;
        count.split(',').filter_map(|number| number.trim().parse::<u64>().ok()).max()
    });
    let repeated = counts.fold(1_u64, |product, count| product.saturating_mul(count.max(1)));
    let length = u64::try_from(pattern.len()).unwrap_or(u64::MAX);
    length.saturating_mul(repeated).clamp(1, u64::try_from(MOST_BYTES).unwrap_or(u64::MAX))
}
