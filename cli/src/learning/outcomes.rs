//! What models made of prompts: how good each answer was, and what it cost.

use super::columns::quality;
use super::sheet::{Sheet, cell, listed};

/// Of each row and model how good the answer was and what it cost, where that is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Outcomes {
    pub(crate) models: Vec<String>,
    pub(crate) rows: Vec<Vec<Outcome>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) quality: Option<f64>,
    pub(crate) cost: Option<f64>,
    pub(crate) output_tokens: Option<f64>,
}

/// How columns of outcomes begin, in front of a model's name.
const QUALITY: [&str; 3] = ["score__", "ok__", "quality__"];

impl Outcomes {
    /// One column for each model (`score__MODEL`, `ok__MODEL` or `quality__MODEL`, with `cost__MODEL` and
    /// `out_tokens__MODEL` if there are such), or the columns `model` and `quality`, as records have them.
    pub(crate) fn of(sheet: &Sheet) -> Result<Self, String> {
        let wide: Vec<(&str, usize)> =
            (0..).zip(&sheet.names).filter_map(|(at, name)| Some((model(name)?, at))).collect();
        if !wide.is_empty() {
            return Self::wide(sheet, &wide);
        }
        match (sheet.place("model"), sheet.place("quality")) {
            (Some(model), Some(quality)) => Self::long(sheet, model, quality),
            _ => Err(format!(
                "no outcomes: neither columns `score__MODEL`, `ok__MODEL` or `quality__MODEL`, nor `model` and \
                 `quality`; there are {}",
                listed(&sheet.names)
            )),
        }
    }

    fn wide(sheet: &Sheet, columns: &[(&str, usize)]) -> Result<Self, String> {
        let number = |row: &[String], name: String| match sheet.place(&name) {
            Some(at) => quality(cell(row, at), &name),
            None => Ok(None),
        };
        let outcome = |row: &[String], (model, at): (&str, usize)| {
            Ok(Outcome {
                quality: quality(cell(row, at), sheet.names.get(at).map_or("", String::as_str))?,
                cost: number(row, format!("cost__{model}"))?,
                output_tokens: number(row, format!("out_tokens__{model}"))?,
            })
        };
        let rows = sheet.rows.iter().map(|row| columns.iter().map(|column| outcome(row, *column)).collect());
        Ok(Self {
            models: columns.iter().map(|(model, _)| (*model).to_owned()).collect(),
            rows: rows.collect::<Result<_, String>>()?,
        })
    }

    fn long(sheet: &Sheet, model: usize, good: usize) -> Result<Self, String> {
        let mut models: Vec<String> = sheet.rows.iter().map(|row| cell(row, model).to_owned()).collect();
        models.sort_unstable();
        models.dedup();
        let cost = sheet.place("cost");
        let tokens = sheet.place("output_tokens");
        let optional = |row: &[String], at: Option<usize>, name| at.map_or(Ok(None), |at| quality(cell(row, at), name));
        let rows = sheet.rows.iter().map(|row| {
            let mut outcomes = vec![Outcome::default(); models.len()];
            let at = models.binary_search_by(|found| found.as_str().cmp(cell(row, model))).unwrap_or(0);
            if let Some(outcome) = outcomes.get_mut(at) {
                *outcome = Outcome {
                    quality: quality(cell(row, good), "quality")?,
                    cost: optional(row, cost, "cost")?,
                    output_tokens: optional(row, tokens, "output_tokens")?,
                };
            }
            Ok(outcomes)
        });
        Ok(Self { rows: rows.collect::<Result<_, String>>()?, models })
    }

    pub(crate) fn quality(&self, row: usize, model: usize) -> Option<f64> {
        self.rows.get(row)?.get(model)?.quality
    }

    /// The same rows with the models of others, in their order.
    pub(crate) fn in_order_of(&self, models: &[String]) -> Result<Self, String> {
        let place = |name: &String| {
            self.models
                .iter()
                .position(|found| found == name)
                .ok_or_else(|| format!("no outcomes of the model `{name}`"))
        };
        let places = models.iter().map(place).collect::<Result<Vec<_>, String>>()?;
        let row = |row: &Vec<Outcome>| places.iter().map(|at| row.get(*at).copied().unwrap_or_default()).collect();
        Ok(Self { models: models.to_vec(), rows: self.rows.iter().map(row).collect() })
    }

    /// The mean quality where each row goes to the model that is chosen for it; rows without an outcome of it do not count.
    pub(crate) fn mean(&self, choice: impl Fn(usize) -> Option<usize>) -> f64 {
        let found: Vec<f64> = (0..self.rows.len()).filter_map(|row| self.quality(row, choice(row)?)).collect();
        found.iter().sum::<f64>() / found.len().max(1) as f64
    }

    /// The mean quality of each model by itself.
    pub(crate) fn means(&self) -> Vec<f64> {
        (0..self.models.len()).map(|model| self.mean(|_| Some(model))).collect()
    }

    /// The best that any choice could come to.
    pub(crate) fn oracle(&self) -> f64 {
        self.mean(|row| greatest(0..self.models.len(), |model| self.quality(row, model).unwrap_or(f64::MIN)))
    }
}

/// The first of those that are greatest.
pub(crate) fn greatest(all: std::ops::Range<usize>, of: impl Fn(usize) -> f64) -> Option<usize> {
    all.rev().max_by(|a, b| of(*a).total_cmp(&of(*b)))
}

fn model(column: &str) -> Option<&str> {
    QUALITY.iter().find_map(|prefix| column.strip_prefix(prefix)).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(text: &[&[&str]]) -> Sheet {
        let mut rows: Vec<Vec<String>> =
            text.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect();
        Sheet { names: rows.remove(0), rows }
    }

    #[test]
    fn outcomes_stand_in_columns_or_in_rows() {
        let wide = Outcomes::of(&sheet(&[
            &["text", "score__a", "ok__b", "cost__b"],
            &["x", "0.5", "True", "0.002"],
            &["y", "", "0", ""],
        ]))
        .unwrap();
        assert_eq!(wide.models, ["a", "b"]);
        assert_eq!((wide.quality(0, 1), wide.rows[0][1].cost, wide.quality(1, 0)), (Some(1.0), Some(0.002), None));
        assert_eq!((wide.means(), wide.oracle()), (vec![0.5, 0.5], 0.5));
        let long = Outcomes::of(&sheet(&[&["model", "quality"], &["b", "1"], &["a", "0"]])).unwrap();
        assert_eq!(
            (long.models.clone(), long.quality(0, 1), long.quality(1, 0)),
            (vec!["a".into(), "b".into()], Some(1.0), Some(0.0))
        );
        let swapped = wide.in_order_of(&["b".into(), "a".into()]).unwrap();
        assert_eq!(swapped.quality(0, 0), Some(1.0));
        assert!(Outcomes::of(&sheet(&[&["text"], &["x"]])).unwrap_err().starts_with("no outcomes"));
    }
}
