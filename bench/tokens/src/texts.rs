//! The texts: sentences in 28 languages, questions, mathematics, code. Three tenths are kept out of the fit.

use std::error::Error;
use std::fs::File;
use std::path::Path;
use tiktoken_rs::CoreBPE;

/// Where the texts come from: a file, the column of the text, the column that says of what kind it is, and the kind.
const SOURCES: [(&str, &str, &str, fn(&str) -> Option<&str>); 5] = [
    ("langid", "text", "lang", |language| Some(language)),
    ("llmrouter_9models", "query", "task", |task| {
        Some(match task {
            "mbpp" | "human_eval" => "code",
            "math" | "gsm8k" => "mathematics",
            "agentverse-mgsm" => "mathematics",
            _ => "questions",
        })
    }),
    ("routellm_mmlu_gsm8k", "prompt", "benchmark", |benchmark| {
        Some(if benchmark == "gsm8k" { "mathematics" } else { "questions" })
    }),
    ("prompt_injection", "text", "kind", |_| Some("instructions")),
    ("ood_routerarena", "prompt", "dataset", |set| {
        Some(if set == "LiveCodeBench" { "code, elsewhere" } else { "prompts, elsewhere" })
    }),
];

/// Files of this project: the kinds of text that coding agents send.
const FILES: [(&str, &[&str]); 5] = [
    ("Rust", &["engine/src", "cli/src"]),
    ("Python", &["integration-tests", "bench", "scripts"]),
    ("Markdown", &["docs"]),
    ("JSON", &["schema"]),
    ("YAML", &["examples", "corpus/operators"]),
];

/// How much of a file is one text, in bytes.
const PIECE: usize = 4096;

/// The fewest tokens of a text: the error of a shorter one is all rounding.
const FEWEST: usize = 5;

/// A text, and how many tokens it has.
pub(crate) struct Text {
    pub(crate) kind: String,
    pub(crate) text: String,
    /// By `o200k_base`, the vocabulary since GPT-4o.
    pub(crate) tokens: usize,
    /// By `cl100k_base`, the one before.
    pub(crate) before: usize,
    /// Whether it is kept out of the fit.
    pub(crate) held_out: bool,
}

/// Reads all texts below `data`, and those of the project.
pub(crate) fn read(data: &Path, project: &Path) -> Result<Vec<Text>, Box<dyn Error>> {
    let (now, before) = (tiktoken_rs::o200k_base()?, tiktoken_rs::cl100k_base()?);
    let mut texts = Vec::new();
    for (file, column, kind, named) in SOURCES {
        let file = flate2::read::MultiGzDecoder::new(File::open(data.join(format!("{file}.csv.gz")))?);
        let mut rows = csv::Reader::from_reader(file);
        let headers = rows.headers()?.clone();
        let place = |name: &str| headers.iter().position(|header| header == name).ok_or("a column is missing");
        let (column, kind) = (place(column)?, place(kind)?);
        let size = headers.iter().position(|header| header == "kind").filter(|_| headers.iter().any(|h| h == "lang"));
        for row in rows.records() {
            let row = row?;
            let whole = size.is_none_or(|size| row.get(size) == Some("sentences"));
            if let (Some(text), Some(kind), true) = (row.get(column), row.get(kind).and_then(named), whole) {
                texts.extend(Text::of(kind, text, &now, &before));
            }
        }
    }
    for (kind, folders) in FILES {
        for folder in folders {
            files(&project.join(folder), &mut |text| texts.extend(Text::of(kind, text, &now, &before)), kind)?;
        }
    }
    Ok(texts)
}

impl Text {
    fn of(kind: &str, text: &str, now: &CoreBPE, before: &CoreBPE) -> Option<Self> {
        let tokens = now.encode_ordinary(text).len();
        (tokens >= FEWEST).then(|| Self {
            kind: kind.to_owned(),
            text: text.to_owned(),
            tokens,
            before: before.encode_ordinary(text).len(),
            held_out: hash(text) % 10 >= 7,
        })
    }
}

/// FNV-1a: which side a text is on must not change from run to run.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)) >> 32
}

/// The files of a kind below a folder, in pieces.
fn files(folder: &Path, tell: &mut impl FnMut(&str), kind: &str) -> Result<(), Box<dyn Error>> {
    let extension = match kind {
        "Rust" => "rs",
        "Python" => "py",
        "Markdown" => "md",
        "JSON" => "json",
        _ => "yaml",
    };
    let mut entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::path);
    for path in entries.into_iter().map(|entry| entry.path()) {
        if path.is_dir() {
            files(&path, tell, kind)?;
        } else if path.extension().is_some_and(|found| found == extension) {
            let text = std::fs::read_to_string(&path)?;
            let mut rest = &*text;
            while !rest.is_empty() {
                let (piece, behind) = rest.split_at(border(rest));
                tell(piece);
                rest = behind;
            }
        }
    }
    Ok(())
}

/// Where a piece ends, between two characters.
fn border(text: &str) -> usize {
    (0..=PIECE.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}
