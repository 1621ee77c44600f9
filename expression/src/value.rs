//! Values, and when two are equal.

use std::borrow::Cow;
use std::cmp::Ordering;

/// A value. What it holds is borrowed from where it was found, if nobody had to make it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Double(f64),
    /// A text.
    Text(Cow<'a, str>),
    /// A list.
    List(Items<'a, Value<'a>>),
    /// Entries by their keys.
    Map(Items<'a, (Value<'a>, Value<'a>)>),
}

/// Several of one kind. A `Cow` of them could not be shortened to a shorter life.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Items<'a, T> {
    /// They stand elsewhere.
    Borrowed(&'a [T]),
    /// They were made.
    Owned(Vec<T>),
}

impl<T> Items<'_, T> {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[T] {
        match self {
            Items::Borrowed(items) => items,
            Items::Owned(items) => items,
        }
    }
}

impl<'a> Value<'a> {
    /// The same, without a copy.
    #[must_use]
    pub fn borrowed(&'a self) -> Value<'a> {
        match self {
            Value::Null => Value::Null,
            Value::Bool(value) => Value::Bool(*value),
            Value::Int(value) => Value::Int(*value),
            Value::Double(value) => Value::Double(*value),
            Value::Text(text) => Value::Text(Cow::Borrowed(text)),
            Value::List(items) => Value::List(Items::Borrowed(items.all())),
            Value::Map(entries) => Value::Map(Items::Borrowed(entries.all())),
        }
    }

    /// Whether they are the same: numbers by their value, and what is of different types never. NaN is not even itself.
    pub(crate) fn equals(&self, other: &Value<'_>) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::List(a), Value::List(b)) => {
                let (a, b) = (a.all(), b.all());
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.equals(b))
            }
            (Value::Int(_) | Value::Double(_), Value::Int(_) | Value::Double(_)) => {
                self.compare(other) == Some(Some(Ordering::Equal))
            }
            _ => false,
        }
    }

    /// Which is greater: `None` where their types have no order, `Some(None)` where one is no number.
    pub(crate) fn compare(&self, other: &Value<'_>) -> Option<Option<Ordering>> {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => Some(Some(a.cmp(b))),
            (Value::Text(a), Value::Text(b)) => Some(Some(a.cmp(b))),
            (Value::Int(a), Value::Int(b)) => Some(Some(a.cmp(b))),
            (Value::Double(a), Value::Double(b)) => Some(a.partial_cmp(b)),
            (Value::Int(a), Value::Double(b)) => Some(int_to_double(*a, *b)),
            (Value::Double(a), Value::Int(b)) => Some(int_to_double(*b, *a).map(Ordering::reverse)),
            _ => None,
        }
    }

    /// What copying it costs.
    pub(crate) fn weight(&self) -> u64 {
        match self {
            Value::Text(text) => crate::cost::of_text(crate::cost::size(text.len())),
            Value::List(items) => items.all().iter().fold(1, |cost, item| item.weight().saturating_add(cost)),
            Value::Map(entries) => entries
                .all()
                .iter()
                .fold(1, |cost, (key, value)| key.weight().saturating_add(value.weight()).saturating_add(cost)),
            _ => 1,
        }
    }

    /// What comparing with another costs.
    pub(crate) fn comparison(&self, other: &Value<'_>) -> u64 {
        match (self, other) {
            (Value::Text(a), Value::Text(b)) => crate::cost::of_text(crate::cost::size(a.len().min(b.len()))),
            (Value::List(a), Value::List(b)) => {
                a.all().iter().zip(b.all()).fold(1, |cost, (a, b)| a.comparison(b).saturating_add(cost))
            }
            _ => 1,
        }
    }
}

/// 2 to the 63rd: the least double above all ints.
const BEYOND: f64 = 9_223_372_036_854_775_808.0;

/// Compares exactly: an int as a double would be rounded.
fn int_to_double(int: i64, double: f64) -> Option<Ordering> {
    if double.is_nan() {
        None
    } else if double >= BEYOND {
        Some(Ordering::Less)
    } else if double < -BEYOND {
        Some(Ordering::Greater)
    } else {
        // Within the bounds of an int, so nothing but the fraction is lost.
        let whole = double.trunc();
        Some(int.cmp(&(whole as i64)).then_with(|| whole.partial_cmp(&double).unwrap_or(Ordering::Equal)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ints_and_doubles_compare_by_value() {
        for (int, double, expected) in [
            (1, 1.0, Some(Ordering::Equal)),
            (1, 1.5, Some(Ordering::Less)),
            (-1, -1.5, Some(Ordering::Greater)),
            (i64::MAX, 9_223_372_036_854_775_807.0, Some(Ordering::Less)),
            (i64::MIN, -9_223_372_036_854_775_808.0, Some(Ordering::Equal)),
            (i64::MIN, f64::NEG_INFINITY, Some(Ordering::Greater)),
            (9_007_199_254_740_993, 9_007_199_254_740_992.0, Some(Ordering::Greater)),
            (0, -0.0, Some(Ordering::Equal)),
            (0, f64::NAN, None),
        ] {
            assert_eq!(int_to_double(int, double), expected, "{int} {double}");
        }
    }
}
