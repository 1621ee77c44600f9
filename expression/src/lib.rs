//! CEL expressions that are typed, bounded in cost, and know what is not known yet.
//!
//! A subset of the [Common Expression Language](https://cel.dev): conditions over a request while its body is still
//! arriving. What can be spoken of is declared with its type and its largest size, so that everything that can be wrong
//! with an expression, and everything that it can cost, is known when it is loaded.
//!
//! Pure: a text and declarations in, a program out; answers in, an outcome out. No clock, no state, no panics, and no
//! recursion deeper than 32.
//! ```
//! use pointsman_expression::{Answer, Expression, Facts, Kind, Outcome, Value, Variable};
//!
//! let variables = [
//!     Variable { group: "facts", name: "tools", kind: Kind::Bool },
//!     Variable { group: "facts", name: "inputTokens", kind: Kind::Int },
//! ];
//! let expression = Expression::new("facts.tools || facts.inputTokens > 1000", &variables).unwrap();
//!
//! /// Whether there are tools is not known yet; and there are 2000 to 9000 tokens.
//! struct Arriving;
//!
//! impl Facts for Arriving {
//!     fn read(&self, read: usize) -> Answer<'_> {
//!         if read == 0 { Answer::NotYet } else { Answer::Between(2000, 9000) }
//!     }
//! }
//!
//! assert_eq!(expression.evaluate(&Arriving), Outcome::Is(true));
//!
//! let errors = Expression::new("facts.inputToken > 1000", &variables).unwrap_err();
//! assert_eq!(errors[0].to_string(), "no field `facts.inputToken`; did you mean `facts.inputTokens`?");
//! ```

mod check;
mod cost;
mod environment;
mod error;
mod evaluate;
mod lexer;
mod literal;
mod parser;
pub mod pattern;
mod program;
mod shape;
mod syntax;
mod value;

#[cfg(test)]
mod tests;

pub use environment::{Kind, Read, Variable};
pub use error::{ExpressionError, ExpressionErrorKind, What};
pub use evaluate::{Answer, Facts, Fault, Outcome, Wait, Waits};
pub use value::{Items, Value};

/// A checked expression that is yes or no.
#[derive(Clone, Debug)]
pub struct Expression {
    program: program::Node,
    reads: Vec<Read>,
    cost: u64,
}

impl Expression {
    /// Reads and checks an expression; what is wrong is never empty.
    pub fn new(text: &str, variables: &[Variable]) -> Result<Self, Vec<ExpressionError>> {
        let term = parser::parse(text).map_err(|error| vec![error])?;
        let (checked, reads) = check::check(&term, variables)?;
        Ok(Self { program: checked.node, reads, cost: checked.cost })
    }

    /// All that it can ask for, each once.
    #[must_use]
    pub fn reads(&self) -> &[Read] {
        &self.reads
    }

    /// What evaluating it costs at most, in steps of some ten nanoseconds.
    #[must_use]
    pub fn cost(&self) -> u64 {
        self.cost
    }

    /// What it is for one request, by what is known of that.
    #[must_use]
    pub fn evaluate(&self, facts: &dyn Facts) -> Outcome {
        evaluate::evaluate(&self.program, facts)
    }
}
