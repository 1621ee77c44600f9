//! One training: folds to judge and calibrate by, then the model from all examples.

use super::calibration::{Seen, Truth, Wanted, calibrate};
use super::examples::Examples;
use pointsman_classifier::train::{Documents, Recipe, Target, Trained, fold_of, train, train_folds};
use pointsman_classifier::{Calibration, Embedding, Model};
use std::sync::atomic::{AtomicU32, Ordering};

/// How examples are split, balanced and calibrated.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) recipe: Recipe,
    pub(crate) folds: u32,
    pub(crate) balance: f32,
    /// The label that stands for what is out of scope.
    pub(crate) out_of_scope: Option<String>,
    pub(crate) wanted: Wanted,
    /// Of two classes, how many of the first may be taken for the second.
    pub(crate) false_positives: Option<f64>,
}

/// What came out.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) trained: Trained,
    pub(crate) calibration: Calibration,
    /// What was said of each example by a model that had not seen its group; none without folds.
    pub(crate) seen: Vec<Seen>,
}

/// Trains, and says on standard error how far it is.
pub(crate) fn run(examples: &Examples, plan: &Plan, table: &Embedding) -> Result<Outcome, String> {
    let out_of_scope = match &plan.out_of_scope {
        Some(label) => Some(
            examples
                .labels
                .iter()
                .position(|found| found == label)
                .ok_or_else(|| format!("--out-of-scope: no example has the label `{label}`"))?,
        ),
        None => None,
    };
    let documents = examples.documents(&plan.recipe, table, plan.balance);
    let mut seen = if plan.folds > 1 { cross(examples, &documents, plan, table)? } else { Vec::new() };
    eprintln!("training on {} examples", documents.len());
    let all: Vec<u32> = (0..u32::try_from(documents.len()).unwrap_or(u32::MAX)).collect();
    let mut trained = train(&documents, &all, &plan.recipe);
    if let Some(share) = plan.false_positives {
        let shift = shift(&seen, share)?;
        trained.shift_bias(shift);
        seen.iter_mut().for_each(|seen| seen.logits.iter_mut().skip(1).for_each(|logit| *logit += i64::from(shift)));
    }
    let mut calibration = if seen.is_empty() {
        Calibration { out_of_scope: out_of_scope.and_then(|label| u16::try_from(label).ok()), ..Calibration::default() }
    } else {
        calibrate(&seen, out_of_scope, plan.wanted)
    };
    if plan.false_positives.is_some() {
        // What a score of one half means was chosen; how steep scores are around it makes no difference to that.
        calibration.steepness = calibration.steepness.max(1);
    }
    Ok(Outcome { trained, calibration, seen })
}

fn cross(examples: &Examples, documents: &Documents, plan: &Plan, table: &Embedding) -> Result<Vec<Seen>, String> {
    let folds: Vec<u32> = examples.examples.iter().map(|example| fold_of(&example.group, plan.folds)).collect();
    let done = AtomicU32::new(0);
    let tell = || eprintln!("fold {} of {} done", done.fetch_add(1, Ordering::Relaxed) + 1, plan.folds);
    let trained = train_folds(documents, &folds, plan.folds, &plan.recipe, tell);
    let models = trained.iter().map(|trained| {
        let file = trained.file(&examples.labels, &Calibration::default(), "");
        Model::read(&file, Some(table)).map_err(|broken| broken.to_string())
    });
    let models: Vec<Model> = models.collect::<Result<_, String>>()?;
    let seen = examples.examples.iter().zip(folds).filter_map(|(example, fold)| {
        let model = models.get(fold as usize)?;
        Some(Seen { logits: model.logits(&example.text), truth: truth(example.target) })
    });
    Ok(seen.collect())
}

fn truth(target: Target) -> Truth {
    match target {
        Target::Class(class) => Truth::Class(class as usize),
        Target::Share(share) => Truth::Share(f64::from(share)),
    }
}

/// What the bias of the second class must change by, so that only so many of the first are taken for it.
fn shift(seen: &[Seen], share: f64) -> Result<i32, String> {
    let of_first = seen.iter().filter(|seen| seen.truth == Truth::Class(0));
    let mut logits: Vec<i64> = of_first.filter_map(|seen| seen.logits.get(1).copied()).collect();
    if logits.is_empty() || seen.iter().any(|seen| seen.logits.len() != 2) {
        return Err("--false-positives: only for two classes, and with folds to measure by".to_owned());
    }
    logits.sort_unstable_by(|a, b| b.cmp(a));
    let allowed = (logits.len() as f64 * share).floor() as usize;
    let first_refused = logits.get(allowed.min(logits.len() - 1)).copied().unwrap_or(0);
    i32::try_from(-first_refused - 1).map_err(|_| "--false-positives: no such threshold".to_owned())
}
