//! Shares: which part of all keys belongs to something.

use super::error::{PolicyErrorKind, Report};
use pointsman_document::{Definitions, Document, Path, Read, wrong_type};
use serde_json::{Value, json};

/// Parts of the whole that a share counts in: a hundredth of a percent of a percent.
const WHOLE: u64 = 1_000_000;

/// A share of all keys, written as a percentage.
///
/// A larger share contains every smaller one, so raising a percentage moves only what must move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Share(u64);

impl Share {
    /// Whether it is everything, so that no key is needed to tell.
    pub(crate) const fn is_all(self) -> bool {
        self.0 >= WHOLE
    }

    /// Whether it is nothing.
    pub(crate) const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// As it is written.
    #[cfg(any(test, feature = "trace"))]
    pub(crate) fn percent(self) -> f64 {
        self.0 as f64 / (WHOLE / 100) as f64
    }

    /// Whether a key with this hash belongs to it.
    pub(crate) fn contains(self, hash: u64) -> bool {
        // The upper 32 bits suffice, and leave room to multiply.
        (hash >> 32) * WHOLE < self.0 << 32
    }
}

impl Read for Share {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        let Document::Number(number) = document else { return wrong_type("a percentage", document, at, report) };
        match number.as_f64().filter(|percent| (0.0..=100.0).contains(percent)) {
            // In range by the check above; what is finer than the parts is rounded.
            Some(percent) => Self((percent * (WHOLE / 100) as f64).round() as u64),
            None => report.lose(
                at,
                PolicyErrorKind::Invalid { value: number.to_string(), expected: "a percentage, from 0 to 100" },
            ),
        }
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "number", "minimum": 0, "maximum": 100 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xxhash_rust::xxh64::xxh64;

    fn share(percent: &str) -> Share {
        let mut report = Report::default();
        let document = Document::from_json(percent.as_bytes()).expect("a number");
        let share = Share::read(&document, &Path::Root, &mut report);
        report.finish(share).unwrap_or_else(|errors| panic!("{errors}"))
    }

    fn members(share: Share) -> Vec<u64> {
        (0..100_000_u64).filter(|key| share.contains(xxh64(&key.to_le_bytes(), 0))).collect()
    }

    #[test]
    fn a_share_is_as_large_as_it_says() {
        for (percent, expected) in [("0", 0..=0), ("0.1", 60..=140), ("10", 9_700..=10_300), ("100", 100_000..=100_000)]
        {
            let count = members(share(percent)).len();
            assert!(expected.contains(&count), "{percent} percent: {count}");
        }
        assert!(share("100").is_all() && share("0").is_none());
        assert!(share("100").contains(u64::MAX) && !share("0").contains(0));
    }

    #[test]
    fn a_larger_share_contains_the_smaller() {
        let (small, large) = (members(share("5")), members(share("7.5")));
        assert!(small.iter().all(|key| large.binary_search(key).is_ok()));
    }

    #[test]
    fn percentages_are_checked() {
        for bad in ["-1", "100.01", "1e300"] {
            let mut report = Report::default();
            Share::read(&Document::from_json(bad.as_bytes()).expect("a number"), &Path::Root, &mut report);
            let errors = report.finish(()).expect_err("an error");
            assert!(errors.to_string().contains("is not a percentage, from 0 to 100"), "{errors}");
        }
    }
}
