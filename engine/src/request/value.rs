//! What a value is, before anything of it is read, and what it is read for.

use super::flag::Flag;
use super::place::Place;
use crate::json::{Container, Literal};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Object,
    Array,
    Text,
    Number,
    True,
    False,
    Null,
}

impl From<Container> for Value {
    fn from(container: Container) -> Self {
        match container {
            Container::Object => Value::Object,
            Container::Array => Value::Array,
        }
    }
}

impl From<Literal> for Value {
    fn from(literal: Literal) -> Self {
        match literal {
            Literal::True => Value::True,
            Literal::False => Value::False,
            Literal::Null => Value::Null,
        }
    }
}

/// What a value is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Nothing,
    /// A container that is looked into.
    Inside(Place),
    Model,
    /// The name of another model.
    Name,
    /// Input text.
    Text,
    /// What may be base64.
    Data,
    /// The same, in a part: what it is may stand in front of it.
    Attached,
    /// A token that is given as a number.
    Token,
    /// What says which conversation the request belongs to.
    Session,
    /// The id of the response that the request goes on from.
    Reference,
    /// The content of a file, which tells conversations apart that have no text.
    File,
    Role,
    /// The `type` of a message, a part or a tool.
    Kind,
    /// A word that tells whether a flag is set.
    Word(Flag),
    /// A number that tells whether a flag is set.
    Number(Flag),
    MaxOutputTokens,
    /// What may spell a number that the policy caps.
    Bounded,
}
