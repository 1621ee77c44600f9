//! `pointsman train`: a model out of labelled examples or outcomes.

use super::{Failure, print};
use crate::learning::calibration::{Truth, Wanted};
use crate::learning::card::{self, Said};
use crate::learning::classification::Classification;
use crate::learning::columns::Data;
use crate::learning::curve::{Measures, Routed};
use crate::learning::examples::Examples;
use crate::learning::training::{self, Outcome, Plan};
use crate::learning::{routers, words};
use pointsman_classifier::train::Recipe;
use pointsman_classifier::{Embedding, Kinds, Model};
use pointsman_source::reason;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Trains a model that says what a prompt is about, or how hard it is
///
/// Examples are texts with labels; or, with --weak and --strong, texts with what a weak and a strong model made of them. The model
/// is one file for the proxy. It is judged and calibrated by folds: what is said of an example was never said by a model that
/// had seen it, or another of its group. The same data and options give the same bytes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman train intents.csv --to intents.model
  pointsman train questions.csv.gz --text question --label domain --group source --to domain.model
  pointsman train outcomes.csv --text prompt --weak small_ok --strong large_ok --to complexity.model
  pointsman train intents.csv --shots 10 --out-of-scope oos --oos-recall 0.65 --to intents.model")]
pub(crate) struct Arguments {
    #[command(flatten)]
    data: Data,
    /// The file of the model
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// A column whose equal values are never on both sides of a split; without one, texts of the same letters are not
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// In how many folds the model is judged and calibrated; 0 to leave that out
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=20))]
    folds: u32,
    /// At most so many examples of each class
    #[arg(long, value_name = "COUNT")]
    shots: Option<usize>,
    /// The label of what the model should give no class
    #[arg(long, value_name = "LABEL")]
    out_of_scope: Option<String>,
    /// How much of what is out of scope shall be given no class, 0 to 1: sets the least score
    #[arg(long, value_name = "SHARE", requires = "out_of_scope", value_parser = share)]
    oos_recall: Option<f64>,
    /// How many of the named classes shall be right, 0 to 1: sets the least score
    #[arg(long, value_name = "SHARE", value_parser = share)]
    precision: Option<f64>,
    /// Of two classes, how many of the first may be taken for the second, 0 to 1: sets where that begins
    #[arg(long, value_name = "SHARE", value_parser = share)]
    false_positives: Option<f64>,
    #[command(flatten)]
    recipe: Learning,
    #[command(flatten)]
    said: Said,
    /// How to print the report
    #[arg(long, value_enum, default_value_t = super::eval::Output::Text)]
    output: super::eval::Output,
}

