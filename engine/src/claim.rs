//! A claim of a verified token, with the type that its issuer gave it.
//!
//! There is no separator and no spelling by which one type could pass for another: a text is never a list, whatever
//! characters it holds, and an object is never a list of its keys.

pub mod metadata;

use std::borrow::Cow;

/// A claim. What it holds is borrowed from where it was found.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// A number. JSON's numbers are doubles by the time the proxy has read them.
    Number(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// A list. A list or an object in it is [`Claim::Other`].
    List(Vec<Claim<'a>>),
    /// Anything that no condition can be about: an object, `null`.
    Other,
    /// What cannot be read: a broken message, a text that is not UTF-8. Nobody gets anything for it, and loses no limit.
    Unreadable,
}

impl<'a> Claim<'a> {
    /// The claim that stands at `path` in a payload that was written as JSON.
    #[must_use]
    pub fn of_json(payload: &'a serde_json::Value, path: &[String]) -> Option<Self> {
        let found = path.iter().try_fold(payload, |value, name| value.as_object()?.get(name))?;
        Some(match found {
            serde_json::Value::Array(items) => Claim::List(items.iter().map(Self::scalar).collect()),
            value => Self::scalar(value),
        })
    }

    /// The same, which nobody else has to keep.
    #[must_use]
    pub fn into_owned(self) -> Claim<'static> {
        match self {
            Claim::Text(text) => Claim::Text(text.into_owned().into()),
            Claim::Number(number) => Claim::Number(number),
            Claim::Boolean(value) => Claim::Boolean(value),
            Claim::List(items) => Claim::List(items.into_iter().map(Claim::into_owned).collect()),
            Claim::Other => Claim::Other,
            Claim::Unreadable => Claim::Unreadable,
        }
    }

    /// How many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        size_of::<Self>()
            + match self {
                Claim::Text(text) => text.len(),
                Claim::List(items) => items.iter().map(Self::size).sum(),
                _ => 0,
            }
    }

    fn scalar(value: &'a serde_json::Value) -> Self {
        match value {
            serde_json::Value::String(text) => Claim::Text(text.into()),
            serde_json::Value::Number(number) => number.as_f64().map_or(Claim::Other, Claim::Number),
            serde_json::Value::Bool(value) => Claim::Boolean(*value),
            _ => Claim::Other,
        }
    }
}
