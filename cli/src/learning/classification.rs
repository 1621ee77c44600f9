//! How well a model tells classes apart.

use super::calibration::{Seen, Truth};
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// The figures of a classification.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Classification {
    pub(crate) labels: Vec<String>,
    /// Of each true label, how often each was said.
    pub(crate) confusion: Vec<Vec<u64>>,
    pub(crate) calibration_error: f64,
    /// Of what was named a class at the model's own thresholds: how many, and how many rightly.
    pub(crate) named: u64,
    pub(crate) named_rightly: u64,
    pub(crate) out_of_scope: Option<OutOfScope>,
}

/// What became of texts that are out of scope, and of those that are not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct OutOfScope {
    pub(crate) texts: u64,
    /// Of these, how many were given no class.
    pub(crate) found: u64,
    pub(crate) in_scope: u64,
    pub(crate) in_scope_right: u64,
}

/// What is believed: steepness, the least score, and which label is out of scope.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Belief {
    pub(crate) steepness: f64,
    pub(crate) least: f64,
    pub(crate) out_of_scope: Option<usize>,
}

impl From<&pointsman_classifier::Calibration> for Belief {
    fn from(calibration: &pointsman_classifier::Calibration) -> Self {
        Self {
            steepness: f64::from(calibration.steepness) / 65536.0,
            least: f64::from(calibration.least_score) / 1e6,
            out_of_scope: calibration.out_of_scope.map(usize::from),
        }
    }
}

const BINS: usize = 10;

impl Classification {
    pub(crate) fn of(labels: &[String], seen: &[Seen], belief: Belief) -> Self {
        let mut confusion = vec![vec![0; labels.len()]; labels.len()];
        let mut bins = [(0.0, 0.0, 0.0); BINS];
        let (mut named, mut named_rightly) = (0, 0);
        let mut scope = OutOfScope { texts: 0, found: 0, in_scope: 0, in_scope_right: 0 };
        for seen in seen {
            let Truth::Class(class) = seen.truth else { continue };
            let (best, score) = seen.best(belief.steepness);
            let is_right = best == class;
            if let Some(count) = confusion.get_mut(class).and_then(|row: &mut Vec<u64>| row.get_mut(best)) {
                *count += 1;
            }
            if let Some(bin) = bins.get_mut(((score * BINS as f64) as usize).min(BINS - 1)) {
                *bin = (bin.0 + 1.0, bin.1 + score, bin.2 + f64::from(u8::from(is_right)));
            }
            let is_named = belief.out_of_scope != Some(best) && score >= belief.least;
            named += u64::from(is_named);
            named_rightly += u64::from(is_named && is_right);
            if belief.out_of_scope == Some(class) {
                scope.texts += 1;
                scope.found += u64::from(!is_named);
            } else {
                scope.in_scope += 1;
                scope.in_scope_right += u64::from(is_named && is_right);
            }
        }
        let all: f64 = bins.iter().map(|bin| bin.0).sum();
        let error = bins.iter().map(|(_, said, right)| (said - right).abs()).sum::<f64>() / all.max(1.0);
        Self {
            labels: labels.to_vec(),
            confusion,
            calibration_error: error,
            named,
            named_rightly,
            out_of_scope: belief.out_of_scope.map(|_| scope),
        }
    }

    fn count(&self, label: usize, said: usize) -> u64 {
        self.confusion.get(label).and_then(|row| row.get(said)).copied().unwrap_or(0)
    }

    fn of_label(&self, label: usize) -> (u64, u64, u64) {
        let all = 0..self.labels.len();
        let there = all.clone().map(|said| self.count(label, said)).sum();
        let said = all.map(|other| self.count(other, label)).sum();
        (self.count(label, label), there, said)
    }

    pub(crate) fn examples(&self) -> u64 {
        self.confusion.iter().flatten().sum()
    }

    pub(crate) fn accuracy(&self) -> f64 {
        let right: u64 = (0..self.labels.len()).map(|label| self.count(label, label)).sum();
        share(right, self.examples())
    }

    /// Precision, recall and their harmonic mean.
    pub(crate) fn label(&self, label: usize) -> (f64, f64, f64) {
        let (right, there, said) = self.of_label(label);
        (share(right, said), share(right, there), share(2 * right, there + said))
    }

    /// Over those labels of which there are examples.
    pub(crate) fn macro_f1(&self) -> f64 {
        let there: Vec<usize> = (0..self.labels.len()).filter(|label| self.of_label(*label).1 > 0).collect();
        there.iter().map(|label| self.label(*label).2).sum::<f64>() / there.len().max(1) as f64
    }

