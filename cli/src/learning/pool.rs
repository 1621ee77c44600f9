//! Routing among several models by a table of classes, beside what needs no model.

use super::columns::Data;
use super::examples::text_of;
use super::fitting::{Experience, Goal};
use super::outcomes::{Outcomes, greatest};
use super::rules::Table;
use super::sheet::{Sheet, cell};
use pointsman_classifier::{Embedding, Model};
use std::collections::BTreeMap;

/// Ways to choose among models, and the mean quality that each comes to.
pub(crate) fn judged(
    sheet: &Sheet,
    data: &Data,
    model: &Model,
    rules: &Table,
    fitted: Option<&Sheet>,
    table: &Embedding,
) -> Result<Vec<(String, f64)>, String> {
    let outcomes = Outcomes::of(sheet)?;
    let text = data.text(sheet)?;
    let place = |name: &String| outcomes.models.iter().position(|found| found == name);
    let means = outcomes.means();
    let best = greatest(0..means.len(), |at| means.get(at).copied().unwrap_or(0.0)).unwrap_or(0);
    let classes: Vec<&str> = sheet.rows.iter().map(|row| said(model, cell(row, text), table)).collect();
    // What has no class, or none that a rule asks for, goes to the one model that is best for all, which a default would be.
    let fallback = match fitted {
        Some(fitted) => best_of(&Outcomes::of(fitted)?.in_order_of(&outcomes.models)?),
        None => best,
    };
    let by_rules =
        |row: usize| Some(classes.get(row).and_then(|class| rules.0.get(*class)).and_then(place).unwrap_or(fallback));
    let mut all = vec![
        ("this model and its table".to_owned(), outcomes.mean(by_rules)),
        ("random".to_owned(), means.iter().sum::<f64>() / means.len().max(1) as f64),
        (format!("always {}", outcomes.models.get(best).map_or("", String::as_str)), outcomes.mean(|_| Some(best))),
    ];
    if let Some(fitted) = fitted {
        let known = Outcomes::of(fitted)?.in_order_of(&outcomes.models)?;
        let fitted_text = data.text(fitted)?;
        let length = |sheet: &Sheet, text: usize| -> Vec<String> {
            sheet.rows.iter().map(|row| (cell(row, text).len().max(1).ilog2()).to_string()).collect()
        };
        all.push((
            "length only".to_owned(),
            by_key(&known, &length(fitted, fitted_text), &outcomes, &length(sheet, text)),
        ));
        if let (Ok(there), Ok(here)) = (data.label(fitted), data.label(sheet)) {
            let keys =
                |sheet: &Sheet, at: usize| sheet.rows.iter().map(|row| cell(row, at).to_owned()).collect::<Vec<_>>();
            let mean = by_key(&known, &keys(fitted, there), &outcomes, &keys(sheet, here));
            all.push(("true category".to_owned(), mean));
        }
    }
    all.push(("oracle".to_owned(), outcomes.oracle()));
    Ok(all)
}

/// The class of a text, empty where the model names none.
pub(crate) fn said<'a>(model: &'a Model, text: &str, table: &Embedding) -> &'a str {
    model.answer(&text_of(text, table)).class(0).unwrap_or("")
}

fn best_of(outcomes: &Outcomes) -> usize {
    let means = outcomes.means();
    greatest(0..means.len(), |at| means.get(at).copied().unwrap_or(0.0)).unwrap_or(0)
}

/// The mean quality where each key goes to the model that was best for it in other outcomes.
fn by_key(known: &Outcomes, known_keys: &[String], outcomes: &Outcomes, keys: &[String]) -> f64 {
    let mut places = BTreeMap::new();
    for key in known_keys.iter().chain(keys) {
        let next = places.len();
        places.entry(key.as_str()).or_insert(next);
    }
    let class = |key: &String| places.get(key.as_str()).copied().unwrap_or(0);
    let classes: Vec<usize> = known_keys.iter().map(class).collect();
    let choice = Experience::of(known, &classes, places.len(), |_, _, _| 0.0).choose(Goal::Best);
    outcomes.mean(|row| choice.get(class(keys.get(row)?)).copied())
}
