//! Weights become small integers.

use super::fit::SHAPE;
use super::weights::{Rows, Weights};
use super::{Documents, Recipe};
use crate::embedding::DIMENSIONS;
use crate::file::Digest;
use crate::grams::Kinds;
use crate::model::Column;
use crate::shape::{SHAPES, STEPS};

/// What was learned, without labels and calibration.
#[derive(Clone, Debug)]
pub struct Trained {
    pub(super) columns: Vec<Column>,
    pub(super) bits: Option<u8>,
    pub(super) kinds: Kinds,
    /// Row by row, `width` weights each.
    pub(super) hashed: Vec<i8>,
    pub(super) width: usize,
    pub(super) embedding: Option<Digest>,
    /// Column by column.
    pub(super) dense: Vec<[i16; DIMENSIONS]>,
    pub(super) shapes: Vec<Vec<i32>>,
}

impl Trained {
    /// Changes what all columns begin with, in 1/2^16.
    pub fn shift_bias(&mut self, by: i32) {
        self.columns.iter_mut().for_each(|column| column.bias = column.bias.saturating_add(by));
    }
}

pub(super) fn quantise(weights: &Weights, documents: &Documents, recipe: &Recipe) -> Trained {
    let columns = documents.columns();
    let hashed_scales = scales(&weights.hashed, weights.width, 127.0);
    let dense_scales = scales(&weights.dense, weights.width, 32_767.0);
    let hashed = weights.hashed.values().chunks(weights.width).flat_map(|row| {
        row.iter().zip(&hashed_scales).map(|(weight, scale)| (weight / scale).round().clamp(-127.0, 127.0) as i8)
    });
    let dense = |column: usize| {
        let scale = dense_scales.get(column).copied().unwrap_or(1.0);
        std::array::from_fn(|at| weights.dense.row(at).get(column).map_or(0, |weight| (weight / scale).round() as i16))
    };
    let shapes = |column: usize| {
        let rows = (0..SHAPES * STEPS).map(|at| weights.shapes.row(at).get(column).copied().unwrap_or(0.0));
        rows.map(|weight| fixed(weight * SHAPE, 16)).collect()
    };
    let scale =
        |scales: &[f32], column: usize, times: f32| fixed(scales.get(column).copied().unwrap_or(0.0) * times, 24);
    Trained {
        columns: (0..columns)
            .map(|column| Column {
                bias: fixed(weights.bias.get(column).copied().unwrap_or(0.0), 16),
                hashed: scale(&hashed_scales, column, 1.0),
                dense: scale(&dense_scales, column, recipe.word_weight),
            })
            .collect(),
        bits: recipe.bits,
        kinds: recipe.kinds,
        hashed: hashed.collect(),
        width: weights.width,
        embedding: documents.embedding.filter(|_| recipe.words),
        dense: (0..columns).map(dense).collect(),
        shapes: if recipe.shape { (0..columns).map(shapes).collect() } else { Vec::new() },
    }
}

/// For each column what 1 is worth, so that its greatest weight is `most`.
fn scales(rows: &Rows, width: usize, most: f32) -> Vec<f32> {
    let mut greatest = vec![0.0_f32; width];
    for row in rows.values().chunks(width) {
        greatest.iter_mut().zip(row).for_each(|(greatest, weight)| *greatest = greatest.max(weight.abs()));
    }
    greatest.into_iter().map(|greatest| if greatest > 0.0 { greatest / most } else { 1.0 }).collect()
}

fn fixed(value: f32, bits: i32) -> i32 {
    (value * f32::powi(2.0, bits)).round() as i32
}
