//! What an expression is for one request.
//!
//! A value, nothing that could be one (a fault), or not known yet. `&&`, `||` and the macros come to a value whenever the
//! others cannot change it, in any order; everything else needs all that it is made of. What is known stays known, so an
//! answer given early is the last one.

mod call;
mod each;
mod operator;

use crate::cost;
use crate::program::{Missing, Node, Reading};
use crate::value::{Items, Value};
use std::borrow::Cow;

/// Answers what an expression asks for.
pub trait Facts {
    /// What there is at a place among [`Expression::reads`](crate::Expression::reads).
    fn read(&self, read: usize) -> Answer<'_>;
}

/// What is known of something that can be read.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer<'a> {
    /// It is this, and stays this.
    Is(Value<'a>),
    /// A whole number that is not known yet, and will be from here to there.
    Between(i64, i64),
    /// Not known yet.
    NotYet,
    /// There is nothing.
    Absent,
    /// There is something, and it cannot be said what.
    Unreadable,
}

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Yes or no, whatever else becomes known.
    Is(bool),
    /// Not known yet. Nothing changes before one of these is known.
    Waits(Waits),
    /// Neither, whatever else becomes known.
    Fault(Fault),
}

/// Why there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// There is no such entry or item; the place of what was read, if it was.
    Missing,
    /// What was read says nothing that can be taken for one value.
    Unreadable,
    /// What was read is larger than was declared, or a text too long to be searched.
    TooLarge,
    /// A value of a type that the operation does not take.
    Type,
    /// A number that does not fit.
    Overflow,
    /// A division by zero.
    DivisionByZero,
    /// More steps than were allowed.
    Cost,
}

/// What an expression waits for: some of it, at least one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waits {
    some: [Option<Wait>; MOST_WAITS],
}

/// More are not kept: who waits asks again in the end at the latest.
const MOST_WAITS: usize = 4;

/// Something that an expression waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Its place among [`Expression::reads`](crate::Expression::reads).
    pub read: usize,
    /// If it is a number, and all that matters next is whether it is at least this.
    pub at_least: Option<i64>,
}

impl Waits {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Wait> {
        self.some.into_iter().flatten()
    }

    fn add(&mut self, wait: Wait) {
        if self.some.contains(&Some(wait)) {
            return;
        }
        if let Some(free) = self.some.iter_mut().find(|known| known.is_none()) {
            *free = Some(wait);
        }
    }
}

/// Why there is no value right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Open {
    NotYet,
    Fault(Fault),
}

impl Open {
    /// What remains of two: what is not known yet can still make the other not matter.
    fn with(self, other: Option<Open>) -> Open {
        match other {
            None => self,
            Some(_) if self == Open::NotYet => Open::NotYet,
            Some(first) => first,
        }
    }
}

pub(crate) type Found<'a> = Result<Value<'a>, Open>;

/// An evaluation.
pub(crate) struct Evaluation<'a> {
    facts: &'a dyn Facts,
    /// Steps that are left.
    left: u64,
    waits: Waits,
    locals: Vec<Value<'a>>,
}

/// Evaluates a whole program.
pub(crate) fn evaluate(node: &Node, facts: &dyn Facts) -> Outcome {
    let mut evaluation = Evaluation { facts, left: cost::MOST, waits: Waits::default(), locals: Vec::new() };
    match evaluation.truth(node) {
        Ok(value) => Outcome::Is(value),
        Err(Open::NotYet) => Outcome::Waits(evaluation.waits),
        Err(Open::Fault(fault)) => Outcome::Fault(fault),
    }
}