    pub(crate) fn json(&self) -> Value {
        let mut labels = Map::new();
        for (at, label) in self.labels.iter().enumerate() {
            let (precision, recall, f1) = self.label(at);
            let examples = self.of_label(at).1;
            labels.insert(
                label.clone(),
                json!({"examples": examples, "precision": precision, "recall": recall, "f1": f1}),
            );
        }
        let mut value = json!({
            "examples": self.examples(), "accuracy": self.accuracy(), "macro_f1": self.macro_f1(),
            "calibration_error": self.calibration_error,
            "named": share(self.named, self.examples()), "precision_of_named": share(self.named_rightly, self.named),
            "labels": labels, "confusion": {"labels": self.labels, "counts": self.confusion},
        });
        if let (Some(scope), Some(object)) = (&self.out_of_scope, value.as_object_mut()) {
            object.insert("in_scope_accuracy".to_owned(), json!(share(scope.in_scope_right, scope.in_scope)));
            object.insert("out_of_scope_recall".to_owned(), json!(share(scope.found, scope.texts)));
        }
        if let (2, Some(object)) = (self.labels.len(), value.as_object_mut()) {
            object.insert("false_positives".to_owned(), json!(1.0 - self.label(0).1));
            object.insert("recall".to_owned(), json!(self.label(1).1));
        }
        value
    }

    pub(crate) fn text(&self) -> String {
        let mut text = format!(
            "{} examples: accuracy {}, macro-F1 {}, calibration error {}\n",
            self.examples(),
            percent(self.accuracy()),
            percent(self.macro_f1()),
            percent(self.calibration_error)
        );
        let named = share(self.named, self.examples());
        let _ = writeln!(
            text,
            "a class is named for {}, {} of them rightly",
            percent(named),
            percent(share(self.named_rightly, self.named))
        );
        if let Some(scope) = &self.out_of_scope {
            let _ = writeln!(
                text,
                "in scope {} right, out of scope {} found",
                percent(share(scope.in_scope_right, scope.in_scope)),
                percent(share(scope.found, scope.texts))
            );
        }
        if let [first, second] = &self.labels[..] {
            let (taken, found) = (percent(1.0 - self.label(0).1), percent(self.label(1).1));
            let _ = writeln!(text, "`{first}` taken for `{second}`: {taken}; `{second}` found: {found}");
        }
        text + &self.table()
    }

    /// One line for each label, and what it is taken for most often.
    fn table(&self) -> String {
        let width = self.labels.iter().map(|label| label.chars().count()).max().unwrap_or(0).max(5);
        let mut text = format!("\n{:width$}  examples  precision  recall     F1  taken for\n", "label");
        for (at, label) in self.labels.iter().enumerate() {
            let (precision, recall, f1) = self.label(at);
            let others = (0..self.labels.len()).filter(|said| *said != at).map(|said| (self.count(at, said), said));
            let taken = others.filter(|(count, _)| *count > 0).max_by_key(|(count, said)| (*count, usize::MAX - said));
            let taken = taken.and_then(|(count, said)| Some(format!("{} ({count})", self.labels.get(said)?)));
            let _ = writeln!(
                text,
                "{label:width$}  {:8}  {:>9}  {:>6}  {:>5}  {}",
                self.of_label(at).1,
                percent(precision),
                percent(recall),
                percent(f1),
                taken.unwrap_or_default()
            );
        }
        text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
    }
}

fn share(part: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { part as f64 / of as f64 }
}

pub(crate) fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(logits: &[f64], class: usize) -> Seen {
        Seen { logits: logits.iter().map(|logit| (logit * 65536.0) as i64).collect(), truth: Truth::Class(class) }
    }

    #[test]
    fn figures_are_those_of_the_textbook() {
        let labels = ["a", "b", "oos"].map(str::to_owned);
        let all = [
            seen(&[9.0, 0.0, 0.0], 0),
            seen(&[9.0, 0.0, 0.0], 1),
            seen(&[0.0, 9.0, 0.0], 1),
            seen(&[0.1, 0.0, 0.0], 2),
            seen(&[0.0, 0.0, 9.0], 2),
            seen(&[9.0, 0.0, 0.0], 2),
        ];
        let belief = Belief { steepness: 1.0, least: 0.5, out_of_scope: Some(2) };
        let found = Classification::of(&labels, &all, belief);
        assert_eq!(found.confusion, [[1, 0, 0], [1, 1, 0], [2, 0, 1]]);
        assert!((found.accuracy() - 0.5).abs() < 1e-9);
        assert_eq!(found.label(0), (0.25, 1.0, 0.4));
        assert_eq!((found.named, found.named_rightly), (4, 2));
        let scope = found.out_of_scope.unwrap();
        assert_eq!((scope.texts, scope.found, scope.in_scope, scope.in_scope_right), (3, 2, 3, 2));
        assert!(found.text().contains("oos           3     100.0%   33.3%  50.0%  a (2)"), "{}", found.text());
    }
}
