//! From document to value: how each type is read, and what its JSON Schema is.

use super::document::Document;
use super::error::{PolicyErrorKind, Report};
use super::path::Path;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The largest whole number that JSON, YAML and a protobuf `Struct` all keep exactly.
pub(crate) const MAX_WHOLE: u64 = (1 << 53) - 1;

/// Schemas of objects by the name they are referred to.
pub(crate) type Definitions = BTreeMap<&'static str, Value>;

/// A type that operators write. Its default is the stand-in for a value that could not be read.
pub(crate) trait Read: Default {
    /// Reads the value; whatever is wrong with it goes to `report`.
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self;

    /// Its JSON Schema.
    fn schema(definitions: &mut Definitions) -> Value;

    /// What a field of this type is when it is not given; `None` if it must be.
    fn absent() -> Option<Self> {
        None
    }
}

/// The error of a value of the wrong type.
pub(crate) fn wrong_type<T: Default>(
    expected: &'static str,
    document: &Document,
    at: &Path<'_>,
    report: &mut Report,
) -> T {
    report.lose(at, PolicyErrorKind::WrongType { expected, found: document.kind() })
}

impl Read for bool {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        match document {
            Document::Bool(value) => *value,
            other => wrong_type("true or false", other, at, report),
        }
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "boolean" })
    }
}

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Whole<const MIN: u64, const MAX: u64>(pub(crate) u64);

impl<const MIN: u64, const MAX: u64> Read for Whole<MIN, MAX> {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        let Document::Number(number) = document else { return wrong_type("a whole number", document, at, report) };
        match (number.as_u64(), number.as_f64()) {
            (Some(whole), _) if (MIN..=MAX).contains(&whole) => Self(whole),
            // A protobuf `Struct` knows only doubles. The cast is exact below 2^53.
            (None, Some(double)) if double.fract() == 0.0 && (MIN as f64..=MAX as f64).contains(&double) => {
                Self(double as u64)
            }
            (None, Some(double)) if double.fract() != 0.0 => {
                report.lose(at, PolicyErrorKind::Invalid { value: number.to_string(), expected: "a whole number" })
            }
            _ => report.lose(at, PolicyErrorKind::OutOfRange { min: MIN, max: MAX }),
        }
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "integer", "minimum": MIN, "maximum": MAX })
    }
}

/// A price: a number that is not negative.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Price(pub(crate) f64);

impl Read for Price {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        let Document::Number(number) = document else { return wrong_type("a number", document, at, report) };
        match number.as_f64().filter(|price| price.is_finite() && *price >= 0.0) {
            Some(price) => Self(price),
            None => {
                report.lose(at, PolicyErrorKind::Invalid { value: number.to_string(), expected: "a price, 0 or more" })
            }
        }
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "number", "minimum": 0 })
    }
}

impl<T: Read> Read for Option<T> {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        Some(T::read(document, at, report))
    }

    fn schema(definitions: &mut Definitions) -> Value {
        T::schema(definitions)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

fn read_items<T: Read>(document: &Document, at: &Path<'_>, report: &mut Report) -> Vec<T> {
    match document {
        Document::Array(items) => {
            items.iter().enumerate().map(|(nth, item)| T::read(item, &at.index(nth), report)).collect()
        }
        other => wrong_type("a list", other, at, report),
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        read_items(document, at, report)
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({ "type": "array", "items": T::schema(definitions) })
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

/// A list that has at least one item.
#[derive(Clone, Debug)]
pub(crate) struct Some1<T>(pub(crate) Vec<T>);

impl<T> Default for Some1<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Read> Read for Some1<T> {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        if matches!(document, Document::Array(items) if items.is_empty()) {
            return report.lose(at, PolicyErrorKind::EmptyList);
        }
        Self(read_items(document, at, report))
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({ "type": "array", "items": T::schema(definitions), "minItems": 1 })
    }
}

/// An object with keys of the operator's choice.
#[derive(Clone, Debug)]
pub(crate) struct Map<K, V>(pub(crate) Vec<(K, V)>);

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Read, V: Read> Read for Map<K, V> {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        let Document::Object(members) = document else { return wrong_type("an object", document, at, report) };
        report_duplicates(members, at, report);
        let mut read = Vec::with_capacity(members.len());
        for (key, value) in members {
            let at = at.key(key);
            read.push((K::read(&Document::String(key.clone()), &at, report), V::read(value, &at, report)));
        }
        Self(read)
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({ "type": "object", "propertyNames": K::schema(definitions), "additionalProperties": V::schema(definitions) })
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }
}

/// The members of an object whose keys are known.
pub(crate) struct Members<'a> {
    members: &'a [(String, Document)],
    at: &'a Path<'a>,
}

impl<'a> Members<'a> {
    /// Opens an object; unknown and repeated keys are reported.
    pub(crate) fn open(
        document: &'a Document,
        at: &'a Path<'a>,
        keys: &[&'static str],
        report: &mut Report,
    ) -> Option<Self> {
        let Document::Object(members) = document else {
            let () = wrong_type("an object", document, at, report);
            return None;
        };
        report_duplicates(members, at, report);
        for (key, _) in members {
            if !keys.contains(&key.as_str()) {
                let suggestion = report.suggest(key, keys.iter().copied());
                report.add(&at.key(key), PolicyErrorKind::UnknownField { suggestion });
            }
        }
        Some(Self { members, at })
    }

    /// Reads a field, or its default where it is not given.
    pub(crate) fn field<T: Read>(&self, key: &'static str, default: Option<Document>, report: &mut Report) -> T {
        let at = self.at.key(key);
        match (self.get(key), default) {
            (Some(value), _) => T::read(value, &at, report),
            (None, Some(default)) => T::read(&default, &at, report),
            (None, None) => T::absent().unwrap_or_else(|| report.lose(&at, PolicyErrorKind::Missing)),
        }
    }

    /// Demands that exactly one of `fields` is given.
    pub(crate) fn exactly_one_of(&self, fields: &'static [&'static str], report: &mut Report) {
        if self.count(fields) != 1 {
            report.add(self.at, PolicyErrorKind::NotExactlyOne(fields));
        }
    }

    /// Demands that at least one of `fields` is given.
    pub(crate) fn at_least_one_of(&self, fields: &'static [&'static str], report: &mut Report) {
        if self.count(fields) == 0 {
            report.add(self.at, PolicyErrorKind::NoneOf(fields));
        }
    }

    fn count(&self, fields: &[&str]) -> usize {
        fields.iter().filter(|field| self.get(field).is_some()).count()
    }

    fn get(&self, key: &str) -> Option<&'a Document> {
        self.members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

fn report_duplicates(members: &[(String, Document)], at: &Path<'_>, report: &mut Report) {
    let mut seen = BTreeSet::new();
    for (key, _) in members {
        if !seen.insert(key) {
            report.add(&at.key(key), PolicyErrorKind::DuplicateField);
        }
    }
}

/// The value of a name.
pub(crate) fn choose<T: Copy + Default>(
    document: &Document,
    choices: &[(&'static str, T)],
    at: &Path<'_>,
    report: &mut Report,
) -> T {
    let Document::String(name) = document else { return wrong_type("a string", document, at, report) };
    match choices.iter().find(|(spelling, _)| spelling == name) {
        Some((_, value)) => *value,
        None => {
            let choices: Vec<_> = choices.iter().map(|(spelling, _)| *spelling).collect();
            let suggestion = report.suggest(name, choices.iter().copied());
            report.lose(at, PolicyErrorKind::UnknownValue { value: name.clone(), choices, suggestion })
        }
    }
}
