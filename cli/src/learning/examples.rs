//! Examples to learn from or to be judged by.

use super::columns::{Data, quality};
use super::sheet::{Sheet, cell};
use pointsman_classifier::train::{Documents, Recipe, Target};
use pointsman_classifier::{Embedding, Text, ends};
use std::collections::{BTreeMap, BTreeSet};

/// A text, what is to be learned of it, and with which others it belongs together.
#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) text: Text,
    pub(crate) target: Target,
    /// Examples of a group are never on both sides of a split.
    pub(crate) group: String,
}

/// Examples and the labels that their targets count.
#[derive(Debug)]
pub(crate) struct Examples {
    pub(crate) labels: Vec<String>,
    pub(crate) examples: Vec<Example>,
}

/// What the two classes of a model are called that was trained by outcomes.
pub(crate) const DIFFICULTY: [&str; 2] = ["weak", "strong"];

impl Examples {
    /// The examples of a sheet. Without a column for groups, texts that are alike are one.
    pub(crate) fn of(sheet: &Sheet, data: &Data, group: Option<&str>, table: &Embedding) -> Result<Self, String> {
        let text = data.text(sheet)?;
        let group = group.map(|name| sheet.column("--group", Some(name), &[])).transpose()?;
        let (labels, targets) = match data.pair(sheet)? {
            Some(pair) => (DIFFICULTY.map(str::to_owned).to_vec(), differences(sheet, pair)?),
            None => classes(sheet, data.label(sheet)?)?,
        };
        let examples = sheet.rows.iter().zip(targets).map(|(row, target)| Example {
            text: text_of(cell(row, text), table),
            target,
            group: group.map_or_else(|| alike(cell(row, text)), |group| cell(row, group).to_owned()),
        });
        Ok(Self { labels, examples: examples.collect() })
    }

    /// At most so many examples of each class, in an order that a seed chooses.
    pub(crate) fn few(&mut self, shots: usize, seed: u64) {
        let mut order: Vec<usize> = (0..self.examples.len()).collect();
        let key = |at: &usize| self.examples.get(*at).map(|example| mixed(&example.group, seed, *at));
        order.sort_by_cached_key(key);
        let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
        let mut kept = BTreeSet::new();
        for at in order {
            if let Some(Target::Class(class)) = self.examples.get(at).map(|example| example.target) {
                let count = counts.entry(class).or_default();
                if *count < shots {
                    *count += 1;
                    kept.insert(at);
                }
            }
        }
        let mut at = 0;
        self.examples.retain(|_| {
            at += 1;
            kept.contains(&(at - 1))
        });
    }

    /// What training reads. Rare classes count more for each example, as the square root of how rare they are or by as
    /// much as `balance` says.
    pub(crate) fn documents(&self, recipe: &Recipe, table: &Embedding, balance: f32) -> Documents {
        let mut counts = vec![0_u32; self.labels.len()];
        for example in &self.examples {
            if let Target::Class(class) = example.target
                && let Some(count) = counts.get_mut(class as usize)
            {
                *count += 1;
            }
        }
        let mean = self.examples.len() as f32 / self.labels.len().max(1) as f32;
        let mut documents = Documents::new(self.labels.len(), Some(table.digest()));
        for example in &self.examples {
            let weight = match example.target {
                Target::Class(class) => {
                    let count = counts.get(class as usize).copied().unwrap_or(1).max(1);
                    balanced(mean / count as f32, balance)
                }
                Target::Share(_) => 1.0,
            };
            documents.push(&example.text, example.target, weight, recipe);
        }
        documents
    }
}

/// `ratio` to the power of 0, 1/2 or 1: the others would ask a machine's own library.
fn balanced(ratio: f32, balance: f32) -> f32 {
    let root = ratio.sqrt();
    let power = if balance <= 0.0 {
        1.0
    } else if balance < 0.5 {
        root.sqrt()
    } else if balance < 1.0 {
        root
    } else {
        ratio
    };
    power.clamp(0.2, 5.0)
}

pub(crate) fn text_of(text: &str, table: &Embedding) -> Text {
    let (head, tail) = ends(text);
    Text::new(head, tail, Some(table))
}

fn alike(text: &str) -> String {
    let letters = text.chars().flat_map(char::to_lowercase).filter(|letter| letter.is_alphanumeric());
    letters.collect()
}

fn mixed(group: &str, seed: u64, at: usize) -> (u32, usize) {
    (pointsman_classifier::train::fold_of(&format!("{seed} {group}"), u32::MAX), at)
}

fn classes(sheet: &Sheet, label: usize) -> Result<(Vec<String>, Vec<Target>), String> {
    let labels: BTreeSet<&str> = sheet.rows.iter().map(|row| cell(row, label)).collect();
    let name = sheet.names.get(label).map_or("", String::as_str);
    if labels.contains("") {
        return Err(format!("column `{name}`: a row has no label"));
    }
    if labels.len() < 2 || labels.len() > 1024 {
        return Err(format!("column `{name}`: {} labels, and a model tells 2 to 1024 apart", labels.len()));
    }
    let numbers: BTreeMap<&str, u32> = (0..).zip(&labels).map(|(number, label)| (*label, number)).collect();
    let number = |row: &Vec<String>| Target::Class(numbers.get(cell(row, label)).copied().unwrap_or(0));
    let targets = sheet.rows.iter().map(number).collect();
    Ok((labels.into_iter().map(str::to_owned).collect(), targets))
}

/// How much better the strong model was, with 1/2 for no difference.
fn differences(sheet: &Sheet, pair: (usize, usize)) -> Result<Vec<Target>, String> {
    let targets = gains(sheet, pair)?.into_iter().map(|(weak, strong)| (strong - weak + 1.0) / 2.0);
    Ok(targets.map(|share| Target::Share(share.clamp(0.0, 1.0) as f32)).collect())
}

/// The outcomes of two models in each row.
pub(crate) fn gains(sheet: &Sheet, (weak, strong): (usize, usize)) -> Result<Vec<(f64, f64)>, String> {
    let of = |row: &[String], at: usize| {
        let name = sheet.names.get(at).map_or("", String::as_str);
        quality(cell(row, at), name)?.ok_or_else(|| format!("column `{name}`: a row has no outcome"))
    };
    sheet.rows.iter().map(|row| Ok((of(row, weak)?, of(row, strong)?))).collect()
}
