//! Routers that are compared: a model, and what needs none.

use super::columns::Data;
use super::curve::{Measures, Routed};
use super::examples::{DIFFICULTY, gains, text_of};
use super::sheet::{Sheet, cell};
use pointsman_classifier::{Embedding, Model};
use std::collections::BTreeMap;

/// How much a model of outcomes leans to its second class.
pub(crate) fn lean(logits: &[i64]) -> f64 {
    match logits {
        [weak, strong] => (strong - weak) as f64 / 65536.0,
        _ => 0.0,
    }
}

/// A router's name and what it comes to.
pub(crate) type Judged = (String, Measures);

/// All routers between a weak and a strong model on the same prompts.
pub(crate) fn between_two(
    sheet: &Sheet,
    data: &Data,
    pair: (usize, usize),
    model: &Model,
    fitted: Option<&Sheet>,
    table: &Embedding,
) -> Result<Vec<Judged>, String> {
    let text = data.text(sheet)?;
    let gains: Vec<f64> = gains(sheet, pair)?.into_iter().map(|(weak, strong)| strong - weak).collect();
    let texts: Vec<&str> = sheet.rows.iter().map(|row| cell(row, text)).collect();
    let scores = scores(model, &texts, data, fitted, table)?;
    let lengths = texts.iter().map(|text| text.len() as f64).collect();
    let mut routers = vec![("this model", scores), ("length only", lengths)];
    if let Ok(label) = data.label(sheet) {
        routers.push(("true category", by_category(sheet, label, &gains)));
    }
    routers.push(("random", vec![0.0; gains.len()]));
    routers.push(("oracle", gains.clone()));
    let judged = routers.into_iter().map(|(name, scores)| {
        let routed = scores.into_iter().zip(&gains).map(|(score, gain)| Routed { score, gain: *gain });
        let measures = Measures::of(&routed.collect::<Vec<_>>())
            .ok_or("the strong model is no better than the weak one here: there is nothing to recover")?;
        Ok((name.to_owned(), measures))
    });
    judged.collect()
}

/// What the model makes of texts: how much it leans to the strong model; or, if it tells classes apart, how much better the strong
/// model was for these in other data.
fn scores(
    model: &Model,
    texts: &[&str],
    data: &Data,
    fitted: Option<&Sheet>,
    table: &Embedding,
) -> Result<Vec<f64>, String> {
    if model.labels() == DIFFICULTY {
        return Ok(texts.iter().map(|text| lean(&model.logits(&text_of(text, table)))).collect());
    }
    let fitted = fitted.ok_or("this model tells classes apart: --fit names outcomes that say how hard each is")?;
    let pair = data.pair(fitted)?.unwrap_or_default();
    let text = data.text(fitted)?;
    let mut sums = vec![(0.0, 0.0); model.labels().len()];
    let (mut all, mut count) = (0.0, 0.0);
    for (row, (weak, strong)) in fitted.rows.iter().zip(gains(fitted, pair)?) {
        let scores = model.scores(&text_of(cell(row, text), table));
        for (sum, score) in sums.iter_mut().zip(scores) {
            let share = f64::from(score) / 1e6;
            *sum = (sum.0 + share * (strong - weak), sum.1 + share);
        }
        (all, count) = (all + strong - weak, count + 1.0);
    }
    let mean = all / f64::max(count, 1.0);
    let gains: Vec<f64> = sums.iter().map(|(sum, n)| (sum + PRIOR * mean) / (n + PRIOR)).collect();
    let expected = |text: &&str| {
        let scores = model.scores(&text_of(text, table));
        scores.into_iter().zip(&gains).map(|(score, gain)| f64::from(score) / 1e6 * gain).sum()
    };
    Ok(texts.iter().map(expected).collect())
}

/// How many outcomes a class must have to count as much as all others together.
const PRIOR: f64 = 10.0;

/// What the other prompts of the same category gained.
fn by_category(sheet: &Sheet, label: usize, gains: &[f64]) -> Vec<f64> {
    let mut sums: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for (row, gain) in sheet.rows.iter().zip(gains) {
        let sum = sums.entry(cell(row, label)).or_default();
        *sum = (sum.0 + gain, sum.1 + 1.0);
    }
    let others = |(row, gain): (&Vec<String>, &f64)| {
        sums.get(cell(row, label)).map_or(0.0, |(sum, count)| (sum - gain) / f64::max(count - 1.0, 1.0))
    };
    sheet.rows.iter().zip(gains).map(others).collect()
}
