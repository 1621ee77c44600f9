//! `pointsman fit`: which model is for which class of prompts, by what came of them.

use super::eval::Output;
use super::{Failure, print};
use crate::learning::columns::Data;
use crate::learning::fitting::{Experience, Goal};
use crate::learning::outcomes::{Outcome, Outcomes};
use crate::learning::pool::said;
use crate::learning::rules::Table;
use crate::learning::sheet::{Sheet, cell};
use crate::learning::words;
use crate::policy_file::{self, Values};
use pointsman_classifier::{Embedding, Model};
use pointsman_source::reason;
use serde_json::json;
use std::path::PathBuf;

/// Writes the rules that send each class of prompts to the model that is best for it, or cheapest and good enough
///
/// Outcomes are prompts with what each model made of them: columns `score__MODEL`, `ok__MODEL` or `quality__MODEL` (with
/// `cost__MODEL` and `out_tokens__MODEL` if these are known), or a row for each answer with the columns `model` and `quality`, as they
/// are recorded in production: run the same command again on new ones, and the rules follow. Where outcomes have no cost, prices come
/// from the policy. What comes out are ordinary rules to read, change and check in.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman fit task.model outcomes.csv.gz --to rules.yaml
  pointsman fit task.model outcomes.csv.gz --policy policy.yaml --quality 0.97
  pointsman fit task.model outcomes.jsonl --policy policy.yaml --cost 0.002 --to rules.yaml")]
pub(crate) struct Arguments {
    /// The file of the model
    model: PathBuf,
    #[command(flatten)]
    data: Data,
    /// The policy whose models are chosen among, and whose prices count
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The cheapest table that is this share as good as the best one, 0 to 1
    #[arg(long, value_name = "SHARE", requires = "policy", conflicts_with = "cost")]
    quality: Option<f64>,
    /// The best table at which a request costs at most so much on average
    #[arg(long, value_name = "AMOUNT", requires = "policy")]
    cost: Option<f64>,
    /// How many tokens an answer has where outcomes do not say
    #[arg(long, value_name = "COUNT", default_value_t = 300)]
    output_tokens: u32,
    /// What rules call the classifier; by default the model's file
    #[arg(long, value_name = "NAME")]
    classifier: Option<String>,
    /// The file for the rules; without one they are printed
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    #[command(flatten)]
    values: Values,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let table = words::table()?;
    let model = words::model(&arguments.model, &table)?;
    let sheet = arguments.data.sheet()?;
    let prices = prices(arguments, &sheet)?;
    let goal = match (arguments.quality, arguments.cost) {
        (Some(share), _) => Goal::Quality(share),
        (None, Some(limit)) => Goal::Cost(limit),
        (None, None) => Goal::Best,
    };
    let text = arguments.data.text(&sheet)?;
    let price = |row: usize, at: usize, outcome: &Outcome| {
        let Some((input, output)) = prices.as_ref().and_then(|prices| prices.get(at)) else {
            return 0.0;
        };
        // Four letters are about a token, as everywhere where a tokenizer is not at hand.
        let letters = sheet.rows.get(row).map_or(0, |row| cell(row, text).len());
        let answer = outcome.output_tokens.unwrap_or_else(|| f64::from(arguments.output_tokens));
        (letters as f64 / 4.0 * input + answer * output) / 1e6
    };
    let fitted = fitted(&sheet, &arguments.data, &model, &table, goal, &price)?;
    let stem = arguments.model.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let classifier = arguments.classifier.clone().unwrap_or(stem);
    let rules = fitted.table.rules(&classifier, &fitted.head(&classifier, &model), |class| fitted.why(class));
    if let Some(file) = &arguments.to {
        std::fs::write(file, &rules).map_err(|err| format!("`{}`: {}", file.display(), reason(&err)))?;
    }
    match (arguments.output, &arguments.to) {
        (Output::Json, _) => print(&format!("{}\n", fitted.json(&classifier))),
        (Output::Text, None) => print(&rules),
        (Output::Text, Some(file)) => print(&format!("{}: {}\n", file.display(), fitted.summary())),
    }
    Ok(())
}

