//! `pointsman completions`: what a shell needs to complete commands and options.

use super::print;
use clap::CommandFactory;
use clap_complete::Shell;

/// Prints the completions of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman completions bash > ~/.local/share/bash-completion/completions/pointsman
  pointsman completions zsh > ~/.zfunc/_pointsman
  pointsman completions fish > ~/.config/fish/completions/pointsman.fish")]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments) {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut super::Arguments::command(), "pointsman", &mut text);
    print(&String::from_utf8_lossy(&text));
}
