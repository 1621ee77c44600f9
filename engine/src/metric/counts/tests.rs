use super::*;
use crate::reason::Reason;
use crate::record::Outcome;
use proptest::prelude::*;
use std::sync::Arc;

const ALL: [Series; Series::COUNT] = [
    Series::Requests,
    Series::Attempts,
    Series::Input,
    Series::Output,
    Series::Cached,
    Series::CacheWrite,
    Series::Reasoning,
    Series::InputUsage,
    Series::OutputUsage,
    Series::Cost,
    Series::Duration,
    Series::FirstToken,
    Series::PerToken,
];

fn policy(without: &[&str]) -> Policy {
    let policy = serde_json::json!({
        "models": [{ "name": "a", "cluster": "c" }, { "name": "ab", "cluster": "c" }],
        "metrics": { "without": without },
    });
    Policy::from_json(policy.to_string().as_bytes()).expect("a policy")
}

/// Values that are prefixes of each other, longer than a word, empty, or not there.
fn value() -> impl Strategy<Value = Option<&'static str>> {
    prop::sample::select(vec![
        None,
        Some(""),
        Some("a"),
        Some("ab"),
        Some("abababab"),
        Some("abababababababab"),
        Some("\u{1}"),
        Some("a;%b"),
    ])
}

fn record() -> impl Strategy<Value = Record> {
    let values = prop::collection::vec(value(), 6);
    let outcome = prop::sample::select(vec![Outcome::Served, Outcome::Abandoned, Outcome::ProviderError]);
    (values, outcome).prop_map(|(values, outcome)| {
        let value = |at: usize| values[at].map(Arc::from);
        Record {
            tenant: value(0),
            rule: value(1),
            variant: value(2),
            model: value(3),
            cluster: value(4),
            asked: values[5].map(Into::into),
            answer: Some(Box::new(Ending::new(outcome, 1))),
            ..Record::new(Disposition::Route, Reason::Rule)
        }
    })
}

proptest! {
    /// Who has named the series of one request may use them for another only if they are the same.
    #[test]
    fn requests_are_alike_when_all_their_series_are(
        one in record(),
        other in record(),
        without in prop::sample::subsequence(vec!["tenant", "rule", "variant", "asked", "model", "cluster"], 0..=5),
    ) {
        let policy = policy(&without);
        let (one, other) = (Counts::of(&policy, &one).expect("metrics"), Counts::of(&policy, &other).expect("metrics"));
        let same = ALL.iter().all(|series| one.name(*series) == other.name(*series));
        prop_assert_eq!(one.alike() == other.alike(), same);
    }
}

#[test]
fn policies_that_drop_different_labels_share_nothing() {
    let record =
        Record { tenant: Some("a".into()), rule: Some("a".into()), ..Record::new(Disposition::Route, Reason::Rule) };
    let alike = |without: &[&str]| Counts::of(&policy(without), &record).map(|counts| counts.alike());
    assert_ne!(alike(&["tenant", "model"]), alike(&["rule", "model"]));
    assert_eq!(alike(&["tenant"]), alike(&["tenant"]));
}

#[test]
fn each_series_has_a_name_of_its_own() {
    let (policy, record) = (policy(&[]), Record::new(Disposition::Route, Reason::Rule));
    let counts = Counts::of(&policy, &record).expect("metrics");
    let mut names: Vec<_> = ALL.iter().map(|series| counts.name(*series)).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Series::COUNT);
}
