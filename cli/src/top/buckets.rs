//! A histogram as Prometheus has it, and what its quantiles are there.

use std::collections::BTreeMap;

/// How many values are at most as large as each bound.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Buckets {
    /// By the bits of their bounds, whose order is that of the bounds: none is below 0.
    counts: BTreeMap<u64, f64>,
}

impl Buckets {
    /// More values that are at most as large as a bound, written as in the label `le`. What is no bound is left out.
    pub(super) fn add(&mut self, bound: &str, count: f64) {
        if let Some(bound) = bound.parse::<f64>().ok().filter(|bound| *bound >= 0.0) {
            // -0 is 0, and has other bits.
            *self.counts.entry((bound + 0.0).to_bits()).or_default() += count;
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (bound, count) in &other.counts {
            *self.counts.entry(*bound).or_default() += count;
        }
    }

    /// What a share of all values is at most, as `histogram_quantile` estimates it: evenly spread between two bounds. `None`
    /// without values.
    pub(super) fn quantile(&self, share: f64) -> Option<f64> {
        let all = self.counts.values().copied().fold(0.0, f64::max);
        let wanted = share * all;
        if all <= 0.0 {
            return None;
        }
        let (mut lower, mut below) = (0.0, 0.0);
        for (bits, count) in &self.counts {
            let bound = f64::from_bits(*bits);
            // Bounds that not all series have may make a count smaller than the one before.
            let count = count.max(below);
            if count >= wanted && count > below {
                // Beyond the last bound nothing is known, so that bound is what is said.
                let within = || lower + (bound - lower) * (wanted - below) / (count - below);
                return if bound.is_finite() { Some(within()) } else { (self.counts.len() > 1).then_some(lower) };
            }
            (lower, below) = (bound, count);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(counts: &[(&str, f64)], share: f64, expected: Option<f64>) {
        let mut buckets = Buckets::default();
        counts.iter().for_each(|(bound, count)| buckets.add(bound, *count));
        assert_eq!(buckets.quantile(share), expected, "{counts:?} {share}");
    }

    #[test]
    fn quantiles_are_those_of_prometheus() {
        // What `histogram_quantile` of Prometheus 2.42 gives for these.
        let counts = [("1", 0.0), ("5", 2.0), ("10", 10.0), ("+Inf", 12.0)];
        check(&counts, 0.5, Some(7.5));
        check(&counts, 0.95, Some(10.0));
        check(&counts, 0.25, Some(5.625));
        check(&[("10", 4.0), ("+Inf", 4.0)], 0.5, Some(5.0));
    }

    #[test]
    fn bounds_are_numbers_whatever_their_order_and_spelling() {
        check(&[("+Inf", 2.0), ("10", 2.0), ("5.0", 1.0), ("5", 1.0)], 1.0, Some(5.0));
        check(&[("-0", 1.0), ("0", 1.0), ("+Inf", 2.0)], 0.5, Some(0.0));
        check(&[("10", 2.0), ("NaN", 9.0), ("-5", 9.0), ("x", 9.0), ("", 9.0)], 1.0, Some(10.0));
    }

    #[test]
    fn without_values_there_is_no_quantile() {
        check(&[], 0.5, None);
        check(&[("10", 0.0), ("+Inf", 0.0)], 0.5, None);
        check(&[("+Inf", 3.0)], 0.5, None);
    }

    #[test]
    fn counts_that_shrink_are_no_less_than_those_before() {
        check(&[("1", 4.0), ("2", 1.0), ("4", 8.0), ("+Inf", 8.0)], 0.75, Some(3.0));
    }

    #[test]
    fn two_histograms_are_one() {
        let (mut left, mut right) = (Buckets::default(), Buckets::default());
        left.add("10", 4.0);
        right.add("10", 2.0);
        right.add("20", 6.0);
        left.merge(&right);
        assert_eq!(left.quantile(1.0), Some(10.0));
        assert_eq!(left.quantile(0.5), Some(5.0));
    }
}
