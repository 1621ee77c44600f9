//! Terms as text again.

use crate::syntax::{Syntax, Term};
use std::fmt;

/// With all its brackets, so that it is read again as what it is.
impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.syntax {
            Syntax::Null => f.write_str("null"),
            Syntax::Bool(value) => write!(f, "{value}"),
            Syntax::Int(value) => write!(f, "{value}"),
            Syntax::Double(value) => write!(f, "{value:e}"),
            Syntax::Text(text) => quote(text, f),
            Syntax::Name(name) => f.write_str(name),
            Syntax::Select(of, name) => write!(f, "({of}).{name}"),
            Syntax::Index(of, key) => write!(f, "({of})[{key}]"),
            Syntax::List(items) => bracketed("[", items, "]", f),
            Syntax::Map(entries) => {
                f.write_str("{")?;
                for (nth, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key}: {value}", if nth > 0 { ", " } else { "" })?;
                }
                f.write_str("}")
            }
            Syntax::Not(of) => write!(f, "!({of})"),
            Syntax::Negate(of) => write!(f, "-({of})"),
            Syntax::And(terms) => joined(terms, " && ", f),
            Syntax::Or(terms) => joined(terms, " || ", f),
            Syntax::Binary(operator, left, right) => write!(f, "({left}) {} ({right})", operator.sign()),
            Syntax::If(parts) => write!(f, "({}) ? ({}) : ({})", parts.0, parts.1, parts.2),
            Syntax::Call(name, of, arguments) => {
                if let Some(of) = of {
                    write!(f, "({of}).")?;
                }
                f.write_str(name)?;
                bracketed("(", arguments, ")", f)
            }
        }
    }
}

fn bracketed(open: &str, terms: &[Term], close: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(open)?;
    for (nth, term) in terms.iter().enumerate() {
        write!(f, "{}{term}", if nth > 0 { ", " } else { "" })?;
    }
    f.write_str(close)
}

fn joined(terms: &[Term], between: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (nth, term) in terms.iter().enumerate() {
        write!(f, "{}({term})", if nth > 0 { between } else { "" })?;
    }
    Ok(())
}

fn quote(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    for character in text.chars() {
        match character {
            '"' | '\\' => write!(f, "\\{character}")?,
            character if character.is_control() => write!(f, "\\U{:08x}", u32::from(character))?,
            character => write!(f, "{character}")?,
        }
    }
    f.write_str("\"")
}
