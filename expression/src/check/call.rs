//! Functions.

use super::{Checked, Checker, Named, total};
use crate::cost;
use crate::error::{ExpressionErrorKind as Kind, What};
use crate::pattern::{LONGEST, Pattern};
use crate::program::{Function, Node, Which};
use crate::shape::Shape;
use crate::syntax::{Syntax, Term};
use pointsman_document::suggest::nearest;

/// What is written `f(x)`.
const PLAIN: [&str; 4] = ["has", "size", "int", "double"];

/// What is written `x.f(…)`.
const METHODS: [&str; 11] = [
    "startsWith",
    "endsWith",
    "contains",
    "matches",
    "lowerAscii",
    "upperAscii",
    "split",
    "size",
    "exists",
    "all",
    "exists_one",
];

impl Checker<'_> {
    pub(super) fn call(&mut self, offset: usize, name: &str, of: Option<&Term>, given: &[Term]) -> Option<Checked> {
        match (name, of) {
            ("has", None) => self.has(offset, given),
            ("size", None) => {
                let of = self.only(offset, "`size`", given)?;
                self.size(offset, of)
            }
            ("size", Some(of)) if self.takes(offset, "`size`", 0, given)? => self.size(offset, of),
            ("int", None) => self.conversion(offset, Function::Int, "`int`", given),
            ("double", None) => self.conversion(offset, Function::Double, "`double`", given),
            ("startsWith", Some(of)) => self.search(offset, Function::StartsWith, "`startsWith`", of, given),
            ("endsWith", Some(of)) => self.search(offset, Function::EndsWith, "`endsWith`", of, given),
            ("contains", Some(of)) => self.search(offset, Function::Contains, "`contains`", of, given),
            ("split", Some(of)) => self.search(offset, Function::Split, "`split`", of, given),
            ("matches", Some(of)) => self.matches(offset, of, given),
            ("lowerAscii", Some(of)) => self.case(offset, Function::LowerAscii, "`lowerAscii`", of, given),
            ("upperAscii", Some(of)) => self.case(offset, Function::UpperAscii, "`upperAscii`", of, given),
            ("exists", Some(of)) => self.each(offset, Which::Exists, "`exists`", of, given),
            ("all", Some(of)) => self.each(offset, Which::All, "`all`", of, given),
            ("exists_one", Some(of)) => self.each(offset, Which::ExistsOne, "`exists_one`", of, given),
            _ => {
                let known: &[&str] = if of.is_some() { &METHODS } else { &PLAIN };
                let suggestion = nearest(name, known.iter().copied()).map(str::to_owned);
                self.fail(offset, Kind::NoSuch { what: What::Function, name: name.to_owned(), suggestion })
            }
        }
    }

    fn only<'t>(&mut self, offset: usize, name: &'static str, given: &'t [Term]) -> Option<&'t Term> {
        match given {
            [only] => Some(only),
            _ => self.fail(offset, Kind::Arguments { function: name, takes: 1 }),
        }
    }

    pub(super) fn takes(&mut self, offset: usize, name: &'static str, takes: usize, given: &[Term]) -> Option<bool> {
        if given.len() == takes {
            return Some(true);
        }
        self.fail(offset, Kind::Arguments { function: name, takes })
    }

    /// Whether a field or an entry is there.
    fn has(&mut self, offset: usize, given: &[Term]) -> Option<Checked> {
        let of = self.only(offset, "`has`", given)?;
        let named =
            if matches!(of.syntax, Syntax::Select(..) | Syntax::Index(..)) { self.resolve(of)? } else { Named::Value };
        match named {
            Named::Variable(variable, entry) => {
                let declared = self.variables.get(variable)?;
                if declared.kind.has_entries() && entry.is_empty() {
                    let name = super::path::full_name(declared);
                    return self.fail(of.offset, Kind::Entries { name });
                }
                self.read(variable, entry, of.offset).map(Checked::present)
            }
            _ => self.fail(
                of.offset,
                Kind::Literal("`has` asks for a field of a variable, such as `has(request.headers.host)`"),
            ),
        }
    }

    fn size(&mut self, offset: usize, of: &Term) -> Option<Checked> {
        let of = self.term(of)?;
        if !matches!(of.shape, Shape::Text(_) | Shape::List(..) | Shape::Map(..) | Shape::Dyn { .. }) {
            return self.fail(offset, Kind::Types { to: "`size`", found: vec![of.shape.name()], hint: "" });
        }
        let cost = total([&of]).saturating_add(cost::of_text(of.shape.longest()));
        Some(Checked { node: Node::Call(Function::Size, [of.node].into()), shape: Shape::Int, cost })
    }

    fn conversion(&mut self, offset: usize, function: Function, name: &'static str, given: &[Term]) -> Option<Checked> {
        let of = self.only(offset, name, given)?;
        let of = self.term(of)?;
        if !of.shape.is_number() && !of.shape.can_be_text() {
            return self.fail(offset, Kind::Types { to: name, found: vec![of.shape.name()], hint: "" });
        }
        let shape = if function == Function::Int { Shape::Int } else { Shape::Double };
        let cost = total([&of]).saturating_add(cost::of_search(of.shape.longest()));
        Some(Checked { node: Node::Call(function, [of.node].into()), shape, cost })
    }

    fn search(
        &mut self,
        offset: usize,
        function: Function,
        name: &'static str,
        of: &Term,
        given: &[Term],
    ) -> Option<Checked> {
        let sought = self.only(offset, name, given);
        let (of, sought) = (self.text(of, name), self.text(sought?, name));
        let (of, sought) = (of?, sought?);
        let longest = of.shape.longest();
        let (shape, own) = match function {
            Function::Split => (
                Shape::List(Box::new(Shape::Text(longest)), cost::PIECES),
                cost::of_search(longest).saturating_add(cost::PIECES),
            ),
            Function::Contains => (Shape::Bool, cost::of_search(longest)),
            _ => (Shape::Bool, cost::of_text(longest.min(sought.shape.longest()))),
        };
        let cost = total([&of, &sought]).saturating_add(own);
        Some(Checked { node: Node::Call(function, [of.node, sought.node].into()), shape, cost })
    }

    fn case(
        &mut self,
        offset: usize,
        function: Function,
        name: &'static str,
        of: &Term,
        given: &[Term],
    ) -> Option<Checked> {
        self.takes(offset, name, 0, given)?;
        let of = self.text(of, name)?;
        let longest = of.shape.longest();
        let cost = total([&of]).saturating_add(cost::of_text(longest));
        Some(Checked { node: Node::Call(function, [of.node].into()), shape: Shape::Text(longest), cost })
    }

    fn matches(&mut self, offset: usize, of: &Term, given: &[Term]) -> Option<Checked> {
        let pattern = self.only(offset, "`matches`", given);
        let of = self.text(of, "`matches`");
        let (pattern, of) = (pattern?, of?);
        let Syntax::Text(written) = &pattern.syntax else {
            return self.fail(pattern.offset, Kind::Literal("a regular expression is a literal string"));
        };
        match Pattern::new(written) {
            Ok(pattern) => {
                let own = cost::of_regex(pattern.size, of.shape.longest().min(LONGEST));
                let cost = total([&of]).saturating_add(own);
                Some(Checked { node: Node::Matches(Box::new((of.node, pattern))), shape: Shape::Bool, cost })
            }
            Err(reason) => self.fail(pattern.offset, Kind::Regex(reason)),
        }
    }

    /// A term that is a text.
    fn text(&mut self, term: &Term, to: &'static str) -> Option<Checked> {
        let checked = self.term(term)?;
        if checked.shape.can_be_text() {
            return Some(checked);
        }
        self.fail(term.offset, Kind::Types { to, found: vec![checked.shape.name()], hint: "" })
    }
}
