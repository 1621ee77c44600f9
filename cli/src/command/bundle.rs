//! `pointsman bundle`: a policy of several files as the one document that the proxy gets.

use super::{Failure, print};
use crate::policy_file::{self, Values};
use crate::yaml;
use pointsman_document::Document;
use pointsman_source::{Place, Source, reason};
use std::path::{Path, PathBuf};

/// Prints a policy, with all that it includes and its variables filled in, as the one document that the proxy gets
///
/// The policy is checked first. Each part has a comment that names its file. The same files and values make the same text,
/// and its version is the one that `check` prints.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman bundle policy.yaml > bundled.yaml
  pointsman bundle policy.yaml --set smallModel=gpt-5-mini --output json --to bundled.json")]
pub(crate) struct Arguments {
    /// Policy file (YAML, or JSON when its name ends in .json)
    policy: PathBuf,
    #[command(flatten)]
    values: Values,
    /// What to print
    #[arg(long, value_enum, default_value_t = Output::Yaml)]
    output: Output,
    /// Write it to this file, and only if the policy is valid
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Output {
    /// YAML with comments, for people and pull requests
    Yaml,
    /// JSON
    Json,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let source = policy_file::load(&arguments.policy, &arguments.values)?.source;
    let text = match arguments.output {
        Output::Yaml => yaml::print(&tree(&source)),
        Output::Json => format!("{}\n", serde_json::to_string_pretty(&source.document).unwrap_or_default()),
    };
    match &arguments.to {
        None => print(&text),
        Some(file) => std::fs::write(file, text).map_err(|err| format!("`{}`: {}", file.display(), reason(&err)))?,
    }
    Ok(())
}

/// Sections in their order; of several files, each part says which it is from.
fn tree(source: &Source) -> yaml::Tree {
    let Document::Object(members) = &source.document else { return yaml::document(&source.document) };
    let mut last = None;
    let mut from = |place: &Place| {
        let is_new = source.files().len() > 1 && last.replace(place.file) != Some(place.file);
        if is_new { format!("From {}", name(source, place.file)) } else { String::new() }
    };
    let mut map = yaml::Map::new();
    for ((key, value), place) in members.iter().zip(&source.place.inside) {
        map = match value {
            Document::Array(items) if place.inside.iter().any(|item| item.file != place.file) => {
                let items = items.iter().zip(&place.inside);
                let list =
                    items.fold(yaml::List::new(), |list, (item, place)| list.noted(from(place), yaml::part(item)));
                map.with(key, list)
            }
            value => map.noted(from(place), key, yaml::member(key, value)),
        };
    }
    map.into()
}

/// A file as its policy's folder knows it: the same from wherever it is bundled.
fn name(source: &Source, file: usize) -> String {
    let folder = source.file().parent().unwrap_or(Path::new(""));
    let name = source.files().get(file).map(|file| file.name.as_path()).unwrap_or(Path::new(""));
    name.strip_prefix(folder).unwrap_or(name).display().to_string()
}
