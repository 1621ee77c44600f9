//! Types, and how large what they hold can be.

/// A type. Texts and lists say how large they can be, from which follows what an operation on them can cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Null,
    Bool,
    Int,
    Double,
    /// With its most bytes.
    Text(u64),
    /// With its most items.
    List(Box<Shape>, u64),
    /// Keys, values, entries.
    Map(Box<Shape>, Box<Shape>, u64),
    /// Known only when it is there: then a value that is no map.
    Dyn {
        longest: u64,
        most: u64,
    },
}

impl Shape {
    /// How it is called in errors.
    pub(crate) fn name(&self) -> String {
        match self {
            Shape::Null => "null".to_owned(),
            Shape::Bool => "bool".to_owned(),
            Shape::Int => "int".to_owned(),
            Shape::Double => "double".to_owned(),
            Shape::Text(_) => "string".to_owned(),
            Shape::List(item, _) => format!("list({})", item.name()),
            Shape::Map(key, value, _) => format!("map({}, {})", key.name(), value.name()),
            Shape::Dyn { .. } => "dyn".to_owned(),
        }
    }

    pub(crate) fn is_dyn(&self) -> bool {
        matches!(self, Shape::Dyn { .. })
    }

    /// Whether a value of it can be used where a bool is expected.
    pub(crate) fn can_be_bool(&self) -> bool {
        matches!(self, Shape::Bool) || self.is_dyn()
    }

    pub(crate) fn can_be_text(&self) -> bool {
        matches!(self, Shape::Text(_)) || self.is_dyn()
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Shape::Int | Shape::Double)
    }

    /// The most bytes of its text.
    pub(crate) fn longest(&self) -> u64 {
        match self {
            Shape::Text(longest) | Shape::Dyn { longest, .. } => *longest,
            _ => 0,
        }
    }

    /// The most items of its list, or entries of its map.
    pub(crate) fn most(&self) -> u64 {
        match self {
            Shape::List(_, most) | Shape::Map(_, _, most) | Shape::Dyn { most, .. } => *most,
            _ => 0,
        }
    }

    /// The shape of its items.
    pub(crate) fn item(&self) -> Option<Shape> {
        match self {
            Shape::List(item, _) => Some((**item).clone()),
            Shape::Map(key, ..) => Some((**key).clone()),
            // What is in such a list is no list again.
            Shape::Dyn { longest, most } if *most > 0 => Some(Shape::Dyn { longest: *longest, most: 0 }),
            _ => None,
        }
    }

    /// Whether a map is anywhere in it.
    pub(crate) fn has_map(&self) -> bool {
        match self {
            Shape::Map(..) => true,
            Shape::List(item, _) => item.has_map(),
            _ => false,
        }
    }

    /// The shape of what can be either, if the types agree.
    pub(crate) fn join(&self, other: &Shape) -> Option<Shape> {
        Some(match (self, other) {
            (Shape::Text(a), Shape::Text(b)) => Shape::Text(*a.max(b)),
            (Shape::List(a, most), Shape::List(b, more)) => {
                // An empty list can be a list of anything.
                let item = if *most == 0 {
                    b.clone()
                } else if *more == 0 {
                    a.clone()
                } else {
                    Box::new(a.join(b)?)
                };
                Shape::List(item, *most.max(more))
            }
            (Shape::Map(key, value, most), Shape::Map(other_key, other_value, more)) => {
                Shape::Map(Box::new(key.join(other_key)?), Box::new(value.join(other_value)?), *most.max(more))
            }
            (a, b) if a == b => a.clone(),
            (Shape::Dyn { longest, most }, other) | (other, Shape::Dyn { longest, most }) if !other.has_map() => {
                let inner = other.item().map(|item| item.longest()).unwrap_or_default();
                Shape::Dyn { longest: *longest.max(&other.longest()).max(&inner), most: *most.max(&other.most()) }
            }
            _ => return None,
        })
    }

    /// What copying one can cost.
    pub(crate) fn weight(&self) -> u64 {
        let text = crate::cost::of_text(self.longest());
        let items = self.item().map_or(0, |item| match self {
            Shape::Map(_, value, _) => item.weight().saturating_add(value.weight()),
            _ => item.weight(),
        });
        text.saturating_add(if self.most() == 0 { 0 } else { self.most().saturating_mul(items) })
    }

    /// What comparing one of each can cost.
    pub(crate) fn comparison(&self, other: &Shape) -> u64 {
        let texts = 1 + self.longest().min(other.longest()) / crate::cost::BYTES;
        let items = self.most().min(other.most());
        match (self.item(), other.item()) {
            (Some(a), Some(b)) if items > 0 => texts.saturating_add(items.saturating_mul(a.comparison(&b))),
            _ => texts,
        }
    }
}
