//! The estimate of input tokens, held against the tokenizers of OpenAI's models.
//!
//!     tokens fit <data>       the weights of the engine's table (`engine/src/request/text/length/table.rs`)
//!     tokens report <data>    what the estimate is off by, on texts that were kept out of the fit
//!
//! `<data>` is a folder of `langid.csv.gz`, `llmrouter_9models.csv.gz`, `routellm_mmlu_gsm8k.csv.gz`,
//! `prompt_injection.csv.gz` and `ood_routerarena.csv.gz`. It is run in the project's folder, whose own files count as texts, too.

mod features;
mod fit;
mod report;
mod texts;

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["fit", data] => print!("{}", fit::fit(&texts::read(Path::new(data), Path::new("."))?)?),
        ["report", data] => print!("{}", report::report(&texts::read(Path::new(data), Path::new("."))?)?),
        _ => return Err("usage: tokens fit <data> | tokens report <data>".into()),
    }
    Ok(())
}
