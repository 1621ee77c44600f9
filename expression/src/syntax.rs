//! An expression as it is written.

/// A part of an expression, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Term {
    /// In bytes. Of operators, where the operator stands.
    pub(crate) offset: usize,
    /// How many parts lie inside of each other. Bounded, so that whoever walks down needs no other bound.
    pub(crate) height: usize,
    pub(crate) syntax: Syntax,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Syntax {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
    Name(String),
    Select(Box<Term>, String),
    Index(Box<Term>, Box<Term>),
    List(Vec<Term>),
    Map(Vec<(Term, Term)>),
    Not(Box<Term>),
    Negate(Box<Term>),
    /// All of these: a chain of `&&` is no deeper than one.
    And(Vec<Term>),
    Or(Vec<Term>),
    Binary(Operator, Box<Term>, Box<Term>),
    If(Box<(Term, Term, Term)>),
    /// A function, what stands in front of its dot, its arguments.
    Call(String, Option<Box<Term>>, Vec<Term>),
}

/// An operator with two sides, other than `&&` and `||`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    pub(crate) const ALL: [Self; 12] = [
        Self::Equal,
        Self::NotEqual,
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::In,
        Self::Add,
        Self::Subtract,
        Self::Multiply,
        Self::Divide,
        Self::Remainder,
    ];

    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }

    /// How it is called in an error.
    pub(crate) fn quoted(self) -> &'static str {
        match self {
            Self::Equal => "`==`",
            Self::NotEqual => "`!=`",
            Self::Less => "`<`",
            Self::LessOrEqual => "`<=`",
            Self::Greater => "`>`",
            Self::GreaterOrEqual => "`>=`",
            Self::In => "`in`",
            Self::Add => "`+`",
            Self::Subtract => "`-`",
            Self::Multiply => "`*`",
            Self::Divide => "`/`",
            Self::Remainder => "`%`",
        }
    }

    /// How tightly it binds: comparisons, sums, products.
    pub(crate) fn level(self) -> u8 {
        match self {
            Self::Add | Self::Subtract => 1,
            Self::Multiply | Self::Divide | Self::Remainder => 2,
            _ => 0,
        }
    }
}
