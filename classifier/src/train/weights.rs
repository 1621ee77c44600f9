//! Weights while they are learned.

use super::{Documents, Recipe};
use crate::embedding::DIMENSIONS;
use crate::hashed::GROUP;
use crate::shape::{SHAPES, STEPS};

/// Rows of `width` weights, one for each thing that a document can have.
#[derive(Clone, Debug)]
pub(super) struct Weights {
    pub(super) width: usize,
    pub(super) bias: Vec<f32>,
    pub(super) hashed: Rows,
    pub(super) dense: Rows,
    pub(super) shapes: Rows,
}

/// Rows, and of each how much it was changed already.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    width: usize,
    values: Vec<f32>,
    changed: Vec<f32>,
}

impl Rows {
    fn new(count: usize, width: usize) -> Self {
        Self { width, values: vec![0.0; count * width], changed: vec![0.0; count] }
    }

    pub(super) fn row(&self, at: usize) -> &[f32] {
        self.values.get(at * self.width..(at + 1) * self.width).unwrap_or_default()
    }

    pub(super) fn values(&self) -> &[f32] {
        &self.values
    }

    /// Adds a row, so many times, to the logits.
    pub(super) fn add(&self, at: usize, times: f32, logits: &mut [f32]) {
        let (groups, single) = self.row(at).as_chunks::<GROUP>();
        let (logit_groups, logit_single) = logits.as_chunks_mut::<GROUP>();
        // In groups of a known size, which become vector instructions.
        for (logits, weights) in logit_groups.iter_mut().zip(groups) {
            add_scaled(logits, times, weights);
        }
        add_scaled(logit_single, times, single);
    }

    /// One step down the gradient. Rows that were changed much change less (AdaGrad, with one sum for each row).
    pub(super) fn step(&mut self, at: usize, times: f32, gradient: &Gradient<'_>) {
        let Some(changed) = self.changed.get_mut(at) else { return };
        *changed += times * times * gradient.square;
        let size = -gradient.rate * times / (changed.sqrt() + 1e-3);
        let row = self.values.get_mut(at * self.width..(at + 1) * self.width).unwrap_or_default();
        let (groups, single) = row.as_chunks_mut::<GROUP>();
        let (slope_groups, slope_single) = gradient.slopes.as_chunks::<GROUP>();
        for (weights, slopes) in groups.iter_mut().zip(slope_groups) {
            add_scaled(weights, size, slopes);
        }
        add_scaled(single, size, slope_single);
    }
}

/// Where a step goes: the slope of the loss for each column, the sum of their squares, and how far.
#[derive(Debug)]
pub(super) struct Gradient<'a> {
    pub(super) slopes: &'a [f32],
    pub(super) square: f32,
    pub(super) rate: f32,
}

#[inline]
fn add_scaled(sums: &mut [f32], times: f32, values: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += times * value;
    }
}

impl Weights {
    pub(super) fn new(documents: &Documents, recipe: &Recipe) -> Self {
        let width = match documents.columns() {
            1 => 1,
            columns => columns.next_multiple_of(GROUP),
        };
        Self {
            width,
            bias: vec![0.0; width],
            hashed: Rows::new(recipe.bits.map_or(0, |bits| 1 << bits), width),
            dense: Rows::new(if recipe.words { DIMENSIONS } else { 0 }, width),
            shapes: Rows::new(if recipe.shape { SHAPES * STEPS } else { 0 }, width),
        }
    }
}

/// The mean of several.
pub(super) fn mean(all: Vec<Weights>) -> Weights {
    let share = 1.0 / all.len().max(1) as f32;
    let mut all = all.into_iter();
    let Some(mut sum) = all.next() else {
        return Weights {
            width: 0,
            bias: Vec::new(),
            hashed: Rows::new(0, 0),
            dense: Rows::new(0, 0),
            shapes: Rows::new(0, 0),
        };
    };
    let add = |sum: &mut Vec<f32>, other: Vec<f32>| sum.iter_mut().zip(other).for_each(|(sum, other)| *sum += other);
    for other in all {
        add(&mut sum.bias, other.bias);
        add(&mut sum.hashed.values, other.hashed.values);
        add(&mut sum.dense.values, other.dense.values);
        add(&mut sum.shapes.values, other.shapes.values);
    }
    for values in [&mut sum.bias, &mut sum.hashed.values, &mut sum.dense.values, &mut sum.shapes.values] {
        values.iter_mut().for_each(|value| *value *= share);
    }
    sum
}
