//! YAML files as everybody writes them alike: indentation, spaces, quotes, what stands on one line; comments stay.
//!
//! What a file means is not for a formatter to change: the result is read again, and thrown away where it says something else.

mod comments;
mod layout;
mod print;
mod spelling;

use crate::{Finding, Format, Position, Source};
use std::path::Path;

/// The widest line, less what its comment takes.
const WIDTH: usize = 120;

/// The text of a YAML file in its one layout. Formatting it again changes nothing.
///
/// A block stays a block. A list or an object on one line stays there where it fits and has no comments inside.
pub fn format(file: &Path, text: &str) -> Result<String, Finding> {
    let before = Source::parse(file, text, Format::Yaml)?;
    let once = layout(text);
    let twice = once.as_deref().and_then(layout);
    let is_same = |formatted: &String| {
        let after = Source::parse(file, formatted, Format::Yaml);
        after.is_ok_and(|after| after.document == before.document) && comments::same(text, formatted)
    };
    match once.filter(|once| Some(once) == twice.as_ref() && is_same(once)) {
        Some(formatted) => Ok(formatted),
        None => Err(Finding {
            at: Some(Position::START),
            ..Finding::of_file(file, "is written in a way that cannot be formatted without a risk: it stays as it is")
        }),
    }
}

fn layout(text: &str) -> Option<String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let chars: Vec<char> = text.chars().collect();
    let layout = layout::of(&text, &chars)?;
    Some(print::print(&text, layout))
}

#[cfg(test)]
mod tests;
