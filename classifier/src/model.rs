//! A model: its labels, its weights, and from which score on it is believed.

use crate::answer::{Answer, Silence};
use crate::dense::Dense;
use crate::embedding::Embedding;
use crate::file::{self, Broken, Digest, Kind, Parts};
use crate::hashed::Hashed;
use crate::probability::shares;
use crate::shape::{SHAPES, STEPS};
use crate::text::Text;

/// The most labels of a model, the longest one, and the longest card.
const MAX_LABELS: usize = 1024;
const MAX_LABEL: usize = 128;
const MAX_CARD: usize = 1 << 18;

/// Says which of its labels a text belongs to.
#[derive(Clone, Debug)]
pub struct Model {
    digest: Digest,
    labels: Vec<String>,
    /// One column for each label; of two labels only the second has one.
    columns: Vec<Column>,
    hashed: Option<Hashed>,
    dense: Option<Dense>,
    /// For each column, in 1/2^16, the weight of each step of each shape.
    shapes: Vec<[[i32; STEPS]; SHAPES]>,
    calibration: Calibration,
    card: String,
}

/// What the weights of a column are worth, in 1/2^24, and what it begins with, in 1/2^16.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) bias: i32,
    pub(crate) hashed: i32,
    pub(crate) dense: i32,
}

/// How scores become probabilities, and from which on a class is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calibration {
    /// By what logits are multiplied, in 1/2^16.
    pub steepness: u32,
    /// The least score of a class that is named, in millionths.
    pub least_score: u32,
    /// The label that stands for everything out of scope.
    pub out_of_scope: Option<u16>,
}

impl Default for Calibration {
    fn default() -> Self {
        Self { steepness: 1 << 16, least_score: 0, out_of_scope: None }
    }
}

const NO_LABEL: u16 = u16::MAX;

impl Model {
    /// Reads a file, or says what is wrong with it. A model with weights for words wants the table it was trained with.
    pub fn read(file: &[u8], embedding: Option<&Embedding>) -> Result<Self, Broken> {
        let (mut parts, digest) = file::open(file, Kind::Model)?;
        let labels = labels(&mut parts)?;
        let width = if labels.len() == 2 { 1 } else { labels.len() };
        let mut columns = Vec::with_capacity(width);
        for _ in 0..width {
            let (bias, hashed, dense) = (parts.i32("bias")?, parts.i32("scale")?, parts.i32("scale of words")?);
            columns.push(Column { bias, hashed, dense });
        }
        let [with_hashed, with_dense, with_shapes] =
            [flag(&mut parts, "n-grams")?, flag(&mut parts, "words")?, flag(&mut parts, "shapes")?];
        let hashed = if with_hashed { Some(Hashed::read(&mut parts, width)?) } else { None };
        let dense = if with_dense { Some(Dense::read(&mut parts, width)?) } else { None };
        if let Some(dense) = &dense {
            trained_with(dense, embedding)?;
        }
        let shapes = if with_shapes { shapes(&mut parts, width)? } else { Vec::new() };
        let calibration = calibration(&mut parts, labels.len())?;
        let card = parts.text(MAX_CARD, "card")?.to_owned();
        parts.end()?;
        Ok(Self { digest, labels, columns, hashed, dense, shapes, calibration, card })
    }

    /// The digest of the table that a model's file asks for, without the rest of it.
    pub fn embedding(&self) -> Option<Digest> {
        self.dense.as_ref().map(|dense| dense.embedding)
    }

    /// The file's digest.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What the model tells apart.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// How scores become probabilities, and from which on a class is named.
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// The model's card, as JSON: what it was trained with, under which licence, and how good it is.
    pub fn card(&self) -> &str {
        &self.card
    }

