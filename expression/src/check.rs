//! From terms to a program: names become variables, types have to fit, and costs are added up.

mod call;
mod each;
mod operator;
mod path;

use crate::cost;
use crate::environment::{Read, Variable};
use crate::error::{ExpressionError, ExpressionErrorKind as Kind};
use crate::program::{Missing, Node, Reading};
use crate::shape::Shape;
use crate::syntax::{Syntax, Term};
use crate::value::{Items, Value};
use path::Named;

/// How many different things an expression can look at.
const MOST_READS: usize = 64;

/// Errors that are kept: more are rarely read, and never by the proxy.
const KEPT: usize = 10;

/// A term that has been checked.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) node: Node,
    pub(crate) shape: Shape,
    /// What it costs at most, with all that it needs.
    pub(crate) cost: u64,
}

/// What a macro calls the item that it is at.
struct Local {
    name: String,
    shape: Shape,
}

/// Checks one expression. A term that is wrong is `None`, and has been reported.
pub(crate) struct Checker<'e> {
    variables: &'e [Variable],
    reads: Vec<Read>,
    locals: Vec<Local>,
    errors: Vec<ExpressionError>,
}

/// Checks a whole expression, which has to be yes or no.
pub(crate) fn check(term: &Term, variables: &[Variable]) -> Result<(Checked, Vec<Read>), Vec<ExpressionError>> {
    let mut checker = Checker { variables, reads: Vec::new(), locals: Vec::new(), errors: Vec::new() };
    let checked = checker.term(term);
    if let Some(Checked { shape, .. }) = checked.as_ref().filter(|checked| !checked.shape.can_be_bool()) {
        let hint = ": it has to be a bool";
        checker.fail::<()>(term.offset, Kind::Types { to: "a condition", found: vec![shape.name()], hint });
    }
    if let Some(Checked { cost, .. }) = checked.as_ref().filter(|checked| checked.cost > cost::MOST) {
        checker.fail::<()>(term.offset, Kind::Cost { cost: *cost, most: cost::MOST });
    }
    match checked {
        Some(checked) if checker.errors.is_empty() => Ok((checked, checker.reads)),
        _ => Err(checker.errors),
    }
}

