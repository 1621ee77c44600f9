//! From what models said of examples that they had not seen to how far they are believed.

use pointsman_classifier::Calibration;

/// What a model said of an example that it had not seen.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// In 1/2^16, one for each label.
    pub(crate) logits: Vec<i64>,
    /// How much the example belongs to each label: all to one, or shares.
    pub(crate) truth: Truth,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Truth {
    Class(usize),
    Share(f64),
}

impl Seen {
    /// The likeliest label, and how likely.
    pub(crate) fn best(&self, steepness: f64) -> (usize, f64) {
        let best = (0..self.logits.len()).rev().max_by_key(|at| self.logits.get(*at)).unwrap_or(0);
        (best, self.probability(best, steepness))
    }

    pub(crate) fn probability(&self, label: usize, steepness: f64) -> f64 {
        let greatest = self.logits.iter().copied().max().unwrap_or(0);
        let power = |logit: &i64| ((logit - greatest) as f64 / 65536.0 * steepness).exp();
        let sum: f64 = self.logits.iter().map(power).sum();
        self.logits.get(label).map_or(0.0, power) / sum
    }

    fn loss(&self, steepness: f64) -> f64 {
        let of = |label: usize| -self.probability(label, steepness).max(1e-9).ln();
        match self.truth {
            Truth::Class(class) => of(class),
            Truth::Share(share) => share * of(1) + (1.0 - share) * of(0),
        }
    }
}

/// What thresholds are for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted {
    /// The share of named classes that is right.
    pub(crate) precision: Option<f64>,
    /// The share of texts out of scope that is not given a class.
    pub(crate) out_of_scope_recall: Option<f64>,
}

/// The steepness at which what was said is likeliest, and the thresholds that are wanted.
pub(crate) fn calibrate(seen: &[Seen], out_of_scope: Option<usize>, wanted: Wanted) -> Calibration {
    let steepness = steepness(seen);
    let mut least = 0.0_f64;
    if let Some(precision) = wanted.precision {
        least = least.max(for_precision(seen, steepness, precision));
    }
    if let (Some(recall), Some(label)) = (wanted.out_of_scope_recall, out_of_scope) {
        least = least.max(for_recall(seen, steepness, label, recall));
    }
    Calibration {
        steepness: (steepness * 65536.0).round() as u32,
        least_score: (least * 1e6).ceil() as u32,
        out_of_scope: out_of_scope.and_then(|label| u16::try_from(label).ok()),
    }
}

/// In steps of 2 %: the sum hardly changes between two.
fn steepness(seen: &[Seen]) -> f64 {
    let mut best = (f64::INFINITY, 1.0);
    let mut steepness = 0.1;
    while steepness < 10.0 {
        let loss: f64 = seen.iter().map(|seen| seen.loss(steepness)).sum();
        if loss < best.0 {
            best = (loss, steepness);
        }
        steepness *= 1.02;
    }
    best.1
}

/// The least score from which on so many are right. 1 if that is never so.
fn for_precision(seen: &[Seen], steepness: f64, precision: f64) -> f64 {
    let mut said: Vec<(f64, bool)> = seen
        .iter()
        .map(|seen| {
            let (best, score) = seen.best(steepness);
            (score, seen.truth == Truth::Class(best))
        })
        .collect();
    said.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut right, mut least) = (0.0, 1.0);
    for (count, (score, is_right)) in (1..).zip(said) {
        right += f64::from(u8::from(is_right));
        if right / f64::from(count) >= precision {
            least = score;
        }
    }
    least
}

/// The least score below which so many of the texts out of scope are, together with those that are recognised as such.
fn for_recall(seen: &[Seen], steepness: f64, label: usize, recall: f64) -> f64 {
    let mut scores: Vec<f64> = seen
        .iter()
        .filter(|seen| seen.truth == Truth::Class(label))
        .map(|seen| match seen.best(steepness) {
            (best, _) if best == label => 0.0,
            (_, score) => score,
        })
        .collect();
    scores.sort_by(f64::total_cmp);
    let wanted = (scores.len() as f64 * recall).ceil() as usize;
    let last = wanted.checked_sub(1).and_then(|at| scores.get(at)).copied().unwrap_or(0.0);
    // Just above the last one that is to be left out.
    if last > 0.0 { last + 2e-6 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(logits: &[f64], class: usize) -> Seen {
        let logits = logits.iter().map(|logit| (logit * 65536.0) as i64).collect();
        Seen { logits, truth: Truth::Class(class) }
    }

    #[test]
    fn a_model_that_is_too_sure_is_made_less_so() {
        // Two of three are right where it says 95 %.
        let all: Vec<Seen> = (0..30).map(|at| seen(&[3.0, 0.0], usize::from(at % 3 == 0))).collect();
        let calibration = calibrate(&all, None, Wanted::default());
        let (_, score) = all[0].best(f64::from(calibration.steepness) / 65536.0);
        assert!((score - 2.0 / 3.0).abs() < 0.01, "{score}");
    }

    #[test]
    fn thresholds_keep_what_they_promise() {
        let all = [
            seen(&[3.0, 0.0, 0.0], 0),
            seen(&[2.0, 0.0, 0.0], 0),
            seen(&[1.0, 0.0, 0.0], 1),
            seen(&[0.5, 0.0, 0.0], 2),
        ];
        let calibration = calibrate(&all, None, Wanted { precision: Some(1.0), ..Wanted::default() });
        let steepness = f64::from(calibration.steepness) / 65536.0;
        let least = f64::from(calibration.least_score) / 1e6;
        assert!(all[1].best(steepness).1 >= least - 1e-5 && all[2].best(steepness).1 < least);
        let wanted = Wanted { out_of_scope_recall: Some(1.0), ..Wanted::default() };
        let calibration = calibrate(&all, Some(2), wanted);
        let steepness = f64::from(calibration.steepness) / 65536.0;
        assert!(all[3].best(steepness).1 < f64::from(calibration.least_score) / 1e6);
        assert_eq!(calibration.out_of_scope, Some(2));
    }
}
