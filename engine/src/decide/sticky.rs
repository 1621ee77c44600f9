//! Weighted choice without memory: the same key always gives the same model.
//!
//! Weighted rendezvous hashing: every target draws a number from the key and its own name, and the best
//! draw for its weight wins. Changing one weight moves only the share that must move, on every proxy alike.

use super::Need;
use super::attributes::Attributes;
use crate::policy::{HeaderText, Sticky};
use crate::request::facts::Facts;
use xxhash_rust::xxh64::xxh64;

/// What a choice sticks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StickyKey(pub(crate) u64);

impl StickyKey {
    /// The key of a session header.
    pub(crate) fn of_header(value: &[u8]) -> Self {
        Self(xxh64(value, 0))
    }

    /// A number that is the key's own for one purpose of one rule, whatever it draws elsewhere.
    pub(crate) fn hash(self, salt: &str, purpose: &str) -> u64 {
        xxh64(purpose.as_bytes(), xxh64(salt.as_bytes(), self.0))
    }
}

/// What a request sticks to: what the client says of its conversation, or else what was said first in it.
pub(super) fn key(attributes: &Attributes, facts: &Facts, sticky: &Sticky) -> Result<StickyKey, Need> {
    if let Some(hash) = sticky.header.and_then(|slot| attributes.header(slot)).map(HeaderText::hash) {
        return Ok(StickyKey(hash));
    }
    for field in &sticky.fields {
        if let Some(session) = facts.session(*field).ok_or(Need::Session(*field))? {
            return Ok(StickyKey(session));
        }
    }
    match attributes.session.filter(|_| sticky.client_headers) {
        Some(session) => Ok(session),
        None => facts.identity().map(StickyKey).ok_or(Need::End),
    }
}

/// Picks one of `targets` by weight. `salt` keeps rules apart, so that one rule's split does not repeat
/// in the next. Targets with weight 0 are never picked.
pub(crate) fn pick<'t, T>(
    key: StickyKey,
    salt: &str,
    targets: impl IntoIterator<Item = (&'t str, u32, T)>,
) -> Option<T> {
    let seed = xxh64(salt.as_bytes(), key.0);
    let mut best: Option<(f64, T)> = None;
    for (name, weight, target) in targets {
        if weight == 0 {
            continue;
        }
        // An exponential race: the smallest of -ln(u)/weight wins with a chance proportional to weight.
        let finish = negative_log2(xxh64(name.as_bytes(), seed)) / f64::from(weight);
        if best.as_ref().is_none_or(|(least, _)| finish < *least) {
            best = Some((finish, target));
        }
    }
    best.map(|(_, target)| target)
}

/// `-log2(u)` for `u` = the hash as a fraction in (0, 1).
///
/// Only additions, multiplications and divisions, which IEEE 754 fixes to the last bit: a library's
/// logarithm may differ between the proxy and the CLI.
fn negative_log2(hash: u64) -> f64 {
    let fraction = ((hash >> 12) as f64 + 0.5) / (1_u64 << 52) as f64;
    let bits = fraction.to_bits();
    let exponent = (bits >> 52 & 0x7FF) as i32 - 1023;
    let mantissa = f64::from_bits(bits & 0x000F_FFFF_FFFF_FFFF | 1023 << 52);
    // ln(m) = 2 artanh(s) with s = (m - 1) / (m + 1) <= 1/3.
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let series = (0..18).rev().fold(0.0, |sum, term| sum * square + 1.0 / f64::from(2 * term + 1));
    -(f64::from(exponent) + 2.0 * s * series * std::f64::consts::LOG2_E)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pick_name<'t>(key: u64, targets: &[(&'t str, u32)]) -> Option<&'t str> {
        pick(StickyKey(key), "rule", targets.iter().map(|(name, weight)| (*name, *weight, *name)))
    }

    fn keys() -> impl Iterator<Item = u64> {
        (0..20_000_u64).map(|n| xxh64(&n.to_le_bytes(), 7))
    }

    #[test]
    fn the_logarithm_is_one() {
        for hash in keys().chain([0, u64::MAX, 1 << 63]) {
            let fraction = ((hash >> 12) as f64 + 0.5) / (1_u64 << 52) as f64;
            let expected = -fraction.log2();
            assert!((negative_log2(hash) - expected).abs() <= 1e-12 * expected.max(1e-3), "{hash:x}");
        }
    }

    #[test]
    fn shares_follow_the_weights() {
        let small = keys().filter(|key| pick_name(*key, &[("small", 90), ("large", 10)]) == Some("small")).count();
        assert!((17_700..=18_300).contains(&small), "{small}");
    }

    #[test]
    fn a_changed_weight_moves_only_what_must_move() {
        let (before, after) = ([("a", 50), ("b", 50)], [("a", 60), ("b", 50)]);
        let moved: Vec<_> =
            keys().map(|key| (pick_name(key, &before), pick_name(key, &after))).filter(|(x, y)| x != y).collect();
        assert!(moved.iter().all(|pair| *pair == (Some("b"), Some("a"))));
        assert!((700..=1_150).contains(&moved.len()), "{}", moved.len());
    }

    #[test]
    fn order_does_not_matter_and_weight_zero_is_never_picked() {
        for key in keys().take(500) {
            assert_eq!(pick_name(key, &[("a", 1), ("b", 2)]), pick_name(key, &[("b", 2), ("a", 1)]));
            assert_eq!(pick_name(key, &[("a", 0), ("b", 1)]), Some("b"));
        }
        assert_eq!(pick_name(1, &[("a", 0)]), None);
        assert_eq!(pick_name(1, &[]), None);
    }
}
