//! What becomes of fields of the body in requests to a model.

use super::api_name::RoutableApi;
use super::error::{PolicyErrorKind, Report};
use super::text::BodyField;
use crate::api::{Api, ApiSet};
use crate::json::Numeral;
use crate::naming;
use crate::request::members::Watched;
use crate::request::session::FieldPath;
use crate::rewrite::asking;
use pointsman_document::{Definitions, Document, MAX_WHOLE, Map, Path, Read, Whole, object, wrong_type};
use serde_json::{Value, json};
use std::sync::Arc;

/// More fields than any API has settings, and few enough to be looked up for every key.
const MOST: usize = 64;

/// The longest default, as JSON.
const LONGEST: usize = 4096;

object! {
    /// What becomes of a field of the body.
    pub(crate) struct ParameterSpec {
        /// Whether it is taken out.
        "drop" => drop: bool = false,
        /// What it is called at this model; what is said of the new name holds for it, too. Where the client sends the new
        /// name as well, that one stays, and the old one goes.
        "rename" => rename: Option<BodyField>,
        /// The largest number. More, less than 0 and what is no number become this.
        "cap" => cap: Option<Whole<0, MAX_WHOLE>>,
        /// What is sent where the client does not say, or says `null`.
        "default" => default: Option<Literal>,
        /// In calls of which APIs. Default: of those that generate text.
        "apis" => apis: Option<Vec<RoutableApi>>,
    }
    at_least_one_of("drop", "rename", "cap", "default");
}

/// Any value but `null`, as JSON.
#[derive(Clone, Debug, Default)]
pub(crate) struct Literal(String);

impl Read for Literal {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        if let Document::Null = document {
            return wrong_type("a value", document, at, report);
        }
        let json = document.canonical();
        if json.len() > LONGEST {
            return report.lose(at, "a default has at most 4096 bytes".into());
        }
        Self(json)
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": ["string", "number", "boolean", "array", "object"] })
    }
}

/// A field of the body, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    pub(crate) path: FieldPath,
    pub(crate) becomes: Becomes,
    pub(crate) apis: ApiSet,
}

/// What becomes of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Becomes {
    Nothing,
    Renamed(FieldPath),
    Bound { cap: Option<u64>, default: Option<String> },
}

/// Reads what a model says of its parameters.
#[inline(never)]
pub(super) fn compile(specs: Map<BodyField, ParameterSpec>, at: &Path<'_>, report: &mut Report) -> Vec<Parameter> {
    let mut parameters: Vec<Parameter> = Vec::with_capacity(specs.0.len());
    if specs.0.len() > MOST {
        report.add(at, PolicyErrorKind::TooMany { max: MOST });
    }
    for (field, spec) in specs.0 {
        if !field.0.is_empty() {
            parameters.push(spec.compile(&field, &at.key(&field.0), report));
        }
    }
    for parameter in &parameters {
        let name = written(&parameter.path);
        let at = at.key(&name);
        if let Becomes::Renamed(to) = &parameter.becomes
            && parameters.iter().any(|other| other.path == *to && !matches!(other.becomes, Becomes::Bound { .. }))
        {
            report.add(&at.key("rename"), "the new name is dropped or renamed itself".into());
        }
        let is_outer = |other: &&Parameter| other.path.inner.is_none() && other.path.key == parameter.path.key;
        if parameter.path.inner.is_some()
            && parameters.iter().find(is_outer).is_some_and(|outer| !matches!(outer.becomes, Becomes::Bound { .. }))
        {
            report.add(&at, "the object that it stands in is dropped or renamed".into());
        }
    }
    parameters
}

impl ParameterSpec {
    #[inline(never)]
    fn compile(self, field: &BodyField, at: &Path<'_>, report: &mut Report) -> Parameter {
        let path = field.path();
        let names_model = |path: &FieldPath| path.key == "model" || naming::keys().contains(&path.key.as_str());
        if names_model(&path) {
            report.add(at, "it names a model, a provider or a server".into());
        }
        let is_bound = self.cap.is_some() || self.default.is_some();
        if self.drop && (is_bound || self.rename.is_some()) {
            report.add(at, "what is dropped has no name, cap or default".into());
        } else if self.rename.is_some() && is_bound {
            report.add(&at.key("rename"), "its cap and default belong to the new name".into());
        }
        if let (Some(cap), Some(default)) = (&self.cap, &self.default)
            && match Numeral::of_text(default.0.as_bytes()) {
                Some(Numeral::Whole(default)) => default > cap.0,
                Some(Numeral::Fraction(below)) => below >= cap.0,
                Some(Numeral::Other) => true,
                Some(Numeral::Negative) | None => false,
            }
        {
            report.add(&at.key("default"), "it is above the cap".into());
        }
        let becomes = match self.rename {
            _ if self.drop => Becomes::Nothing,
            Some(to) => {
                let to = to.path();
                if (to.inner.is_some() != path.inner.is_some()) || (to.inner.is_some() && to.key != path.key) {
                    report.add(&at.key("rename"), "a field stays in its object".into());
                } else if to.inner.is_none() && (names_model(&to) || crate::request::is_read(&to.key)) {
                    report.add(&at.key("rename"), "rules read what stands there".into());
                }
                Becomes::Renamed(to)
            }
            None => Becomes::Bound { cap: self.cap.map(|cap| cap.0), default: self.default.map(|default| default.0) },
        };
        let apis = match self.apis {
            Some(apis) => apis.into_iter().map(|api| api.0).collect(),
            None => Api::GENERATING.iter().copied().filter(|api| !api.only_counts()).collect(),
        };
        Parameter { path, becomes, apis }
    }
}

