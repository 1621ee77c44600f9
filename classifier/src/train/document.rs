//! Documents to learn from, as models see them.

use super::Recipe;
use crate::embedding::DIMENSIONS;
use crate::file::Digest;
use crate::root;
use crate::shape::SHAPES;
use crate::text::Text;

/// What is to be learned of a document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// The class that it belongs to.
    Class(u32),
    /// For two classes, how much it belongs to the second.
    Share(f32),
}

/// Documents, their targets, and what they weigh.
#[derive(Debug)]
pub struct Documents {
    /// How many classes there are.
    pub(super) classes: usize,
    /// The table of words that they were read with.
    pub(super) embedding: Option<Digest>,
    /// Row of weights and how much it counts, of all documents one after the other.
    entries: Vec<(u32, f32)>,
    ends: Vec<usize>,
    rest: Vec<Rest>,
}

/// What of a document is no n-gram.
#[derive(Debug)]
pub(super) struct Rest {
    pub(super) direction: [f32; DIMENSIONS],
    pub(super) shape: [u8; SHAPES],
    pub(super) target: Target,
    pub(super) weight: f32,
}

impl Documents {
    /// No documents yet, of `classes` classes.
    pub fn new(classes: usize, embedding: Option<Digest>) -> Self {
        Self { classes, embedding, entries: Vec::new(), ends: Vec::new(), rest: Vec::new() }
    }

    /// How many columns of weights there are.
    pub(super) fn columns(&self) -> usize {
        if self.classes == 2 { 1 } else { self.classes }
    }

    /// One more document.
    pub fn push(&mut self, text: &Text, target: Target, weight: f32, recipe: &Recipe) {
        if let Some(bits) = recipe.bits {
            let mut short = Vec::new();
            let hashes = text.grams.chosen(recipe.kinds, &mut short).into_iter().flatten();
            let mut rows: Vec<u32> = hashes.map(|hash| hash >> (32 - u32::from(bits))).collect();
            rows.sort_unstable();
            let one = 256.0 / root::of_count(rows.len()) as f32;
            for same in rows.chunk_by(|a, b| a == b) {
                if let Some(row) = same.first() {
                    self.entries.push((*row, same.len() as f32 * one));
                }
            }
        }
        self.ends.push(self.entries.len());
        let direction = text.direction.unwrap_or([0; DIMENSIONS]).map(|value| f32::from(value) / 1024.0);
        self.rest.push(Rest { direction, shape: text.shape, target, weight });
    }

    /// How many documents there are.
    pub fn len(&self) -> usize {
        self.rest.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn entries(&self, document: usize) -> &[(u32, f32)] {
        let start = document.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(document).copied().unwrap_or(start);
        self.entries.get(start..end).unwrap_or_default()
    }

    pub(super) fn rest(&self, document: usize) -> Option<&Rest> {
        self.rest.get(document)
    }
}
