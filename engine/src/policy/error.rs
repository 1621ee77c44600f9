//! What can be wrong with a policy, and where.

use super::path::Path;
use super::suggest::nearest;
use std::collections::BTreeSet;
use std::fmt;

/// One thing wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    path: String,
    kind: PolicyErrorKind,
}

impl PolicyError {
    /// The field, as `rules[2].route.targets[0].model`; empty when it is the whole document.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong with it, as a sentence without its field.
    pub fn message(&self) -> String {
        self.kind.to_string()
    }

    /// What is wrong with it, as a value.
    pub fn kind(&self) -> &PolicyErrorKind {
        &self.kind
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        self.kind.fmt(f)
    }
}

impl std::error::Error for PolicyError {}

/// The ways in which a field can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyErrorKind {
    /// The text is not JSON.
    Syntax(String),
    /// Nothing was given at all.
    Absent,
    /// A string where a list is needed, and so on.
    WrongType {
        /// What is needed.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// A required field is not there.
    Missing,
    /// A field that does not exist.
    UnknownField {
        /// A field that does.
        suggestion: Option<String>,
    },
    /// A field that is given twice.
    DuplicateField,
    /// Not one of the values that the field can have.
    UnknownValue {
        /// What is there.
        value: String,
        /// The values that exist.
        choices: Vec<&'static str>,
        /// The nearest of them.
        suggestion: Option<String>,
    },
    /// A list without items.
    EmptyList,
    /// A number that is too small or too large.
    OutOfRange {
        /// The least that is allowed.
        min: u64,
        /// The most that is allowed.
        max: u64,
    },
    /// Text that its field cannot hold.
    Invalid {
        /// What is there.
        value: String,
        /// What the field holds.
        expected: &'static str,
    },
    /// A regular expression that does not compile.
    Regex {
        /// What is wrong with it.
        reason: String,
    },
    /// The name of something that is not in the policy.
    NoSuch {
        /// What is looked for, and where: ``no model `x` in the catalog``.
        what: What,
        /// Its name.
        name: String,
        /// A name that exists.
        suggestion: Option<String>,
    },
    /// A name that is taken.
    Taken {
        /// The name.
        name: String,
        /// The field that has it already.
        by: String,
    },
    /// Not exactly one of several fields.
    NotExactlyOne(&'static [&'static str]),
    /// None of several fields.
    NoneOf(&'static [&'static str]),
    /// A range that ends before it begins.
    EmptyRange,
    /// Targets of which none can be chosen.
    NoWeight,
    /// A header that the caller can never have set.
    ReservedHeader,
    /// More items than the engine counts.
    TooMany {
        /// How many there may be.
        max: usize,
    },
    /// More different headers than the engine keeps for a request.
    TooManyHeaders {
        /// How many there may be.
        max: usize,
    },
    /// More keywords than one search can look for.
    TooManyKeywords,
    /// A model that is its own fallback.
    OwnFallback {
        /// The model.
        name: String,
    },
    /// A field that has no meaning here.
    NotHere {
        /// Why.
        why: &'static str,
    },
}

/// What a name refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// A model of the catalog.
    Model,
    /// A name that clients can ask for: a model or an alias.
    ModelOrAlias,
    /// A tenant.
    Tenant,
    /// A label that some model has.
    Label,
}

