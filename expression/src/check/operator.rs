//! Operators, each with the types that CEL gives it.

use super::{Checked, Checker, Named, total};
use crate::cost;
use crate::error::ExpressionErrorKind as Kind;
use crate::program::Node;
use crate::shape::Shape;
use crate::syntax::{Operator, Syntax, Term};

/// Terms between `&&` or `||`.
pub(super) struct Junction {
    nodes: Vec<Node>,
    cost: u64,
}

impl Junction {
    pub(super) fn with(self, node: impl FnOnce(Box<[Node]>) -> Node) -> Checked {
        Checked { node: node(self.nodes.into()), shape: Shape::Bool, cost: self.cost }
    }
}

impl Checker<'_> {
    pub(super) fn junction(&mut self, terms: &[Term], sign: &'static str) -> Option<Junction> {
        let checked: Vec<_> = terms.iter().map(|term| self.truth(term, sign)).collect();
        let checked: Vec<Checked> = checked.into_iter().collect::<Option<_>>()?;
        Some(Junction { cost: total(&checked), nodes: checked.into_iter().map(|checked| checked.node).collect() })
    }

    /// A term that is yes or no.
    pub(super) fn truth(&mut self, term: &Term, to: &'static str) -> Option<Checked> {
        let checked = self.term(term)?;
        if checked.shape.can_be_bool() {
            return Some(checked);
        }
        self.fail(term.offset, Kind::Types { to, found: vec![checked.shape.name()], hint: "" })
    }

    pub(super) fn not(&mut self, _: usize, of: &Term) -> Option<Checked> {
        let of = self.truth(of, "`!`")?;
        Some(Checked { cost: total([&of]), node: Node::Not(Box::new(of.node)), shape: Shape::Bool })
    }

    pub(super) fn negate(&mut self, offset: usize, of: &Term) -> Option<Checked> {
        let of = self.term(of)?;
        if !of.shape.is_number() && !of.shape.is_dyn() {
            return self.fail(offset, Kind::Types { to: "`-`", found: vec![of.shape.name()], hint: "" });
        }
        let cost = total([&of]);
        Some(Checked { node: Node::Negate(Box::new(of.node)), shape: of.shape, cost })
    }

    pub(super) fn choice(&mut self, offset: usize, parts: &(Term, Term, Term)) -> Option<Checked> {
        let condition = self.truth(&parts.0, "`?`");
        let (then, otherwise) = (self.term(&parts.1), self.term(&parts.2));
        let (condition, then, otherwise) = (condition?, then?, otherwise?);
        let Some(shape) = then.shape.join(&otherwise.shape) else {
            let found = vec![then.shape.name(), otherwise.shape.name()];
            return self.fail(offset, Kind::Types { to: "the two sides of `:`", found, hint: "" });
        };
        let cost = total([&condition, &then, &otherwise]);
        Some(Checked { node: Node::If(Box::new((condition.node, then.node, otherwise.node))), shape, cost })
    }

    pub(super) fn binary(&mut self, offset: usize, operator: Operator, left: &Term, right: &Term) -> Option<Checked> {
        if operator == Operator::In
            && let Some(checked) = self.entry_in(left, right)
        {
            return checked;
        }
        let (left, right) = (self.term(left), self.term(right));
        let (left, right) = (left?, right?);
        let (a, b) = (&left.shape, &right.shape);
        let fits = match operator {
            Operator::Equal | Operator::NotEqual => equal(a, b),
            Operator::In => member(a, b),
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => ordered(a, b),
            _ => arithmetic(operator, a, b),
        };
        let Some((shape, own)) = fits else {
            let mixes = a.is_number() && b.is_number() && a != b;
            let hint = if mixes { ": write `1.0`, or `int(…)` or `double(…)` around it" } else { "" };
            return self.fail(offset, Kind::Types { to: operator.quoted(), found: vec![a.name(), b.name()], hint });
        };
        let cost = total([&left, &right]).saturating_add(own);
        let both = Box::new((left.node, right.node));
        let node = match operator {
            Operator::Equal | Operator::NotEqual => Node::Equal(both, operator == Operator::Equal),
            Operator::In => Node::In(both),
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                Node::Ordered(operator, both)
            }
            _ => Node::Arithmetic(operator, both),
        };
        Some(Checked { node, shape, cost })
    }

    /// `"x-team" in request.headers`: whether there is such an entry. `None` where `in` is about something else.
    fn entry_in(&mut self, left: &Term, right: &Term) -> Option<Option<Checked>> {
        if !matches!(right.syntax, Syntax::Name(_) | Syntax::Select(..)) {
            return None;
        }
        let errors = self.errors.len();
        let resolved = self.resolve(right);
        // Whoever looks again reports it.
        self.errors.truncate(errors);
        let Some(Named::Variable(variable, entry)) = resolved else { return None };
        let declared = self.variables.get(variable)?;
        if !entry.is_empty() || !declared.kind.has_entries() {
            return None;
        }
        let Syntax::Text(name) = &left.syntax else {
            let name = super::path::full_name(declared);
            return Some(self.fail(left.offset, Kind::Entries { name }));
        };
        Some(self.read(variable, vec![name.clone()], left.offset).map(Checked::present))
    }
}

impl Checked {
    /// Whether there is something to read.
    pub(super) fn present(read: usize) -> Self {
        Self { node: Node::Present(read), shape: Shape::Bool, cost: 1 }
    }
}

/// What comparing costs, if it can be.
fn equal(a: &Shape, b: &Shape) -> Option<(Shape, u64)> {
    a.join(b).filter(|joined| !joined.has_map()).map(|_| (Shape::Bool, a.comparison(b)))
}

fn member(item: &Shape, of: &Shape) -> Option<(Shape, u64)> {
    let known = match of {
        Shape::List(_, 0) | Shape::Map(_, _, 0) => return Some((Shape::Bool, 1)),
        of => of.item()?,
    };
    let (_, each) = equal(item, &known)?;
    Some((Shape::Bool, of.most().saturating_mul(each)))
}

fn ordered(a: &Shape, b: &Shape) -> Option<(Shape, u64)> {
    let is_orderly =
        |shape: &Shape| shape.is_number() || matches!(shape, Shape::Bool | Shape::Text(_) | Shape::Dyn { .. });
    let fits = (a.is_number() && b.is_number()) || (is_orderly(a) && is_orderly(b) && a.join(b).is_some());
    fits.then(|| (Shape::Bool, a.comparison(b)))
}

fn arithmetic(operator: Operator, a: &Shape, b: &Shape) -> Option<(Shape, u64)> {
    match (a, b) {
        (Shape::Int, Shape::Int) => Some((Shape::Int, 0)),
        (Shape::Double, Shape::Double) if operator != Operator::Remainder => Some((Shape::Double, 0)),
        (a, b) if operator == Operator::Add && a.can_be_text() && b.can_be_text() => {
            let longest = a.longest().saturating_add(b.longest());
            let shape = match (a, b) {
                (Shape::Text(_), Shape::Text(_)) => Shape::Text(longest),
                _ => Shape::Dyn { longest, most: 0 },
            };
            Some((shape, cost::of_text(longest)))
        }
        (number, other) | (other, number) if other.is_dyn() && (number.is_number() || number.is_dyn()) => {
            Some((number.clone(), 0))
        }
        _ => None,
    }
}