/// How weights are learned; what is not said goes by how many classes and examples there are.
#[derive(Debug, clap::Args)]
struct Learning {
    /// What is looked at, with commas between: grams, words, shape
    #[arg(long, value_delimiter = ',', value_name = "KINDS", value_parser = ["grams", "words", "shape"])]
    features: Vec<String>,
    /// Which n-grams are looked at, with commas between: short (one and two letters), three, four, five, words
    #[arg(long, value_delimiter = ',', value_name = "KINDS", value_parser = ["short", "three", "four", "five", "words"])]
    grams: Vec<String>,
    /// How many bits of an n-gram's hash choose its weights, 4 to 20: each more doubles the file
    #[arg(long, value_parser = clap::value_parser!(u8).range(4..=20))]
    bits: Option<u8>,
    /// How often each example is seen
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
    epochs: Option<u32>,
    /// How large steps are at first
    #[arg(long)]
    rate: Option<f32>,
    /// How much the meaning of words weighs beside n-grams
    #[arg(long, value_name = "WEIGHT")]
    word_weight: Option<f32>,
    /// In which share of steps n-grams are left out, so that the meaning of words learns to do without them
    #[arg(long, value_name = "SHARE")]
    dropout: Option<f32>,
    /// How much is taken from the right class and given to all alike
    #[arg(long, value_name = "SHARE")]
    smoothing: Option<f32>,
    /// How much more examples of rare classes count: 0, 0.25, 0.5 or 1
    #[arg(long, value_name = "POWER", default_value_t = 0.0)]
    balance: f32,
    /// What the order of examples and the choice of --shots are made from
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn share(written: &str) -> Result<f64, String> {
    match written.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("expected a number from 0 to 1".to_owned()),
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let table = words::table()?;
    let sheet = arguments.data.sheet()?;
    let mut examples = Examples::of(&sheet, &arguments.data, arguments.group.as_deref(), &table)?;
    if let Some(shots) = arguments.shots {
        examples.few(shots, arguments.recipe.seed);
    }
    let plan = Plan {
        recipe: arguments.recipe.of(&examples, arguments.data.weak.is_some()),
        folds: arguments.folds,
        balance: arguments.recipe.balance,
        out_of_scope: arguments.out_of_scope.clone(),
        wanted: Wanted { precision: arguments.precision, out_of_scope_recall: arguments.oos_recall },
        false_positives: arguments.false_positives,
    };
    let outcome = training::run(&examples, &plan, &table)?;
    let report = Report::of(&examples, &outcome, arguments.data.weak.is_some());
    let training = json!({
        "examples": examples.examples.len(), "labels": examples.labels.len(), "folds": plan.folds, "seed": plan.recipe.seed,
        "epochs": plan.recipe.epochs, "bits": plan.recipe.bits, "words": plan.recipe.words, "shape": plan.recipe.shape,
    });
    let metrics = card::figures(&report.json);
    let card = card::card(&arguments.said, &arguments.to, &arguments.data.data, training, metrics)?;
    let file = outcome.trained.file(&examples.labels, &outcome.calibration, &card);
    let digest = readable(&file, &table)?;
    std::fs::write(&arguments.to, &file).map_err(|err| format!("`{}`: {}", arguments.to.display(), reason(&err)))?;
    let written = format!("{}: {} KiB, sha256 {digest}", arguments.to.display(), file.len().div_ceil(1024));
    match arguments.output {
        super::eval::Output::Text => print(&format!("{}{written}\n", report.text)),
        super::eval::Output::Json => {
            let whole =
                json!({"model": {"file": arguments.to, "bytes": file.len(), "sha256": digest}, "folds": report.json});
            print(&format!("{whole}\n"));
        }
    }
    Ok(())
}

/// What is written is what will be read.
fn readable(file: &[u8], table: &Embedding) -> Result<String, String> {
    let model =
        Model::read(file, Some(table)).map_err(|broken| format!("this model cannot be read again: {broken}"))?;
    Ok(model.digest().to_string())
}

impl Learning {
    fn kinds(&self) -> Option<Kinds> {
        let kinds = self.grams.iter().map(|kind| match kind.as_str() {
            "short" => Kinds::SHORT,
            "three" => Kinds::THREE,
            "four" => Kinds::FOUR,
            "five" => Kinds::FIVE,
            _ => Kinds::WORDS,
        });
        kinds.reduce(Kinds::and)
    }

    fn of(&self, examples: &Examples, by_outcomes: bool) -> Recipe {
        let usual = Recipe::usual(examples.labels.len(), examples.examples.len(), by_outcomes);
        let wants = |kind: &str| self.features.iter().any(|found| found == kind);
        let chosen = !self.features.is_empty();
        Recipe {
            bits: if chosen && !wants("grams") { None } else { self.bits.or(usual.bits) },
            kinds: self.kinds().unwrap_or(usual.kinds),
            words: if chosen { wants("words") } else { usual.words },
            shape: if chosen { wants("shape") } else { usual.shape },
            epochs: self.epochs.unwrap_or(usual.epochs),
            rate: self.rate.unwrap_or(usual.rate),
            word_weight: self.word_weight.unwrap_or(usual.word_weight),
            dropout: self.dropout.unwrap_or(usual.dropout),
            smoothing: self.smoothing.unwrap_or(usual.smoothing),
            seed: self.seed,
            ..usual
        }
    }
}

/// What the folds say.
struct Report {
    text: String,
    json: Value,
}

impl Report {
    fn of(examples: &Examples, outcome: &Outcome, by_outcomes: bool) -> Self {
        if outcome.seen.is_empty() {
            return Self { text: String::new(), json: Value::Null };
        }
        let head = "in folds, each judged by a model that had not seen it:\n";
        if !by_outcomes {
            let found = Classification::of(&examples.labels, &outcome.seen, (&outcome.calibration).into());
            return Self { text: format!("{head}{}\n", found.text()), json: found.json() };
        }
        let routed = outcome.seen.iter().map(|seen| Routed {
            score: routers::lean(&seen.logits),
            gain: if let Truth::Share(share) = seen.truth { share * 2.0 - 1.0 } else { 0.0 },
        });
        match Measures::of(&routed.collect::<Vec<_>>()) {
            Some(found) => Self { text: format!("{head}{}\n", found.text()), json: found.json() },
            None => {
                Self { text: "the strong model is no better than the weak one here\n".to_owned(), json: Value::Null }
            }
        }
    }
}
