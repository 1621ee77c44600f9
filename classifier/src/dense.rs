//! Weights of the direction in which a text's words point.

use crate::embedding::DIMENSIONS;
use crate::file::{Broken, Digest, Parts};

/// For each column a weight of each dimension.
#[derive(Clone, Debug)]
pub(crate) struct Dense {
    /// The table that the weights were trained with.
    pub(crate) embedding: Digest,
    weights: Vec<[i16; DIMENSIONS]>,
}

impl Dense {
    pub(crate) fn read(parts: &mut Parts<'_>, columns: usize) -> Result<Self, Broken> {
        let embedding = parts.digest("embedding")?;
        let mut weights = Vec::with_capacity(columns);
        for _ in 0..columns {
            let mut column = [0; DIMENSIONS];
            for (slot, weight) in column.iter_mut().zip(parts.list::<2>(DIMENSIONS, "weights of words")?) {
                *slot = i16::from_le_bytes(*weight);
            }
            weights.push(column);
        }
        Ok(Self { embedding, weights })
    }

    /// For each column the weighted sum.
    pub(crate) fn sums(&self, direction: &[i16; DIMENSIONS]) -> impl Iterator<Item = i64> {
        self.weights.iter().map(move |column| {
            let products = column.iter().zip(direction).map(|(weight, value)| i32::from(*weight) * i32::from(*value));
            products.map(i64::from).sum()
        })
    }
}
