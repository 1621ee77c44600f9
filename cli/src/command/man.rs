//! `pointsman man`: a page of the manual for each command.

use super::{Failure, print};
use clap::{Command, CommandFactory};
use pointsman_source::reason;
use std::path::{Path, PathBuf};

/// Writes the pages of the manual
///
/// Prints the page of the program, or writes one for it and for each command into a folder.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman man | man -l -
  pointsman man ~/.local/share/man/man1")]
pub(crate) struct Arguments {
    /// Folder to write `pointsman.1`, `pointsman-check.1` and the others into
    folder: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut program = super::Arguments::command();
    program.build();
    match &arguments.folder {
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(|err| format!("`{}`: {}", folder.display(), reason(&err)))?;
            Ok(write(&program, folder)?)
        }
        None => {
            print(&String::from_utf8_lossy(&page(&program)?));
            Ok(())
        }
    }
}

/// The page of a command, and those of its own commands.
fn write(command: &Command, folder: &Path) -> Result<(), String> {
    // `render istio` has a page `pointsman-render-istio`; the name that clap gives it has the same in its header.
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let file = folder.join(format!("{name}.1"));
    std::fs::write(&file, page(command)?).map_err(|err| format!("`{}`: {}", file.display(), reason(&err)))?;
    command.get_subcommands().filter(|inner| inner.get_name() != "help").try_for_each(|inner| write(inner, folder))
}

fn page(command: &Command) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text).map_err(|err| reason(&err))?;
    Ok(text)
}
