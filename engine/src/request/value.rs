//! What a value is, before anything of it is read.

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
