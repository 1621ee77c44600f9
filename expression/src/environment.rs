//! What expressions can speak of.

use crate::shape::Shape;

/// A variable: `facts.tools` is the variable `tools` of the group `facts`, and `principal` belongs to none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Before the dot; empty for none.
    pub group: &'static str,
    /// Behind it.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
}

/// What a variable is. Sizes bound what an expression can cost: what is larger than they say cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Yes or no; `false` where nothing is said.
    Bool,
    /// A whole number; 0 where nothing is said.
    Int,
    /// A text; empty where nothing is said.
    Text {
        /// The most bytes.
        longest: u64,
    },
    /// Texts by their names, each read by a literal name. What is not there cannot be read.
    Texts {
        /// The most bytes of one.
        longest: u64,
    },
    /// Values of any type by their names, which can lead further inside. What is not there cannot be read.
    Values {
        /// The most bytes of a text.
        longest: u64,
        /// The most items of a list.
        most: u64,
    },
}

impl Kind {
    /// What is read of it.
    pub(crate) fn shape(self) -> Shape {
        match self {
            Kind::Bool => Shape::Bool,
            Kind::Int => Shape::Int,
            Kind::Text { longest } | Kind::Texts { longest } => Shape::Text(longest),
            Kind::Values { longest, most } => Shape::Dyn { longest, most },
        }
    }

    /// Whether entries are read, and not it as a whole.
    pub(crate) fn has_entries(self) -> bool {
        matches!(self, Kind::Texts { .. } | Kind::Values { .. })
    }
}

/// Something that an expression can ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The place of the variable among those that were declared.
    pub variable: usize,
    /// Which entry of it, outermost name first.
    pub entry: Vec<String>,
    /// Where the expression names it first, in bytes.
    pub offset: usize,
}
