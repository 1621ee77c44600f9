//! The variables that a root policy declares: names, types, values.

use super::values::Values;
use pointsman_document::{
    Definitions, Document, DocumentErrorKind, Map, Path, Read, Report, Value, did_you_mean, names, object,
};
use pointsman_source::{Finding, Part, Source};
use std::collections::BTreeMap;

/// The key of the section that declares them.
pub(super) const SECTION: &str = "variables";

object! {
    /// A value that each deployment of a policy can have of its own. Where it belongs, the policy says `${name}`.
    pub struct VariableSpec {
        /// What kind of value it is.
        "type" => kind: Kind,
        /// The value where nobody gives another. Without one, `--set` or `--values` has to.
        "default" => default: Option<Anything>,
        /// What it is for.
        "description" => description: Option<String>,
    }
}

names! {
    /// What kind of value a variable has.
    pub enum Kind {
        /// Text.
        String => "string",
        /// A number, whole or not.
        Number => "number",
        /// `true` or `false`.
        Boolean => "boolean",
        /// A list. Where it is the whole item of another list, its items take that place.
        List => "list",
        /// An object.
        Map => "map",
    }
}

/// Any value.
#[derive(Clone, Debug)]
pub(crate) struct Anything(Document);

impl Default for Anything {
    fn default() -> Self {
        Self(Document::Null)
    }
}

impl Read for Anything {
    fn read(document: &Document, _: &Path<'_>, _: &mut Report) -> Self {
        Self(document.clone())
    }

    fn schema(_: &mut Definitions) -> Value {
        Value::Object(serde_json::Map::new())
    }
}

impl Kind {
    /// Whether a value is of this kind, or a sentence.
    pub(super) fn of(self, value: &Document) -> Result<(), String> {
        let (expected, is_one) = match self {
            Self::String => ("a string", matches!(value, Document::String(_))),
            Self::Number => ("a number", matches!(value, Document::Number(_))),
            Self::Boolean => ("true or false", matches!(value, Document::Bool(_))),
            Self::List => ("a list", matches!(value, Document::Array(_))),
            Self::Map => ("an object", matches!(value, Document::Object(_))),
        };
        if is_one { Ok(()) } else { Err(wrong_kind(expected, value)) }
    }
}

pub(super) fn wrong_kind(expected: &'static str, value: &Document) -> String {
    DocumentErrorKind::WrongType { expected, found: value.kind() }.to_string()
}

/// Declared variables with what is known of their values.
#[derive(Debug, Default)]
pub(super) struct Variables(BTreeMap<String, (Kind, Option<Document>)>);

impl Variables {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn kind(&self, name: &str) -> Option<Kind> {
        self.0.get(name).map(|(kind, _)| *kind)
    }

    pub(super) fn give(&mut self, name: &str, value: Document) {
        if let Some((_, known)) = self.0.get_mut(name) {
            *known = Some(value);
        }
    }

    /// The value, or a sentence: nothing is known of it that is not declared and given.
    pub(super) fn value(&self, name: &str, report: &mut Report) -> Result<Option<&Document>, String> {
        match self.0.get(name) {
            Some((_, value)) => Ok(value.as_ref()),
            None => {
                let meant = report.suggest(name, self.names());
                Err(format!("no variable `{name}` in the root policy's `variables`{}", did_you_mean(&meant)))
            }
        }
    }
}

/// Whether `name` can be written as `${name}`.
pub(super) fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// What the root declares, with the values that it gets; nothing where it declares none. Text with `${` means itself then.
pub(super) fn of_root(root: &Source, values: &Values, findings: &mut Vec<Finding>) -> Option<Variables> {
    let Some(section) = root.document.get(SECTION) else {
        findings.extend(values.give(&mut Variables::default()));
        return None;
    };
    let (path, mut report) = (Path::Root, Report::default());
    let at = path.key(SECTION);
    let declared = Map::<String, VariableSpec>::read(section, &at, &mut report).0;
    let mut variables = Variables::default();
    for (name, spec) in declared {
        let at = at.key(&name);
        if !is_name(&name) {
            report.add(&at, "is no name of a variable: letters, digits, `-` and `_`, a letter first".into());
        }
        let default = spec.default.map(|default| default.0);
        if let Some(message) = default.as_ref().and_then(|default| spec.kind.of(default).err())
            && report.is_sound(&at, &["type"])
        {
            report.add(&at.key("default"), message.into());
        }
        variables.0.insert(name, (spec.kind, default));
    }
    let is_sound = report.is_empty();
    if let Err(errors) = report.finish(()) {
        findings.extend(root.findings(&errors));
    }
    findings.extend(values.give(&mut variables));
    for (name, _) in variables.0.iter().filter(|(_, (_, value))| value.is_none() && is_sound) {
        let message = format!("has no value: give it a `default`, or say `--set {name}=…`");
        findings.push(root.finding(&format!("{SECTION}.{name}"), Part::Key, &message));
    }
    Some(variables)
}