impl Checker<'_> {
    pub(super) fn term(&mut self, term: &Term) -> Option<Checked> {
        let constant = |value, shape| Some(Checked { node: Node::Constant(value), shape, cost: 1 });
        match &term.syntax {
            Syntax::Null => constant(Value::Null, Shape::Null),
            Syntax::Bool(value) => constant(Value::Bool(*value), Shape::Bool),
            Syntax::Int(value) => constant(Value::Int(*value), Shape::Int),
            Syntax::Double(value) => constant(Value::Double(*value), Shape::Double),
            Syntax::Text(text) => constant(Value::Text(text.clone().into()), Shape::Text(cost::size(text.len()))),
            Syntax::Name(_) | Syntax::Select(..) | Syntax::Index(..) => self.named(term),
            Syntax::List(items) => self.list(items),
            Syntax::Map(entries) => self.map(entries),
            Syntax::Not(of) => self.not(term.offset, of),
            Syntax::Negate(of) => self.negate(term.offset, of),
            Syntax::And(terms) => Some(self.junction(terms, "`&&`")?.with(Node::And)),
            Syntax::Or(terms) => Some(self.junction(terms, "`||`")?.with(Node::Or)),
            Syntax::Binary(operator, left, right) => self.binary(term.offset, *operator, left, right),
            Syntax::If(parts) => self.choice(term.offset, parts),
            Syntax::Call(name, of, arguments) => self.call(term.offset, name, of.as_deref(), arguments),
        }
    }

    /// A variable, or something inside of a value.
    fn named(&mut self, term: &Term) -> Option<Checked> {
        match self.resolve(term)? {
            Named::Local(local) => {
                let shape = self.locals.get(local)?.shape.clone();
                let cost = 1 + shape.weight();
                Some(Checked { node: Node::Local(local), shape, cost })
            }
            Named::Group(name) => {
                let example = self.variables.iter().find(|variable| variable.group == name)?.name;
                self.fail(term.offset, Kind::Group { example: format!("{name}.{example}"), name })
            }
            Named::Variable(variable, entry) => {
                let declared = self.variables.get(variable)?;
                if declared.kind.has_entries() && entry.is_empty() {
                    let name = path::full_name(declared);
                    return self.fail(term.offset, Kind::Entries { name });
                }
                let shape = declared.kind.shape();
                let missing = match (&shape, declared.kind.has_entries()) {
                    (_, true) => Missing::Fault,
                    (Shape::Bool, _) => Missing::False,
                    (Shape::Int, _) => Missing::Zero,
                    _ => Missing::Empty,
                };
                let (longest, most) = (shape.longest(), shape.most());
                let read = self.read(variable, entry, term.offset)?;
                let node = Node::Read(Reading { read, missing, longest, most });
                Some(Checked { node, shape, cost: 1 + most })
            }
            Named::Value => self.inside(term),
        }
    }

    /// The place of something among what is read.
    fn read(&mut self, variable: usize, entry: Vec<String>, offset: usize) -> Option<usize> {
        let is_it = |read: &Read| read.variable == variable && read.entry == entry;
        if let Some(known) = self.reads.iter().position(is_it) {
            return Some(known);
        }
        if self.reads.len() >= MOST_READS {
            return self.fail(offset, Kind::TooManyReads { most: MOST_READS });
        }
        self.reads.push(Read { variable, entry, offset });
        Some(self.reads.len() - 1)
    }

    /// `of.name` and `of[key]` where `of` is no variable with entries.
    fn inside(&mut self, term: &Term) -> Option<Checked> {
        let (of, key) = match &term.syntax {
            Syntax::Select(of, name) => {
                let key = Value::Text(name.clone().into());
                let shape = Shape::Text(cost::size(name.len()));
                (self.term(of), Some(Checked { node: Node::Constant(key), shape, cost: 1 }))
            }
            Syntax::Index(of, key) => (self.term(of), self.term(key)),
            _ => return None,
        };
        let (of, key) = (of?, key?);
        let lookup = match &of.shape {
            Shape::Map(known, value, most) if known.join(&key.shape).is_some() => {
                Some(((**value).clone(), most.saturating_mul(known.comparison(&key.shape))))
            }
            Shape::List(item, _) if key.shape == Shape::Int || key.shape.is_dyn() => Some(((**item).clone(), 0)),
            Shape::Dyn { .. } if key.shape == Shape::Int || key.shape.is_dyn() => of.shape.item().map(|item| (item, 0)),
            _ => None,
        };
        let Some((shape, searched)) = lookup else {
            return self.fail(
                term.offset,
                Kind::Types { to: "an index", found: vec![of.shape.name(), key.shape.name()], hint: "" },
            );
        };
        let cost = total([&of, &key]).saturating_add(searched).saturating_add(shape.weight());
        Some(Checked { node: Node::Index(Box::new((of.node, key.node))), shape, cost })
    }

    fn list(&mut self, terms: &[Term]) -> Option<Checked> {
        let items: Vec<_> = terms.iter().map(|term| self.term(term)).collect();
        let items: Vec<Checked> = items.into_iter().collect::<Option<_>>()?;
        let mut shape: Option<Shape> = None;
        for (item, term) in items.iter().zip(terms) {
            shape = match &shape {
                None => Some(item.shape.clone()),
                Some(shape) => match shape.join(&item.shape) {
                    Some(joined) => Some(joined),
                    None => {
                        let found = vec![shape.name(), item.shape.name()];
                        return self.fail(term.offset, Kind::Types { to: "one list", found, hint: "" });
                    }
                },
            };
        }
        let shape = Shape::List(Box::new(shape.unwrap_or(Shape::Null)), cost::size(items.len()));
        let cost = total(&items);
        let nodes: Vec<Node> = items.into_iter().map(|item| item.node).collect();
        let constants: Option<Vec<_>> = nodes.iter().map(constant).collect();
        // Nobody makes the same list for every request.
        match constants {
            Some(values) => Some(Checked { node: Node::Constant(Value::List(Items::Owned(values))), shape, cost: 1 }),
            None => Some(Checked { node: Node::List(nodes.into()), shape, cost }),
        }
    }

    fn map(&mut self, entries: &[(Term, Term)]) -> Option<Checked> {
        let (mut keys, mut values): (Vec<Value<'static>>, Vec<Checked>) = (Vec::new(), Vec::new());
        let mut shapes: Option<(Shape, Shape)> = None;
        for (key_term, value_term) in entries {
            let (key, value) = (self.term(key_term), self.term(value_term));
            let (key, value) = (key?, value?);
            let written =
                constant(&key.node).filter(|key| matches!(key, Value::Text(_) | Value::Int(_) | Value::Bool(_)));
            let Some(written) = written else {
                let hint = ": keys are literal strings, ints or bools";
                return self.fail(key_term.offset, Kind::Types { to: "a key", found: vec![key.shape.name()], hint });
            };
            if keys.iter().any(|known| known.equals(&written)) {
                return self.fail(key_term.offset, Kind::Twice);
            }
            shapes = match shapes {
                None => Some((key.shape.clone(), value.shape.clone())),
                Some((keys, values)) => match (keys.join(&key.shape), values.join(&value.shape)) {
                    (Some(keys), Some(values)) => Some((keys, values)),
                    (None, _) => {
                        let found = vec![keys.name(), key.shape.name()];
                        return self.fail(key_term.offset, Kind::Types { to: "the keys of one map", found, hint: "" });
                    }
                    (_, None) => {
                        let found = vec![values.name(), value.shape.name()];
                        return self.fail(value_term.offset, Kind::Types { to: "one map", found, hint: "" });
                    }
                },
            };
            keys.push(written);
            values.push(value);
        }
        let (key, value) = shapes.unwrap_or((Shape::Null, Shape::Null));
        let shape = Shape::Map(Box::new(key), Box::new(value), cost::size(keys.len()));
        let cost = total(&values);
        let constants: Option<Vec<_>> = values.iter().map(|value| constant(&value.node)).collect();
        let node = match constants {
            Some(values) => Node::Constant(Value::Map(Items::Owned(keys.into_iter().zip(values).collect()))),
            None => Node::Map(keys.into_iter().zip(values.into_iter().map(|value| value.node)).collect()),
        };
        Some(Checked { node, shape, cost })
    }

    /// Notes an error.
    pub(super) fn fail<T>(&mut self, offset: usize, kind: Kind) -> Option<T> {
        if self.errors.len() < KEPT {
            self.errors.push(ExpressionError { offset, kind });
        }
        None
    }
}

/// One step, and all that the parts cost.
pub(super) fn total<'c>(parts: impl IntoIterator<Item = &'c Checked>) -> u64 {
    parts.into_iter().fold(1, |sum, part| sum.saturating_add(part.cost))
}

fn constant(node: &Node) -> Option<Value<'static>> {
    match node {
        Node::Constant(value) => Some(value.clone()),
        _ => None,
    }
}
