//! The card of a model: what it was trained with, under which licence, and how good it is. It is part of the model's file.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// What a person says of the data.
#[derive(Debug, clap::Args)]
pub(crate) struct Said {
    /// What the model is called; by default its file
    #[arg(long)]
    name: Option<String>,
    /// The licence of the data, for the model's card
    #[arg(long, value_name = "TEXT")]
    licence: Option<String>,
    /// Where the data is from, for the model's card, may be repeated
    #[arg(long, value_name = "TEXT")]
    source: Vec<String>,
    /// What the model is known to do badly, for its card, may be repeated
    #[arg(long, value_name = "TEXT")]
    known_failure: Vec<String>,
}

/// The card, with keys in the order of the alphabet: the same training gives the same card.
pub(crate) fn card(
    said: &Said,
    to: &Path,
    data: &[PathBuf],
    training: Value,
    metrics: Value,
) -> Result<String, String> {
    let stem = to.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let files = data.iter().map(|file| {
        let bytes =
            std::fs::read(file).map_err(|err| format!("`{}`: {}", file.display(), pointsman_source::reason(&err)))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(json!({"file": name, "sha256": format!("{:x}", Sha256::digest(&bytes))}))
    });
    let card = json!({
        "name": said.name.clone().unwrap_or(stem),
        "data": {
            "files": files.collect::<Result<Vec<_>, String>>()?,
            "licence": said.licence.as_deref().unwrap_or("not said"),
            "source": said.source,
        },
        "training": training,
        "metrics": metrics,
        "known_failures": said.known_failure,
        "trained_by": concat!("pointsman ", env!("CARGO_PKG_VERSION")),
    });
    serde_json::to_string(&card).map_err(|err| err.to_string())
}

/// The figures of a card: what is long stays out of it.
pub(crate) fn figures(all: &Value) -> Value {
    let few = all.as_object().into_iter().flatten().filter(|(key, _)| *key != "confusion" && *key != "curve");
    Value::Object(few.map(|(key, value)| (key.clone(), value.clone())).collect::<Map<_, _>>())
}
