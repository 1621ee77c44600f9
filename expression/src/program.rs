//! An expression that has been checked: what is evaluated.
//!
//! A tree of boxes rather than a list of instructions: its height is bounded, nothing in it can refer to what is not
//! there, and `&&` skips what it need not ask.

use crate::pattern::Pattern;
use crate::syntax::Operator;
use crate::value::Value;

#[derive(Clone, Debug)]
pub(crate) enum Node {
    Constant(Value<'static>),
    /// What the variable holds.
    Read(Reading),
    /// Whether it holds anything.
    Present(usize),
    /// What a macro is at.
    Local(usize),
    Not(Box<Node>),
    Negate(Box<Node>),
    And(Box<[Node]>),
    Or(Box<[Node]>),
    /// `==`, or `!=` if not.
    Equal(Box<(Node, Node)>, bool),
    Ordered(Operator, Box<(Node, Node)>),
    Arithmetic(Operator, Box<(Node, Node)>),
    In(Box<(Node, Node)>),
    Index(Box<(Node, Node)>),
    If(Box<(Node, Node, Node)>),
    List(Box<[Node]>),
    /// Keys are constants.
    Map(Box<[(Value<'static>, Node)]>),
    Call(Function, Box<[Node]>),
    Matches(Box<(Node, Pattern)>),
    Each(Box<Each>),
}

/// A variable, or an entry of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Its place among what the expression reads.
    pub(crate) read: usize,
    pub(crate) missing: Missing,
    /// The most that it can be.
    pub(crate) longest: u64,
    pub(crate) most: u64,
}

/// What is read where there is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    False,
    Zero,
    Empty,
    /// It is an error.
    Fault,
}

/// Whether some, all, or exactly one of a list's items is such.
#[derive(Clone, Debug)]
pub(crate) struct Each {
    pub(crate) which: Which,
    pub(crate) list: Node,
    pub(crate) local: usize,
    pub(crate) body: Node,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    Exists,
    All,
    ExistsOne,
}

/// A function on values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Size,
    Int,
    Double,
    StartsWith,
    EndsWith,
    Contains,
    LowerAscii,
    UpperAscii,
    Split,
}