impl fmt::Display for PolicyErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use PolicyErrorKind as Kind;
        match self {
            Kind::Syntax(reason) => write!(f, "not valid JSON: {reason}"),
            Kind::Absent => {
                f.write_str("is empty; the plugin configuration needs `role` and, for the router, `policy`")
            }
            Kind::WrongType { expected, found } => write!(f, "expected {expected}, found {found}"),
            Kind::Missing => f.write_str("is required"),
            Kind::UnknownField { suggestion } => write!(f, "unknown field{}", did_you_mean(suggestion)),
            Kind::DuplicateField => f.write_str("duplicate field"),
            Kind::UnknownValue { value, choices, suggestion } => match suggestion {
                Some(_) => write!(f, "unknown value `{value}`{}", did_you_mean(suggestion)),
                None => write!(f, "unknown value `{value}`, expected one of {}", list(choices)),
            },
            Kind::EmptyList => f.write_str("needs at least one item"),
            Kind::OutOfRange { min, max } => write!(f, "must be from {min} to {max}"),
            Kind::Invalid { value, expected } if value.is_empty() => write!(f, "is empty, expected {expected}"),
            Kind::Invalid { value, expected } => write!(f, "`{value}` is not {expected}"),
            Kind::Regex { reason } => write!(f, "not a regular expression: {reason}"),
            Kind::NoSuch { what, name, suggestion } => {
                match what {
                    What::Model => write!(f, "no model `{name}` in the catalog")?,
                    What::ModelOrAlias => write!(f, "no model or alias `{name}`")?,
                    What::Tenant => write!(f, "no tenant `{name}`")?,
                    What::Label => write!(f, "no model has the label `{name}`")?,
                }
                f.write_str(&did_you_mean(suggestion))
            }
            Kind::Taken { name, by } => write!(f, "`{name}` is taken by {by}"),
            Kind::NotExactlyOne(fields) => write!(f, "needs exactly one of {}", list(fields)),
            Kind::NoneOf(fields) => write!(f, "needs at least one of {}", list(fields)),
            Kind::EmptyRange => f.write_str("`min` is greater than `max`"),
            Kind::NoWeight => f.write_str("needs at least one weight above 0"),
            Kind::ReservedHeader => f.write_str("is reserved: Pointsman removes it from every request"),
            Kind::TooMany { max } => write!(f, "has more than {max} items"),
            Kind::TooManyHeaders { max } => write!(f, "the policy looks at more than {max} different headers"),
            Kind::TooManyKeywords => f.write_str("the keywords of all rules are too many to look for"),
            Kind::OwnFallback { name } => write!(f, "`{name}` is the model itself"),
            Kind::NotHere { why } => f.write_str(why),
        }
    }
}

fn did_you_mean(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Everything wrong with a policy. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyErrors(Vec<PolicyError>);

impl PolicyErrors {
    /// The errors, those of the document's shape before those of its meaning.
    pub fn iter(&self) -> std::slice::Iter<'_, PolicyError> {
        self.0.iter()
    }

    /// The one error of a document that could not be read at all.
    pub(crate) fn whole(kind: PolicyErrorKind) -> Self {
        Self(vec![PolicyError { path: String::new(), kind }])
    }
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, error) in self.0.iter().enumerate() {
            if nth > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyErrors {}

impl IntoIterator for PolicyErrors {
    type Item = PolicyError;
    type IntoIter = std::vec::IntoIter<PolicyError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a PolicyErrors {
    type Item = &'a PolicyError;
    type IntoIter = std::slice::Iter<'a, PolicyError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// Collects errors while a document is read.
///
/// A field that could not be read is replaced by a stand-in, so that reading can go on. Whatever is found
/// wrong with the stand-in would be noise, so nothing is reported at or below such a field again.
#[derive(Debug, Default)]
pub(crate) struct Report {
    errors: Vec<PolicyError>,
    lost: BTreeSet<String>,
    suggested: usize,
}

/// Names that "did you mean" is asked for, at most: a policy full of wrong names must not hold up the proxy.
const SUGGESTIONS: usize = 100;

impl Report {
    /// Notes an error about a value that was understood.
    pub(crate) fn add(&mut self, at: &Path<'_>, kind: PolicyErrorKind) {
        if !self.is_lost(at) {
            self.errors.push(PolicyError { path: at.to_string(), kind });
        }
    }

    /// Notes an error about a value that a stand-in replaces.
    pub(crate) fn lose<T: Default>(&mut self, at: &Path<'_>, kind: PolicyErrorKind) -> T {
        self.add(at, kind);
        self.lost.insert(at.to_string());
        T::default()
    }

    /// Whether the value at `at` is a stand-in.
    pub(crate) fn is_lost(&self, at: &Path<'_>) -> bool {
        if self.lost.is_empty() {
            return false;
        }
        self.lost.contains(&at.to_string())
            || match at {
                Path::Root => false,
                Path::Key(parent, _) | Path::Index(parent, _) => self.is_lost(parent),
            }
    }

    /// The name among `known` that was probably meant.
    pub(crate) fn suggest<'a>(&mut self, name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
        self.suggested += 1;
        if self.suggested > SUGGESTIONS { None } else { nearest(name, known).map(str::to_owned) }
    }

    /// Whether nothing is wrong so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// The value, if nothing is wrong.
    pub(crate) fn finish<T>(self, value: T) -> Result<T, PolicyErrors> {
        if self.errors.is_empty() { Ok(value) } else { Err(PolicyErrors(self.errors)) }
    }
}
