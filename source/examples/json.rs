//! Prints YAML files as JSON, a line for each: for scripts, whose own YAML is an older one that reads some files differently.

use pointsman_source::Source;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    for file in std::env::args().skip(1) {
        let json = Source::read(Path::new(&file))
            .map_err(|finding| finding.to_string())
            .and_then(|source| serde_json::to_string(&source.document).map_err(|err| err.to_string()));
        match json {
            Ok(json) => println!("{json}"),
            Err(err) => {
                eprintln!("error: {err}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
