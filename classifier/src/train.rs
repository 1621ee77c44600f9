//! How models come to be: multinomial logistic regression by stochastic gradients, to the byte the same on every machine.
//!
//! Weights are trained in floating point and end as small integers; whatever is said of a model's quality is measured on
//! those. Work is split over threads in pieces that do not depend on how many threads there are.

mod arithmetic;
mod document;
mod fit;
mod fold;
mod quantise;
mod recipe;
mod weights;
mod writing;

pub use document::{Documents, Target};
pub use fold::{fold_of, outside};
pub use quantise::Trained;
pub use recipe::Recipe;

use crate::embedding::{self, DIMENSIONS};

/// Trains one model on those documents whose numbers are given.
pub fn train(documents: &Documents, rows: &[u32], recipe: &Recipe) -> Trained {
    let replicas: Vec<u64> = (0..recipe.replicas).collect();
    let trained = fold::side_by_side(&replicas, |replica| fit::fit(documents, rows, recipe, *replica));
    quantise::quantise(&weights::mean(trained), documents, recipe)
}

/// Trains a model on all folds but one, for each: what each says of that one is said of texts that it never saw.
pub fn train_folds(
    documents: &Documents,
    folds: &[u32],
    count: u32,
    recipe: &Recipe,
    done: impl Fn() + Sync,
) -> Vec<Trained> {
    let all: Vec<u32> = (0..count).collect();
    fold::side_by_side(&all, |fold| {
        let weights = fit::fit(documents, &outside(folds, *fold), recipe, 0);
        done();
        quantise::quantise(&weights, documents, recipe)
    })
}

/// The file of a table: pieces as the vocabulary writes them, and their rows.
pub fn embedding_file(pieces: &[(String, [i8; DIMENSIONS])]) -> Vec<u8> {
    embedding::written(pieces)
}
