//! What routing between two models comes to, in the measures of RouteLLM.
//!
//! Prompts are sorted by a router's score, and the highest go to the strong model. The share of what the strong model is better
//! by that this recovers is PGR; its mean over all shares of the strong model is APGR, and CPT(x) the smallest share that
//! recovers x.

use super::classification::percent;
use serde_json::{Value, json};

/// A prompt as a router sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Routed {
    pub(crate) score: f64,
    /// By how much the strong model was better.
    pub(crate) gain: f64,
}

/// The measures of a router.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measures {
    pub(crate) apgr: f64,
    pub(crate) cpt50: f64,
    pub(crate) cpt80: f64,
    /// The middle 95 % of APGR over samples of the prompts.
    pub(crate) interval: (f64, f64),
    /// PGR at shares of the strong model from 0 to 1, in hundredths.
    pub(crate) curve: Vec<f64>,
}

const SAMPLES: usize = 500;

impl Measures {
    /// The measures, unless the strong model is no better at all.
    pub(crate) fn of(prompts: &[Routed]) -> Option<Self> {
        let mut sorted = prompts.to_vec();
        sorted.sort_by(|a, b| b.score.total_cmp(&a.score));
        let path = path(&sorted, &vec![1; sorted.len()])?;
        let at = |wanted: f64| path.iter().find(|(_, recovered)| *recovered >= wanted).map_or(1.0, |(share, _)| *share);
        Some(Self {
            apgr: area(&path),
            cpt50: at(0.5),
            cpt80: at(0.8),
            interval: interval(&sorted),
            curve: (0..=100).map(|hundredth| value(&path, f64::from(hundredth) / 100.0)).collect(),
        })
    }
}

impl Measures {
    pub(crate) fn json(&self) -> Value {
        json!({
            "apgr": self.apgr, "apgr_interval": [self.interval.0, self.interval.1], "cpt50": self.cpt50, "cpt80": self.cpt80,
            "curve": self.curve,
        })
    }

    pub(crate) fn text(&self) -> String {
        format!(
            "APGR {:.3} ({:.3} to {:.3}), CPT50 {}, CPT80 {}",
            self.apgr,
            self.interval.0,
            self.interval.1,
            percent(self.cpt50),
            percent(self.cpt80)
        )
    }
}

/// Points of share and PGR. Prompts of one score are one step: a router that cannot tell them apart sends a share of them,
/// whichever they are.
fn path(sorted: &[Routed], times: &[u32]) -> Option<Vec<(f64, f64)>> {
    let weighted = || sorted.iter().zip(times).map(|(prompt, times)| (prompt, f64::from(*times)));
    let count: f64 = weighted().map(|(_, times)| times).sum();
    let whole: f64 = weighted().map(|(prompt, times)| prompt.gain * times).sum();
    if count == 0.0 || whole <= 0.0 {
        return None;
    }
    let mut path = vec![(0.0, 0.0)];
    let (mut sent, mut recovered) = (0.0, 0.0);
    let mut before: Option<f64> = None;
    for (prompt, times) in weighted() {
        if before.is_some_and(|score| score != prompt.score) {
            path.push((sent / count, recovered / whole));
        }
        before = Some(prompt.score);
        sent += times;
        recovered += prompt.gain * times;
    }
    path.push((1.0, 1.0));
    Some(path)
}

fn area(path: &[(f64, f64)]) -> f64 {
    path.windows(2).map(|pair| if let [a, b] = pair { (b.0 - a.0) * (a.1 + b.1) / 2.0 } else { 0.0 }).sum()
}

fn value(path: &[(f64, f64)], share: f64) -> f64 {
    let at = path.partition_point(|(found, _)| *found < share);
    match (at.checked_sub(1).and_then(|before| path.get(before)), path.get(at)) {
        (Some(before), Some(next)) if next.0 > before.0 => {
            before.1 + (next.1 - before.1) * (share - before.0) / (next.0 - before.0)
        }
        (_, Some(next)) => next.1,
        _ => 1.0,
    }
}

/// By sampling prompts with replacement, from a seed: the same figures give the same interval.
fn interval(sorted: &[Routed]) -> (f64, f64) {
    let mut random = Random(11);
    let mut areas: Vec<f64> = (0..SAMPLES)
        .filter_map(|_| {
            let mut times = vec![0; sorted.len()];
            for _ in 0..sorted.len() {
                if let Some(count) = times.get_mut(random.below(sorted.len())) {
                    *count += 1;
                }
            }
            path(sorted, &times).map(|path| area(&path))
        })
        .collect();
    areas.sort_by(f64::total_cmp);
    let at = |share: f64| areas.get((areas.len() as f64 * share) as usize).copied().unwrap_or(0.0);
    (at(0.025), at(0.975))
}

/// SplitMix64.
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((u128::from(mixed ^ (mixed >> 31)) * limit as u128) >> 64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(prompts: &[(f64, f64)]) -> Measures {
        Measures::of(&prompts.iter().map(|(score, gain)| Routed { score: *score, gain: *gain }).collect::<Vec<_>>())
            .unwrap()
    }

    #[test]
    fn a_router_that_knows_sends_the_hard_ones_first() {
        let found = of(&[(0.1, 0.0), (0.9, 1.0), (0.2, 0.0), (0.3, 0.0)]);
        assert_eq!((found.apgr, found.cpt50, found.cpt80), (0.875, 0.25, 0.25));
        assert_eq!(found.curve[25], 1.0);
        assert_eq!(found.curve[0], 0.0);
    }

    #[test]
    fn a_router_that_cannot_tell_is_as_good_as_chance() {
        let found = of(&[(0.5, 0.0), (0.5, 1.0), (0.5, 0.0), (0.5, 1.0)]);
        assert_eq!((found.apgr, found.curve[50]), (0.5, 0.5));
        assert_eq!(Measures::of(&[Routed { score: 0.0, gain: 0.0 }]), None);
    }
}