impl<'a> Evaluation<'a> {
    /// Goes no deeper than terms are high, which is bounded.
    pub(super) fn value(&mut self, node: &'a Node) -> Found<'a> {
        self.charge(1)?;
        match node {
            Node::Constant(value) => Ok(value.borrowed()),
            Node::Read(reading) => match self.read(*reading)? {
                Side::Value(value) => Ok(value),
                Side::Between => self.wait(reading.read, None),
            },
            Node::Present(read) => match self.facts.read(*read) {
                Answer::Absent => Ok(Value::Bool(false)),
                Answer::Is(_) | Answer::Between(..) | Answer::Unreadable => Ok(Value::Bool(true)),
                Answer::NotYet => self.wait(*read, None),
            },
            Node::Local(local) => {
                let weight = self.locals.get(*local).map_or(0, Value::weight);
                self.charge(weight)?;
                self.locals.get(*local).cloned().ok_or(Open::Fault(Fault::Missing))
            }
            Node::Not(of) => self.truth(of).map(|value| Value::Bool(!value)),
            Node::Negate(of) => self.negated(of),
            Node::And(terms) => self.junction(terms, false),
            Node::Or(terms) => self.junction(terms, true),
            Node::Equal(both, wanted) => self.equal(both, *wanted),
            Node::Ordered(operator, both) => self.ordered(*operator, both),
            Node::Arithmetic(operator, both) => self.arithmetic(*operator, both),
            Node::In(both) => self.member(both),
            Node::Index(both) => self.entry(both),
            Node::If(parts) => {
                let (condition, then, otherwise) = &**parts;
                if self.truth(condition)? { self.value(then) } else { self.value(otherwise) }
            }
            Node::List(nodes) => {
                let items = nodes.iter().map(|node| self.value(node)).collect::<Result<_, _>>()?;
                Ok(Value::List(Items::Owned(items)))
            }
            Node::Map(entries) => {
                let entry = |(key, node): &'a (Value<'static>, Node)| Ok((key.borrowed(), self.value(node)?));
                Ok(Value::Map(Items::Owned(entries.iter().map(entry).collect::<Result<_, _>>()?)))
            }
            Node::Call(function, arguments) => self.call(*function, arguments),
            Node::Matches(parts) => self.matches(&parts.0, &parts.1),
            Node::Each(each) => self.each(each),
        }
    }

    pub(super) fn truth(&mut self, node: &'a Node) -> Result<bool, Open> {
        match self.value(node)? {
            Value::Bool(value) => Ok(value),
            _ => Err(Open::Fault(Fault::Type)),
        }
    }

    /// The first term that is `decisive` settles it.
    fn junction(&mut self, terms: &'a [Node], decisive: bool) -> Found<'a> {
        let mut open = None;
        for term in terms {
            match self.truth(term) {
                Ok(value) if value == decisive => return Ok(Value::Bool(decisive)),
                Ok(_) => {}
                Err(new) => open = Some(new.with(open)),
            }
        }
        open.map_or(Ok(Value::Bool(!decisive)), Err)
    }

    /// What a variable is right now.
    fn read(&mut self, reading: Reading) -> Result<Side<'a>, Open> {
        match self.facts.read(reading.read) {
            Answer::Is(value) => self.within(reading, value).map(Side::Value),
            Answer::Between(low, high) if low == high => Ok(Side::Value(Value::Int(low))),
            Answer::Between(..) => Ok(Side::Between),
            Answer::NotYet => self.wait(reading.read, None),
            Answer::Unreadable => Err(Open::Fault(Fault::Unreadable)),
            Answer::Absent => match reading.missing {
                Missing::False => Ok(Side::Value(Value::Bool(false))),
                Missing::Zero => Ok(Side::Value(Value::Int(0))),
                Missing::Empty => Ok(Side::Value(Value::Text(Cow::Borrowed("")))),
                Missing::Fault => Err(Open::Fault(Fault::Missing)),
            },
        }
    }

    /// A value that is no larger than was declared: what an expression can cost rests on it.
    fn within(&mut self, reading: Reading, value: Value<'a>) -> Found<'a> {
        let fits = match &value {
            Value::Text(text) => cost::size(text.len()) <= reading.longest,
            Value::List(items) => {
                self.charge(cost::size(items.all().len()).min(reading.most))?;
                let fits = |item: &Value<'_>| match item {
                    Value::Text(text) => cost::size(text.len()) <= reading.longest,
                    Value::List(_) | Value::Map(_) => false,
                    _ => true,
                };
                cost::size(items.all().len()) <= reading.most && items.all().iter().all(fits)
            }
            Value::Map(_) => false,
            _ => true,
        };
        if fits { Ok(value) } else { Err(Open::Fault(Fault::TooLarge)) }
    }

    /// Notes what is waited for.
    pub(super) fn wait<T>(&mut self, read: usize, at_least: Option<i64>) -> Result<T, Open> {
        self.waits.add(Wait { read, at_least });
        Err(Open::NotYet)
    }

    pub(super) fn charge(&mut self, steps: u64) -> Result<(), Open> {
        match self.left.checked_sub(steps) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(Open::Fault(Fault::Cost))
            }
        }
    }
}

/// What a variable is.
enum Side<'a> {
    Value(Value<'a>),
    /// A number that is not known yet.
    Between,
}
