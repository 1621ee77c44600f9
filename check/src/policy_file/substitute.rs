//! Variables where they are used: `${name}` as a whole value, or a text within a text.
//!
//! What is put in is not looked at again: a value with `${` in it is that text.

use super::include;
use super::variables::{SECTION, Variables, is_name};
use pointsman_document::{Document, Path, Report};
use pointsman_source::{Finding, Place, Source};
use std::path::PathBuf;

/// What variables may make of a policy: the values of a list count wherever it is used, and letters.
const MAX_WEIGHT: usize = 32 << 20;

/// What a value weighs besides its letters.
const VALUE: usize = 64;

/// Puts the values of variables into a file of a policy.
pub(super) fn substitute(source: &mut Source, variables: &Variables, weight: &mut usize) -> Vec<Finding> {
    let file = source.file().to_path_buf();
    let mut work = Substitution { variables, file, findings: Vec::new(), report: Report::default(), weight };
    let Document::Object(members) = &mut source.document else { return Vec::new() };
    for ((key, value), place) in members.iter_mut().zip(&mut source.place.inside) {
        if ![SECTION, include::SECTION].contains(&key.as_str()) {
            work.key(key, place, &Path::Root.key(key));
            work.value(value, place, &Path::Root.key(key));
        }
    }
    work.findings
}

struct Substitution<'v> {
    variables: &'v Variables,
    file: PathBuf,
    findings: Vec<Finding>,
    report: Report,
    weight: &'v mut usize,
}

impl Substitution<'_> {
    fn find(&mut self, place: &Place, at: &Path<'_>, message: String) {
        let (file, path) = (self.file.clone(), at.to_string());
        self.findings.push(Finding { file, at: Some(place.at), path, message });
    }

    fn key(&mut self, key: &str, place: &Place, at: &Path<'_>) {
        if key.contains("${") {
            let place = Place { at: place.key, ..place.clone() };
            self.find(&place, at, "is a key, and variables stand in values only".to_owned());
        }
    }

    fn value(&mut self, value: &mut Document, place: &mut Place, at: &Path<'_>) {
        // Of what is too large already, the rest is not looked at.
        if is_full(*self.weight) {
            return;
        }
        match value {
            Document::String(text) if text.contains("${") => match self.text(text) {
                Ok(new) => {
                    place.inside = places(&new, place);
                    *value = new;
                }
                Err(message) => self.find(place, at, message),
            },
            Document::Array(items) => self.list(items, place, at),
            Document::Object(members) => {
                for ((key, value), place) in members.iter_mut().zip(&mut place.inside) {
                    self.key(key, place, &at.key(key));
                    self.value(value, place, &at.key(key));
                }
            }
            _ => {}
        }
    }

    /// A list that is an item of a list gives it its items.
    fn list(&mut self, items: &mut Vec<Document>, place: &mut Place, at: &Path<'_>) {
        let places = std::mem::take(&mut place.inside);
        for (nth, (mut item, mut item_place)) in std::mem::take(items).into_iter().zip(places).enumerate() {
            let is_variable = matches!(&item, Document::String(_));
            self.value(&mut item, &mut item_place, &at.index(nth));
            match item {
                Document::Array(spliced) if is_variable => {
                    place.inside.append(&mut item_place.inside);
                    items.extend(spliced);
                }
                item => {
                    place.inside.push(item_place);
                    items.push(item);
                }
            }
        }
    }

    fn text(&mut self, text: &str) -> Result<Document, String> {
        let pieces = pieces(text)?;
        if let [Piece::Variable(name)] = pieces.as_slice() {
            let value = self.variables.value(name, &mut self.report)?.unwrap_or(&Document::Null);
            self.takes(weight(value))?;
            return Ok(value.clone());
        }
        let mut whole = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => whole.push_str(text),
                Piece::Variable(name) => match self.variables.value(name, &mut self.report)? {
                    Some(Document::String(value)) => {
                        self.takes(value.len())?;
                        whole.push_str(value);
                    }
                    None => {}
                    Some(other) => {
                        return Err(format!("`{name}` is {}, and within a text only a string can stand", other.kind()));
                    }
                },
            }
        }
        Ok(Document::String(whole))
    }

    fn takes(&mut self, weight: usize) -> Result<(), String> {
        *self.weight += weight;
        if is_full(*self.weight) { Err("the values of variables make the policy too large".to_owned()) } else { Ok(()) }
    }
}

/// Whether variables have made too much of a policy.
pub(super) fn is_full(weight: usize) -> bool {
    weight > MAX_WEIGHT
}

/// All of it stands where the variable does.
fn places(value: &Document, place: &Place) -> Vec<Place> {
    let at = |value: &Document| Place { key: place.at, at: place.at, file: place.file, inside: places(value, place) };
    match value {
        Document::Array(items) => items.iter().map(at).collect(),
        Document::Object(members) => members.iter().map(|(_, value)| at(value)).collect(),
        _ => Vec::new(),
    }
}

fn weight(value: &Document) -> usize {
    VALUE
        + match value {
            Document::String(text) => text.len(),
            Document::Array(items) => items.iter().map(weight).sum(),
            Document::Object(members) => members.iter().map(|(key, value)| key.len() + weight(value)).sum(),
            _ => 0,
        }
}

#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Text(&'t str),
    Variable(&'t str),
}

/// A text in pieces; `$${` is the text `${`.
fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    const WRONG: &str = "`${` begins a variable, as in `${name}`; for the text itself, write `$${`";
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some((before, behind)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            pieces.extend([Piece::Text(before), Piece::Text("${")]);
            rest = behind;
            continue;
        }
        let (name, behind) = behind.split_once('}').filter(|(name, _)| is_name(name)).ok_or(WRONG)?;
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(Piece::Variable(name));
        rest = behind;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::Piece::{Text, Variable};
    use super::*;

    #[test]
    fn a_text_is_taken_apart() {
        let check = |text: &str, expected: &[Piece<'_>]| assert_eq!(pieces(text).unwrap(), expected, "{text}");
        check("${a}", &[Variable("a")]);
        check("x-${a}${b-c}.", &[Text("x-"), Variable("a"), Variable("b-c"), Text(".")]);
        check("$${a}", &[Text(""), Text("${"), Text("a}")]);
        check("$$${a}", &[Text("$"), Text("${"), Text("a}")]);
        check("${a}$${b}${c}", &[Variable("a"), Text(""), Text("${"), Text("b}"), Variable("c")]);
        check("$5 $ {a} $$", &[Text("$5 $ {a} $$")]);
        for text in ["${", "${}", "${a", "${a b}", "${1}", "${a${b}}", "x ${ a }"] {
            assert!(pieces(text).is_err(), "{text}");
        }
    }
}
