//! Weights are learned: document by document, in a random order, in steps that become smaller.

use super::arithmetic::{Random, sigmoid, softmax};
use super::document::Rest;
use super::weights::{Gradient, Weights};
use super::{Documents, Recipe, Target};
use crate::shape::STEPS;

pub(super) fn fit(documents: &Documents, rows: &[u32], recipe: &Recipe, replica: u64) -> Weights {
    let mut weights = Weights::new(documents, recipe);
    let mut random = Random(recipe.seed.wrapping_mul(1_000_003).wrapping_add(replica));
    let mut order = rows.to_vec();
    let mut scratch = Scratch { logits: vec![0.0; weights.width], bias_changed: 0.0 };
    let steps = (order.len() * recipe.epochs as usize).max(1) as f32;
    let mut done = 0.0;
    for _ in 0..recipe.epochs {
        random.shuffle(&mut order);
        for document in &order {
            let rate = recipe.rate * (1.0 - done / steps);
            done += 1.0;
            let bare = recipe.dropout > 0.0 && random.share() < recipe.dropout;
            scratch.learn(&mut weights, documents, *document as usize, &Step { recipe, rate, bare });
        }
    }
    weights
}

struct Step<'a> {
    recipe: &'a Recipe,
    rate: f32,
    /// Without n-grams.
    bare: bool,
}

struct Scratch {
    logits: Vec<f32>,
    bias_changed: f32,
}

impl Scratch {
    fn learn(&mut self, weights: &mut Weights, documents: &Documents, document: usize, step: &Step<'_>) {
        let Some(rest) = documents.rest(document) else { return };
        let entries = if step.bare { &[] } else { documents.entries(document) };
        self.look(weights, entries, rest, step.recipe);
        into_gradient(&mut self.logits, rest, documents, step.recipe);
        let square: f32 = self.logits.iter().map(|slope| slope * slope).sum();
        let gradient = Gradient { slopes: &self.logits, square, rate: step.rate };
        for (row, times) in entries {
            weights.hashed.step(*row as usize, *times, &gradient);
        }
        if step.recipe.words {
            for (at, value) in rest.direction.iter().enumerate() {
                weights.dense.step(at, value * step.recipe.word_weight, &gradient);
            }
        }
        if step.recipe.shape {
            for (at, value) in rest.shape.iter().enumerate() {
                weights.shapes.step(at * STEPS + usize::from(*value), SHAPE, &gradient);
            }
        }
        self.bias_changed += square;
        let size = step.rate / (self.bias_changed.sqrt() + 1e-3);
        for (bias, slope) in weights.bias.iter_mut().zip(&self.logits) {
            *bias -= size * *slope;
        }
    }

    fn look(&mut self, weights: &Weights, entries: &[(u32, f32)], rest: &Rest, recipe: &Recipe) {
        self.logits.copy_from_slice(&weights.bias);
        for (row, times) in entries {
            weights.hashed.add(*row as usize, *times, &mut self.logits);
        }
        if recipe.words {
            for (at, value) in rest.direction.iter().enumerate() {
                weights.dense.add(at, value * recipe.word_weight, &mut self.logits);
            }
        }
        if recipe.shape {
            for (at, value) in rest.shape.iter().enumerate() {
                weights.shapes.add(at * STEPS + usize::from(*value), SHAPE, &mut self.logits);
            }
        }
    }
}

/// What one step of a shape counts, beside a direction of length 1.
pub(super) const SHAPE: f32 = 0.35;

/// From logits to the slope of the loss.
fn into_gradient(logits: &mut [f32], rest: &Rest, documents: &Documents, recipe: &Recipe) {
    let classes = documents.columns();
    let (used, unused) = logits.split_at_mut(classes);
    unused.fill(0.0);
    let smoothed = |is_class: bool| if is_class { 1.0 - recipe.smoothing } else { recipe.smoothing / classes as f32 };
    match rest.target {
        Target::Share(share) => used.iter_mut().for_each(|logit| *logit = sigmoid(*logit) - share),
        Target::Class(class) if classes == 1 => {
            used.iter_mut().for_each(|logit| *logit = sigmoid(*logit) - smoothed(class == 1));
        }
        Target::Class(class) => {
            softmax(used);
            for (at, slope) in (0..).zip(used.iter_mut()) {
                *slope -= smoothed(at == class);
            }
        }
    }
    used.iter_mut().for_each(|slope| *slope *= rest.weight);
}