    /// A logit for each label, in 1/2^16.
    pub fn logits(&self, text: &Text) -> Vec<i64> {
        let mut logits: Vec<i64> = self.columns.iter().map(|column| i64::from(column.bias)).collect();
        if let Some(hashed) = &self.hashed {
            let (sums, root) = hashed.sums(&text.grams);
            for ((logit, column), sum) in logits.iter_mut().zip(&self.columns).zip(sums) {
                *logit += i64::from(sum) * i64::from(column.hashed) / root;
            }
        }
        if let Some((dense, direction)) = self.dense.as_ref().zip(text.direction.as_ref()) {
            for ((logit, column), sum) in logits.iter_mut().zip(&self.columns).zip(dense.sums(direction)) {
                *logit += (sum * i64::from(column.dense)) >> 18;
            }
        }
        for (logit, shapes) in logits.iter_mut().zip(&self.shapes) {
            let weights = shapes.iter().zip(text.shape).filter_map(|(steps, step)| steps.get(usize::from(step)));
            *logit += weights.map(|weight| i64::from(*weight)).sum::<i64>();
        }
        if let [logit] = logits[..] { vec![0, logit] } else { logits }
    }

    /// How likely each label is, in millionths.
    pub fn scores(&self, text: &Text) -> Vec<u32> {
        shares(&self.logits(text), self.calibration.steepness)
    }

    /// What the model says of a text.
    pub fn answer(&self, text: &Text) -> Answer<'_> {
        let logits = self.logits(text);
        let scores = shares(&logits, self.calibration.steepness);
        // Of equals the first one, as everywhere.
        let best = (0..logits.len()).rev().max_by_key(|at| logits.get(*at)).unwrap_or(0);
        let score = scores.get(best).copied().unwrap_or(0);
        let silence = if self.calibration.out_of_scope.is_some_and(|label| usize::from(label) == best) {
            Some(Silence::OutOfScope)
        } else if score < self.calibration.least_score {
            Some(Silence::Unsure)
        } else {
            None
        };
        Answer { best: self.labels.get(best).map_or("", String::as_str), score, silence }
    }
}

fn flag(parts: &mut Parts<'_>, part: &str) -> Result<bool, Broken> {
    match parts.u8(part)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Broken::new(format!("{part}: expected 0 or 1"))),
    }
}

fn labels(parts: &mut Parts<'_>) -> Result<Vec<String>, Broken> {
    let count = usize::from(parts.u16("labels")?);
    if !(2..=MAX_LABELS).contains(&count) {
        return Err(Broken::new(format!("labels: 2 to {MAX_LABELS}")));
    }
    let mut labels: Vec<String> = Vec::with_capacity(count);
    for _ in 0..count {
        let label = parts.text(MAX_LABEL, "label")?;
        if label.is_empty() || labels.iter().any(|before| before == label) {
            return Err(Broken::new(format!("label `{label}`: empty, or there twice")));
        }
        labels.push(label.to_owned());
    }
    Ok(labels)
}

fn trained_with(dense: &Dense, embedding: Option<&Embedding>) -> Result<(), Broken> {
    let wanted = dense.embedding;
    match embedding {
        Some(embedding) if embedding.digest() == wanted => Ok(()),
        Some(embedding) => {
            Err(Broken::new(format!("words: trained with the table {wanted}, and this is {}", embedding.digest())))
        }
        None => Err(Broken::new(format!("words: trained with the table {wanted}, and there is none"))),
    }
}

fn shapes(parts: &mut Parts<'_>, width: usize) -> Result<Vec<[[i32; STEPS]; SHAPES]>, Broken> {
    let mut all = Vec::with_capacity(width);
    for _ in 0..width {
        let mut column = [[0; STEPS]; SHAPES];
        for weight in column.iter_mut().flatten() {
            *weight = parts.i32("shapes")?;
        }
        all.push(column);
    }
    Ok(all)
}

fn calibration(parts: &mut Parts<'_>, labels: usize) -> Result<Calibration, Broken> {
    let calibration = Calibration {
        steepness: parts.u32("steepness")?,
        least_score: parts.u32("least score")?,
        out_of_scope: Some(parts.u16("out of scope")?).filter(|label| *label != NO_LABEL),
    };
    match calibration.out_of_scope {
        Some(label) if usize::from(label) >= labels => Err(Broken::new("out of scope: no such label")),
        _ => Ok(calibration),
    }
}

#[cfg(all(test, feature = "train"))]
mod tests;
