//! `pointsman eval`: how good a model is on data that it was not trained with.

use super::fit::fitted;
use super::{Failure, print};
use crate::learning::calibration::{Seen, Truth};
use crate::learning::classification::Classification;
use crate::learning::columns::Data;
use crate::learning::examples::text_of;
use crate::learning::fitting::Goal;
use crate::learning::picture::{Line, svg};
use crate::learning::rules::Table;
use crate::learning::sheet::{Sheet, cell};
use crate::learning::{pool, routers, words};
use pointsman_classifier::{Embedding, Model};
use pointsman_source::reason;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::path::PathBuf;

/// Says how good a model for prompts is on data that it has not seen
///
/// With labels: accuracy, F1, each class, what is taken for what, how far scores can be believed. With outcomes of a weak and a
/// strong model (--weak, --strong): how much of the strong model's advantage is recovered by how many prompts, beside chance,
/// length, categories and an oracle. With outcomes of several models (--rules or --fit): the mean quality of what a table of classes
/// and models chooses, beside the same.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman eval intents.model held-out.csv
  pointsman eval domain.model questions.csv.gz --text question --label domain --output json
  pointsman eval complexity.model outcomes.csv --weak small_ok --strong large_ok --svg curve.svg
  pointsman eval task.model outcomes.csv --rules rules.yaml
  pointsman eval task.model outcomes.csv --fit earlier-outcomes.csv --label task")]
pub(crate) struct Arguments {
    /// The file of the model
    model: PathBuf,
    #[command(flatten)]
    data: Data,
    /// Rules that give classes their models, as `fit` writes them
    #[arg(long, value_name = "FILE", conflicts_with = "fit")]
    rules: Option<PathBuf>,
    /// Other outcomes, by which classes are given their models, may be repeated
    #[arg(long, value_name = "FILE")]
    fit: Vec<PathBuf>,
    /// Where to draw the curve of --weak and --strong
    #[arg(long, value_name = "FILE", requires = "weak")]
    svg: Option<PathBuf>,
    /// How to print what is found
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// How figures are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    Text,
    Json,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let table = words::table()?;
    let model = words::model(&arguments.model, &table)?;
    let sheet = arguments.data.sheet()?;
    let earlier = if arguments.fit.is_empty() { None } else { Some(Sheet::read(&arguments.fit)?) };
    let (text, value) = match arguments.data.pair(&sheet)? {
        Some(pair) => curves(arguments, &sheet, pair, &model, earlier.as_ref(), &table)?,
        None if arguments.rules.is_some() || earlier.is_some() => {
            choices(arguments, &sheet, &model, earlier.as_ref(), &table)?
        }
        None => classification(arguments, &sheet, &model, &table)?,
    };
    print(&match arguments.output {
        Output::Text => text,
        Output::Json => format!("{value}\n"),
    });
    Ok(())
}

fn classification(
    arguments: &Arguments,
    sheet: &Sheet,
    model: &Model,
    table: &Embedding,
) -> Result<(String, Value), String> {
    let (text, label) = (arguments.data.text(sheet)?, arguments.data.label(sheet)?);
    let seen = sheet.rows.iter().map(|row| {
        let wanted = cell(row, label);
        let class =
            model.labels().iter().position(|found| found == wanted).ok_or_else(|| {
                format!("`{wanted}` is none of the model's labels; --where and --where-not choose rows")
            })?;
        Ok(Seen { logits: model.logits(&text_of(cell(row, text), table)), truth: Truth::Class(class) })
    });
    let seen: Vec<Seen> = seen.collect::<Result<_, String>>()?;
    let found = Classification::of(model.labels(), &seen, model.calibration().into());
    Ok((found.text(), found.json()))
}

fn curves(
    arguments: &Arguments,
    sheet: &Sheet,
    pair: (usize, usize),
    model: &Model,
    earlier: Option<&Sheet>,
    table: &Embedding,
) -> Result<(String, Value), String> {
    let judged = routers::between_two(sheet, &arguments.data, pair, model, earlier, table)?;
    if let Some(file) = &arguments.svg {
        let lines: Vec<Line<'_>> =
            judged.iter().map(|(name, found)| Line { name, curve: &found.curve, apgr: found.apgr }).collect();
        let title = format!("{} on {} prompts", arguments.model.display(), sheet.rows.len());
        std::fs::write(file, svg(&title, &lines)).map_err(|err| format!("`{}`: {}", file.display(), reason(&err)))?;
    }
    let mut text = format!("{} prompts; the interval is that of 95 % of samples\n\n", sheet.rows.len());
    let mut value = Map::new();
    for (name, found) in &judged {
        let _ = writeln!(text, "{name:14}  {}", found.text());
        value.insert(name.replace(' ', "_"), found.json());
    }
    Ok((text, json!({"prompts": sheet.rows.len(), "routers": value})))
}

fn choices(
    arguments: &Arguments,
    sheet: &Sheet,
    model: &Model,
    earlier: Option<&Sheet>,
    table: &Embedding,
) -> Result<(String, Value), String> {
    let rules = match (&arguments.rules, earlier) {
        (Some(file), _) => Table::read(file)?,
        (None, Some(earlier)) => fitted(earlier, &arguments.data, model, table, Goal::Best, &|_, _, _| 0.0)?.table,
        (None, None) => Table::default(),
    };
    let judged = pool::judged(sheet, &arguments.data, model, &rules, earlier, table)?;
    let mut text = format!("{} prompts, mean quality\n\n", sheet.rows.len());
    let mut value = Map::new();
    for (name, mean) in &judged {
        let _ = writeln!(text, "{mean:.4}  {name}");
        value.insert(name.replace(' ', "_"), json!(mean));
    }
    Ok((text, json!({"prompts": sheet.rows.len(), "mean_quality": value, "table": rules.0})))
}