/// The prices of the models that outcomes are of, in the order of these.
fn prices(arguments: &Arguments, sheet: &Sheet) -> Result<Option<Vec<(f64, f64)>>, Failure> {
    let Some(file) = &arguments.policy else { return Ok(None) };
    let policy = policy_file::load(file, &arguments.values)?;
    let outcomes = Outcomes::of(sheet)?;
    let has_costs = outcomes.rows.iter().flatten().all(|outcome| outcome.quality.is_none() || outcome.cost.is_some());
    let price = |name: &String| match policy.policy.model_named(name) {
        Some(model) => match model.cost() {
            Some(cost) => Ok(cost),
            None if has_costs => Ok((0.0, 0.0)),
            None => Err(format!("model `{name}`: the policy has no price, and the outcomes no cost")),
        },
        None => Err(format!("model `{name}`: outcomes name it, and the policy's catalog does not")),
    };
    Ok(Some(outcomes.models.iter().map(price).collect::<Result<_, String>>()?))
}

/// A table, and what it was chosen by.
#[derive(Debug)]
pub(super) struct Fitted {
    pub(super) table: Table,
    classes: Vec<String>,
    models: Vec<String>,
    experience: Experience,
    choice: Vec<usize>,
}

/// The table for outcomes, by the class that the model gives each prompt. What has no class has no rule.
pub(super) fn fitted(
    sheet: &Sheet,
    data: &Data,
    model: &Model,
    words: &Embedding,
    goal: Goal,
    price: &dyn Fn(usize, usize, &Outcome) -> f64,
) -> Result<Fitted, String> {
    let outcomes = Outcomes::of(sheet)?;
    let text = data.text(sheet)?;
    let classes = model.labels().to_vec();
    let class = |row: &Vec<String>| {
        let found = said(model, cell(row, text), words);
        classes.iter().position(|class| class == found).unwrap_or(usize::MAX)
    };
    let seen: Vec<usize> = sheet.rows.iter().map(class).collect();
    let experience = Experience::of(&outcomes, &seen, classes.len(), price);
    let choice = experience.choose(goal);
    let table = classes.iter().zip(&choice).zip(&experience.counts).filter(|(_, count)| **count > 0.0);
    let table = table.filter_map(|((class, model), _)| Some((class.clone(), outcomes.models.get(*model)?.clone())));
    Ok(Fitted { table: Table(table.collect()), classes, models: outcomes.models, experience, choice })
}

impl Fitted {
    fn head(&self, classifier: &str, model: &Model) -> String {
        format!(
            "Written by `pointsman fit` for the classifier {classifier}, {}.\n{}.\n\
             Prompts without a class go on to the rules behind these.",
            model.digest(),
            self.summary()
        )
    }

    fn summary(&self) -> String {
        let (quality, cost) = self.experience.mean(&self.choice);
        let best = self.experience.mean(&self.experience.choose(Goal::Best));
        let outcomes = self.experience.counts.iter().sum::<f64>();
        if best.1 == 0.0 {
            return format!("{outcomes} outcomes: quality {quality:.3}, the best table {:.3}", best.0);
        }
        format!(
            "{outcomes} outcomes: quality {quality:.3} at {cost:.6} a request, the best table {:.3} at {:.6}",
            best.0, best.1
        )
    }

    /// What is known of a class, for a comment.
    fn why(&self, class: &str) -> String {
        let Some(at) = self.classes.iter().position(|found| found == class) else { return String::new() };
        let of =
            |table: &[Vec<f64>], model: usize| table.get(at).and_then(|row| row.get(model)).copied().unwrap_or(0.0);
        let chosen = self.choice.get(at).copied().unwrap_or(0);
        let mut others: Vec<(f64, &str)> = self
            .models
            .iter()
            .enumerate()
            .filter(|(model, _)| *model != chosen)
            .map(|(model, name)| (of(&self.experience.quality, model), name.as_str()))
            .collect();
        others.sort_by(|a, b| b.0.total_cmp(&a.0));
        let next = others.first().map(|(quality, name)| format!("; {name} {quality:.2}")).unwrap_or_default();
        let count = self.experience.counts.get(at).copied().unwrap_or(0.0);
        format!("{count} outcomes, quality {:.2}{next}", of(&self.experience.quality, chosen))
    }

    fn json(&self, classifier: &str) -> serde_json::Value {
        let (quality, cost) = self.experience.mean(&self.choice);
        json!({
            "classifier": classifier, "table": self.table.0, "quality": quality, "cost": cost,
            "outcomes": self.experience.counts.iter().sum::<f64>(),
        })
    }
}
