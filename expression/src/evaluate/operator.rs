//! Operators on values.

use super::{Evaluation, Fault, Found, Open};
use crate::cost;
use crate::program::{Missing, Node, Reading};
use crate::syntax::Operator;
use crate::value::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

impl<'a> Evaluation<'a> {
    pub(super) fn negated(&mut self, of: &'a Node) -> Found<'a> {
        match self.value(of)? {
            Value::Int(value) => value.checked_neg().map(Value::Int).ok_or(Open::Fault(Fault::Overflow)),
            Value::Double(value) => Ok(Value::Double(-value)),
            _ => Err(Open::Fault(Fault::Type)),
        }
    }

    pub(super) fn equal(&mut self, both: &'a (Node, Node), wanted: bool) -> Found<'a> {
        if let Some(settled) = self.bounded(Operator::Equal, both) {
            return settled.map(|is_equal| Value::Bool(is_equal == wanted));
        }
        let (left, right) = (self.value(&both.0)?, self.value(&both.1)?);
        self.charge(left.comparison(&right))?;
        Ok(Value::Bool(left.equals(&right) == wanted))
    }

    pub(super) fn ordered(&mut self, operator: Operator, both: &'a (Node, Node)) -> Found<'a> {
        if let Some(settled) = self.bounded(operator, both) {
            return settled.map(Value::Bool);
        }
        let (left, right) = (self.value(&both.0)?, self.value(&both.1)?);
        self.charge(left.comparison(&right))?;
        let order = left.compare(&right).ok_or(Open::Fault(Fault::Type))?;
        // What is no number is neither less nor greater.
        Ok(Value::Bool(order.is_some_and(|order| holds(operator, order))))
    }

    /// A number of which only bounds are known, held against another: the bounds can be enough. `None` where there is no
    /// such number.
    fn bounded(&mut self, operator: Operator, both: &'a (Node, Node)) -> Option<Result<bool, Open>> {
        match both {
            (Node::Read(reading), other) => self.bounds(*reading, operator, other),
            (other, Node::Read(reading)) => self.bounds(*reading, flipped(operator), other),
            _ => None,
        }
    }

    fn bounds(&mut self, reading: Reading, operator: Operator, other: &'a Node) -> Option<Result<bool, Open>> {
        let (Missing::Zero, Node::Constant(Value::Int(other))) = (reading.missing, other) else { return None };
        let super::Answer::Between(low, high) = self.facts.read(reading.read) else { return None };
        let (other, least, most) = (*other, i64::MIN, i64::MAX);
        if let Err(open) = self.charge(3) {
            return Some(Err(open));
        }
        // The numbers for which it holds; `None` where there is none.
        let range = match operator {
            Operator::Equal => Some((other, other)),
            Operator::Less => other.checked_sub(1).map(|end| (least, end)),
            Operator::LessOrEqual => Some((least, other)),
            Operator::Greater => other.checked_add(1).map(|start| (start, most)),
            _ => Some((other, most)),
        };
        let Some((start, end)) = range else { return Some(Ok(false)) };
        if start <= low && high <= end {
            Some(Ok(true))
        } else if high < start || end < low {
            Some(Ok(false))
        } else {
            let at_least = match operator {
                Operator::Less | Operator::GreaterOrEqual => other,
                Operator::LessOrEqual | Operator::Greater => other.saturating_add(1),
                // From below first, then from above.
                _ => other.saturating_add(i64::from(low >= other)),
            };
            Some(self.wait(reading.read, Some(at_least)))
        }
    }

    pub(super) fn arithmetic(&mut self, operator: Operator, both: &'a (Node, Node)) -> Found<'a> {
        let (left, right) = (self.value(&both.0)?, self.value(&both.1)?);
        match (left, right) {
            (Value::Int(a), Value::Int(b)) => ints(operator, a, b).map(Value::Int).map_err(Open::Fault),
            (Value::Double(a), Value::Double(b)) => doubles(operator, a, b).map(Value::Double).map_err(Open::Fault),
            (Value::Text(a), Value::Text(b)) if operator == Operator::Add => {
                self.charge(cost::of_text(cost::size(a.len()).saturating_add(cost::size(b.len()))))?;
                Ok(Value::Text(Cow::Owned(a.into_owned() + &b)))
            }
            _ => Err(Open::Fault(Fault::Type)),
        }
    }

    pub(super) fn member(&mut self, both: &'a (Node, Node)) -> Found<'a> {
        let (item, of) = (self.value(&both.0)?, self.value(&both.1)?);
        let mut found = false;
        match &of {
            Value::List(items) => {
                for known in items.all() {
                    self.charge(known.comparison(&item))?;
                    found |= known.equals(&item);
                }
            }
            Value::Map(entries) => {
                for (key, _) in entries.all() {
                    self.charge(key.comparison(&item))?;
                    found |= key.equals(&item);
                }
            }
            _ => return Err(Open::Fault(Fault::Type)),
        }
        Ok(Value::Bool(found))
    }

    /// An item of a list, an entry of a map.
    pub(super) fn entry(&mut self, both: &'a (Node, Node)) -> Found<'a> {
        let (of, key) = (self.value(&both.0)?, self.value(&both.1)?);
        let found = match (&of, &key) {
            (Value::List(items), Value::Int(place)) => {
                usize::try_from(*place).ok().and_then(|place| items.all().get(place))
            }
            (Value::Map(entries), key) => {
                let mut found = None;
                for (known, value) in entries.all() {
                    self.charge(known.comparison(key))?;
                    if known.equals(key) {
                        found = Some(value);
                        break;
                    }
                }
                found
            }
            _ => return Err(Open::Fault(Fault::Type)),
        };
        let found = found.ok_or(Open::Fault(Fault::Missing))?;
        self.charge(found.weight())?;
        Ok(found.clone())
    }
}

fn holds(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        _ => order.is_ge(),
    }
}

/// The operator with its sides exchanged.
fn flipped(operator: Operator) -> Operator {
    match operator {
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        other => other,
    }
}

fn ints(operator: Operator, a: i64, b: i64) -> Result<i64, Fault> {
    let result = match operator {
        Operator::Add => a.checked_add(b),
        Operator::Subtract => a.checked_sub(b),
        Operator::Multiply => a.checked_mul(b),
        Operator::Divide | Operator::Remainder if b == 0 => return Err(Fault::DivisionByZero),
        Operator::Divide => a.checked_div(b),
        Operator::Remainder => a.checked_rem(b),
        _ => return Err(Fault::Type),
    };
    result.ok_or(Fault::Overflow)
}

fn doubles(operator: Operator, a: f64, b: f64) -> Result<f64, Fault> {
    match operator {
        Operator::Add => Ok(a + b),
        Operator::Subtract => Ok(a - b),
        Operator::Multiply => Ok(a * b),
        Operator::Divide => Ok(a / b),
        _ => Err(Fault::Type),
    }
}
