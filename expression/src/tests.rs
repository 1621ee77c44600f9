//! What CEL says, case by case, and properties over random expressions.

mod conformance;
mod loading;
mod print;
mod properties;
mod unknown;

use crate::{Answer, Expression, Facts, Kind, Outcome, Value, Variable};
use std::collections::BTreeMap;

pub(super) const VARIABLES: [Variable; 8] = [
    Variable { group: "request", name: "model", kind: Kind::Text { longest: 64 } },
    Variable { group: "request", name: "headers", kind: Kind::Texts { longest: 512 } },
    Variable { group: "facts", name: "tools", kind: Kind::Bool },
    Variable { group: "facts", name: "images", kind: Kind::Bool },
    Variable { group: "facts", name: "inputTokens", kind: Kind::Int },
    Variable { group: "facts", name: "messages", kind: Kind::Int },
    Variable { group: "", name: "principal", kind: Kind::Text { longest: 64 } },
    Variable { group: "", name: "jwt", kind: Kind::Values { longest: 64, most: 16 } },
];

/// Answers by the variable's name and entry: `request.headers.x-team`. What is not in it is not there.
#[derive(Clone, Debug, Default)]
pub(super) struct Known(pub(super) BTreeMap<String, Answer<'static>>);

struct Asked<'a>(&'a Expression, &'a Known);

impl Facts for Asked<'_> {
    fn read(&self, read: usize) -> Answer<'_> {
        let read = &self.0.reads()[read];
        let variable = VARIABLES[read.variable];
        let names = [variable.group, variable.name].into_iter().filter(|name| !name.is_empty());
        let path: Vec<&str> = names.chain(read.entry.iter().map(String::as_str)).collect();
        self.1.0.get(&path.join(".")).cloned().unwrap_or(Answer::Absent)
    }
}

impl Known {
    pub(super) fn with(mut self, name: &str, answer: Answer<'static>) -> Self {
        self.0.insert(name.to_owned(), answer);
        self
    }

    pub(super) fn is(self, name: &str, value: Value<'static>) -> Self {
        self.with(name, Answer::Is(value))
    }

    pub(super) fn evaluate(&self, expression: &Expression) -> Outcome {
        expression.evaluate(&Asked(expression, self))
    }

    /// What a text comes to.
    pub(super) fn outcome(&self, text: &str) -> Outcome {
        match Expression::new(text, &VARIABLES) {
            Ok(expression) => self.evaluate(&expression),
            Err(errors) => panic!("{text}: {}", errors[0]),
        }
    }
}

pub(super) fn text(text: &str) -> Value<'static> {
    Value::Text(text.to_owned().into())
}