/// A field as operators write it.
pub(crate) fn written(path: &FieldPath) -> String {
    match &path.inner {
        None => path.key.clone(),
        Some(inner) => format!("{}.{inner}", path.key),
    }
}

/// All fields that models say something of, each once.
#[inline(never)]
pub(super) fn watched<'a>(parameters: impl Iterator<Item = &'a Parameter>) -> Vec<Watched> {
    let mut all: Vec<Watched> = Vec::new();
    for parameter in parameters {
        let to = if let Becomes::Renamed(to) = &parameter.becomes { Some(to) } else { None };
        for path in std::iter::once(&parameter.path).chain(to) {
            if !all.iter().any(|known| known.path == *path) {
                all.push(Watched::new(path.clone()));
            }
        }
    }
    all
}

/// The same, and those in which clients ask for what a stream took.
#[inline(never)]
pub(super) fn with_usage(watched: &[Watched]) -> Arc<[Watched]> {
    let more = [asking::stream(), asking::include_usage()].map(Watched::new);
    let is_new = |field: &Watched| !watched.iter().any(|known| known.path == field.path);
    watched.iter().cloned().chain(more.into_iter().filter(is_new)).collect()
}

#[cfg(test)]
mod tests {
    use crate::policy::testing::{check, valid};

    fn check_parameters(parameters: &str, expected: &[&str]) {
        let expected: Vec<String> = expected.iter().map(|error| format!("models[0].parameters.{error}")).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&format!(r#""models": [{{"name": "a", "cluster": "c", "parameters": {parameters}}}]"#), &expected);
    }

    #[test]
    fn a_field_is_dropped_renamed_or_bound() {
        check_parameters(
            r#"{
                "temperature": {"drop": true},
                "max_tokens": {"rename": "max_completion_tokens"},
                "max_completion_tokens": {"cap": 8192, "default": 4096},
                "options.num_predict": {"cap": 10},
                "stop": {"default": ["a", {"b": null}]},
                "dimensions": {"default": 1, "apis": ["embeddings"]}
            }"#,
            &[],
        );
        check_parameters(
            r#"{
                "a": {"drop": true, "cap": 1},
                "b": {"rename": "c", "default": 1},
                "d": {"cap": 1, "default": 2},
                "e": {"default": null},
                "f": {}
            }"#,
            &[
                "e.default: expected a value, found nothing",
                "f: needs at least one of `drop`, `rename`, `cap`, `default`",
                "a: what is dropped has no name, cap or default",
                "b.rename: its cap and default belong to the new name",
                "d.default: it is above the cap",
            ],
        );
    }

    #[test]
    fn names_lead_to_one_place() {
        check_parameters(
            r#"{
                "a": {"rename": "b"}, "b": {"rename": "c"},
                "d": {"rename": "d.e"}, "f.g": {"rename": "h.g"}, "f.i": {"rename": "f.j"},
                "k.l": {"cap": 1}, "k": {"drop": true}
            }"#,
            &[
                "d.rename: a field stays in its object",
                "f.g.rename: a field stays in its object",
                "a.rename: the new name is dropped or renamed itself",
                "k.l: the object that it stands in is dropped or renamed",
            ],
        );
    }

    #[test]
    fn nothing_becomes_a_model_or_what_rules_read() {
        check_parameters(
            r#"{"model": {"drop": true}, "fallbacks": {"default": ["x"]}, "a": {"rename": "model"}, "b": {"rename": "messages"}, "c": {"rename": "models"}}"#,
            &[
                "model: it names a model, a provider or a server",
                "fallbacks: it names a model, a provider or a server",
                "a.rename: rules read what stands there",
                "b.rename: rules read what stands there",
                "c.rename: rules read what stands there",
                "a.rename: the new name is dropped or renamed itself",
            ],
        );
    }

    #[test]
    fn every_name_is_watched_once() {
        let policy = valid(
            r#""models": [
                {"name": "a", "cluster": "c", "parameters": {"x": {"rename": "y"}, "y": {"cap": 1}}},
                {"name": "b", "cluster": "c", "parameters": {"y": {"drop": true}, "o.p": {"drop": true}}}
            ]"#,
        );
        let names: Vec<String> = policy
            .watched_in(crate::api::Api::ChatCompletions)
            .iter()
            .map(|watched| super::written(&watched.path))
            .collect();
        assert_eq!(names, ["x", "y", "o.p"]);
        assert!(valid("").watched_in(crate::api::Api::ChatCompletions).is_empty());
    }
}
