//! Where each scalar of a YAML file is spelled, letter by letter: what the parser says of that reaches over what stands around it.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// The letters of a scalar, without its anchor and tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spelling {
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Spelling {
    pub(super) fn of(chars: &[char], span: &Span, style: ScalarStyle) -> Self {
        let (start, end) = (behind_properties(chars, span.start.index()), span.end.index());
        let end = match style {
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => closing(chars, start).min(end),
            _ => end,
        };
        Self { start: start.min(end), end }
    }

    pub(super) fn has(self, at: usize) -> bool {
        (self.start..self.end).contains(&at)
    }
}

/// All of them, in their order; nothing for a text that cannot be read.
pub(super) fn all(text: &str, chars: &[char]) -> Option<Vec<Spelling>> {
    let mut all = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        if let Event::Scalar(_, style, ..) = event {
            all.push(Spelling::of(chars, &span, style));
        }
    }
    Some(all)
}

/// Where a value begins behind its `&anchor` and `!tag`.
pub(super) fn behind_properties(chars: &[char], mut at: usize) -> usize {
    let skip = |at: usize, is_one: fn(&char) -> bool| chars.iter().skip(at).take_while(|letter| is_one(letter)).count();
    while matches!(chars.get(at), Some('&' | '!')) {
        at += skip(at, |letter| !letter.is_whitespace());
        at += skip(at, |letter| letter.is_whitespace());
    }
    at
}

/// Behind the quote that closes the one at `start`.
fn closing(chars: &[char], start: usize) -> usize {
    let Some(quote) = chars.get(start) else { return start };
    let mut at = start + 1;
    while let Some(letter) = chars.get(at) {
        match letter {
            '\\' if *quote == '"' => at += 1,
            '\'' if *quote == '\'' && chars.get(at + 1) == Some(&'\'') => at += 1,
            letter if letter == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    at
}
