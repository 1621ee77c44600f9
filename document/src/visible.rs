//! Text that somebody else wrote, for a terminal or a log.

use std::fmt::{self, Write};

/// Text in which nothing moves a cursor, begins a line or turns the direction of writing: such characters are spelled out.
#[derive(Debug, Clone, Copy)]
pub struct Visible<'a>(pub &'a str);

impl fmt::Display for Visible<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if is_unseen(character) { write!(f, "{}", character.escape_unicode())? } else { f.write_char(character)? }
        }
        Ok(())
    }
}

fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_spelled_out() {
        let check = |text: &str, expected: &str| assert_eq!(Visible(text).to_string(), expected);
        check("models[0].näme", "models[0].näme");
        check("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}");
        check("a\r\nb\u{9b}2J\u{202e}", "a\\u{d}\\u{a}b\\u{9b}2J\\u{202e}");
    }
}
