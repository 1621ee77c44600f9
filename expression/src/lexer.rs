//! The words of an expression.

use crate::error::{ExpressionError, ExpressionErrorKind as Kind};
use crate::literal;

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token<'t> {
    Name(&'t str),
    /// Without its sign: the least number has one more digit below zero than above.
    Int(u64),
    Double(f64),
    Text(String),
    /// Operators and brackets.
    Sign(&'static str),
    End,
}

impl Token<'_> {
    /// How it is called in an error.
    pub(crate) fn name(&self) -> String {
        match self {
            Token::Name(name) => format!("`{name}`"),
            Token::Int(_) | Token::Double(_) => "a number".to_owned(),
            Token::Text(_) => "a string".to_owned(),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::End => "the end".to_owned(),
        }
    }
}

/// Longer ones first.
const SIGNS: [&str; 24] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", ".", ",", "(", ")", "[", "]",
    "{", "}",
];

/// Cuts a text into words, one at a time.
#[derive(Debug)]
pub(crate) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// The next word, and where it begins.
    pub(crate) fn next(&mut self) -> Result<(usize, Token<'t>), ExpressionError> {
        self.skip_blanks();
        let (start, rest) = (self.at, self.rest());
        let fail = |kind| ExpressionError { offset: start, kind };
        let mut characters = rest.chars();
        let (Some(first), second) = (characters.next(), characters.next()) else { return Ok((start, Token::End)) };
        if first == '"' || first == '\'' || (matches!(first, 'r' | 'R') && matches!(second, Some('"' | '\''))) {
            let (text, length) = literal::text(rest)
                .map_err(|(at, what)| ExpressionError { offset: start + at, kind: Kind::Literal(what) })?;
            self.at += length;
            return Ok((start, Token::Text(text)));
        }
        if matches!(first, 'b' | 'B') && matches!(second, Some('"' | '\'')) {
            return Err(fail(Kind::LeftOut("bytes")));
        }
        if first.is_ascii_digit() || (first == '.' && second.is_some_and(|second| second.is_ascii_digit())) {
            let (token, length) = literal::number(rest).map_err(fail)?;
            self.at += length;
            return Ok((start, token));
        }
        if first.is_ascii_alphabetic() || first == '_' {
            let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
            let name = rest.split(|character| !is_part(character)).next().unwrap_or_default();
            self.at += name.len();
            return Ok((start, Token::Name(name)));
        }
        match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            Some(sign) => {
                self.at += sign.len();
                Ok((start, Token::Sign(sign)))
            }
            None => Err(fail(Kind::Syntax { expected: "an expression", found: format!("`{}`", first.escape_debug()) })),
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Blanks, and comments from `//` to the end of the line.
    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']).len();
            let comment = if rest.get(blank..).is_some_and(|rest| rest.starts_with("//")) {
                rest.get(blank..).and_then(|rest| rest.find('\n')).unwrap_or(rest.len() - blank)
            } else {
                0
            };
            if blank + comment == 0 {
                return;
            }
            self.at += blank + comment;
        }
    }
}
