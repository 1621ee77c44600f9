//! Functions on values.

use super::{Evaluation, Fault, Found, Open};
use crate::cost;
use crate::pattern::{LONGEST, Pattern};
use crate::program::{Function, Node};
use crate::value::{Items, Value};
use std::borrow::Cow;

impl<'a> Evaluation<'a> {
    pub(super) fn call(&mut self, function: Function, arguments: &'a [Node]) -> Found<'a> {
        match arguments {
            [of] => {
                let of = self.value(of)?;
                self.of_one(function, of)
            }
            [of, with] => {
                let (of, with) = (self.text(of)?, self.text(with)?);
                self.of_two(function, of, &with)
            }
            _ => Err(Open::Fault(Fault::Type)),
        }
    }

    fn of_one(&mut self, function: Function, of: Value<'a>) -> Found<'a> {
        match (function, of) {
            (Function::Size, Value::Text(text)) => {
                self.charge(cost::of_text(cost::size(text.len())))?;
                Ok(count(text.chars().count()))
            }
            (Function::Size, Value::List(items)) => Ok(count(items.all().len())),
            (Function::Size, Value::Map(entries)) => Ok(count(entries.all().len())),
            (Function::Int, value @ Value::Int(_)) | (Function::Double, value @ Value::Double(_)) => Ok(value),
            (Function::Int, Value::Double(value)) => whole(value),
            // An int as a double is the nearest one, as CEL has it.
            (Function::Double, Value::Int(value)) => Ok(Value::Double(value as f64)),
            (Function::Int, Value::Text(text)) => {
                self.charge(cost::of_search(cost::size(text.len())))?;
                text.parse().map(Value::Int).map_err(|_| Open::Fault(Fault::Type))
            }
            (Function::Double, Value::Text(text)) => {
                self.charge(cost::of_search(cost::size(text.len())))?;
                text.parse().map(Value::Double).map_err(|_| Open::Fault(Fault::Type))
            }
            (Function::LowerAscii, Value::Text(text)) => {
                self.cased(text, str::make_ascii_lowercase, u8::is_ascii_uppercase)
            }
            (Function::UpperAscii, Value::Text(text)) => {
                self.cased(text, str::make_ascii_uppercase, u8::is_ascii_lowercase)
            }
            _ => Err(Open::Fault(Fault::Type)),
        }
    }

    fn of_two(&mut self, function: Function, of: Cow<'a, str>, with: &str) -> Found<'a> {
        let length = cost::size(of.len());
        let (cost, answer) = match function {
            Function::StartsWith => (cost::of_text(length.min(cost::size(with.len()))), of.starts_with(with)),
            Function::EndsWith => (cost::of_text(length.min(cost::size(with.len()))), of.ends_with(with)),
            Function::Contains => (cost::of_search(length), of.contains(with)),
            Function::Split => {
                self.charge(cost::of_search(length).saturating_add(cost::PIECES))?;
                let most = usize::try_from(cost::PIECES).unwrap_or(usize::MAX);
                let pieces = split(of, with, most + 1);
                if pieces.len() > most {
                    return Err(Open::Fault(Fault::TooLarge));
                }
                return Ok(Value::List(Items::Owned(pieces)));
            }
            _ => return Err(Open::Fault(Fault::Type)),
        };
        self.charge(cost)?;
        Ok(Value::Bool(answer))
    }

    pub(super) fn matches(&mut self, of: &'a Node, pattern: &Pattern) -> Found<'a> {
        let text = self.text(of)?;
        let length = cost::size(text.len());
        if length > LONGEST {
            return Err(Open::Fault(Fault::TooLarge));
        }
        self.charge(cost::of_regex(pattern.size, length))?;
        Ok(Value::Bool(pattern.regex.is_match(&text)))
    }

    fn text(&mut self, node: &'a Node) -> Result<Cow<'a, str>, Open> {
        match self.value(node)? {
            Value::Text(text) => Ok(text),
            _ => Err(Open::Fault(Fault::Type)),
        }
    }

    /// The text in one case, copied only if it is not in that case.
    fn cased(&mut self, text: Cow<'a, str>, make: fn(&mut str), is_other: fn(&u8) -> bool) -> Found<'a> {
        self.charge(cost::of_text(cost::size(text.len())))?;
        if !text.bytes().any(|byte| is_other(&byte)) {
            return Ok(Value::Text(text));
        }
        let mut made = text.into_owned();
        make(&mut made);
        Ok(Value::Text(Cow::Owned(made)))
    }
}

/// Between separators; between all characters, if the separator is nothing. No more than `most` pieces.
fn split<'a>(text: Cow<'a, str>, with: &str, most: usize) -> Vec<Value<'a>> {
    match text {
        Cow::Borrowed(text) => pieces(text, with).take(most).map(|piece| Value::Text(piece.into())).collect(),
        Cow::Owned(text) => {
            let own = |piece: &str| Value::Text(Cow::Owned(piece.to_owned()));
            pieces(&text, with).take(most).map(own).collect()
        }
    }
}

fn pieces<'t>(text: &'t str, with: &str) -> impl Iterator<Item = &'t str> {
    let is_split = !with.is_empty();
    let between = is_split.then(|| text.split(with)).into_iter().flatten();
    let characters = text.char_indices().filter(move |_| !is_split);
    between.chain(characters.filter_map(|(at, character)| text.get(at..at + character.len_utf8())))
}

fn count(size: usize) -> Value<'static> {
    Value::Int(i64::try_from(size).unwrap_or(i64::MAX))
}

/// Towards zero.
fn whole<'a>(value: f64) -> Found<'a> {
    // The bounds as doubles: the one below is an int, the one above is not.
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value);
    if fits { Ok(Value::Int(value as i64)) } else { Err(Open::Fault(Fault::Overflow)) }
}
