//! What can be wrong with an expression when it is loaded.

use pointsman_document::did_you_mean;
use std::fmt;

/// Something wrong with an expression, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionError {
    /// The place in the text, in bytes.
    pub offset: usize,
    /// What is wrong there.
    pub kind: ExpressionErrorKind,
}

/// The ways in which an expression can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpressionErrorKind {
    /// The text is not an expression.
    Syntax {
        /// What may stand there.
        expected: &'static str,
        /// What does.
        found: String,
    },
    /// Something that a literal cannot be.
    Literal(&'static str),
    /// Something of CEL that is left out here.
    LeftOut(&'static str),
    /// The text is longer than expressions are.
    TooLong {
        /// The most, in bytes.
        most: usize,
    },
    /// Nested deeper than expressions are.
    TooDeep {
        /// The most.
        most: usize,
    },
    /// A name that is nothing's.
    NoSuch {
        /// What is looked for.
        what: What,
        /// The name.
        name: String,
        /// A name that exists.
        suggestion: Option<String>,
    },
    /// A name of several variables, taken for one.
    Group {
        /// The name.
        name: String,
        /// One of the variables.
        example: String,
    },
    /// A map of which single entries can be read.
    Entries {
        /// The map.
        name: String,
    },
    /// Types that do not go together.
    Types {
        /// What they are given to.
        to: &'static str,
        /// The types.
        found: Vec<String>,
        /// What would help.
        hint: &'static str,
    },
    /// Too many or too few arguments.
    Arguments {
        /// The function, in backticks.
        function: &'static str,
        /// How many it takes.
        takes: usize,
    },
    /// Something that stands twice in a map.
    Twice,
    /// A regular expression that does not compile.
    Regex(String),
    /// It would take too long.
    Cost {
        /// How long it could take.
        cost: u64,
        /// The most.
        most: u64,
    },
    /// It looks at more different things than expressions do.
    TooManyReads {
        /// The most.
        most: usize,
    },
}

/// What a name refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// A variable.
    Variable,
    /// A variable of a group.
    Field,
    /// A function.
    Function,
}

impl ExpressionError {
    /// The line and the column of its place in the text, from 1, counted in characters.
    #[must_use]
    pub fn place(&self, text: &str) -> (usize, usize) {
        let before = text.char_indices().take_while(|(at, _)| *at < self.offset).map(|(_, character)| character);
        before.fold((1, 1), |(line, column), character| match character {
            '\n' => (line + 1, 1),
            _ => (line, column + 1),
        })
    }
}

impl fmt::Display for ExpressionErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { expected, found } => write!(f, "expected {expected}, found {found}"),
            Self::Literal(what) => f.write_str(what),
            Self::LeftOut(what) => write!(f, "{what} are not part of these expressions"),
            Self::TooLong { most } => write!(f, "an expression has at most {most} bytes"),
            Self::TooDeep { most } => write!(f, "is nested deeper than {most}"),
            Self::NoSuch { what, name, suggestion } => {
                let what = match what {
                    What::Variable => "variable",
                    What::Field => "field",
                    What::Function => "function",
                };
                write!(f, "no {what} `{name}`{}", did_you_mean(suggestion))
            }
            Self::Group { name, example } => write!(f, "`{name}` is no value; one of its fields is `{example}`"),
            Self::Entries { name } => {
                write!(f, "`{name}` is read entry by entry, each by a literal name: `{name}[\"name\"]`")
            }
            Self::Types { to, found, hint } => write!(f, "{to} cannot take {}{hint}", found.join(" and ")),
            Self::Arguments { function, takes } => write!(f, "{function} takes {takes} arguments"),
            Self::Twice => f.write_str("the key stands twice"),
            Self::Regex(reason) => write!(f, "not a regular expression: {reason}"),
            Self::Cost { cost, most } => {
                write!(f, "can cost {cost} steps, more than {most}: look at shorter lists or texts")
            }
            Self::TooManyReads { most } => write!(f, "looks at more than {most} different things"),
        }
    }
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl std::error::Error for ExpressionError {}
