//! The JSON Schema of the policy document, built from the same declarations that read it.

use super::document::Document;
use super::read::{Definitions, Read};
use serde_json::{Map, Value, json};

/// The JSON Schema (draft 2020-12) of the policy document, for editors and for checks before the engine's own.
///
/// It knows the shape of a policy; only the engine knows whether the names in it exist.
pub fn schema() -> Value {
    let mut definitions = Definitions::new();
    let policy = super::spec::PolicySpec::schema(&mut definitions);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Pointsman policy",
        "$ref": policy.get("$ref"),
        "$defs": definitions,
    })
}

/// The schema of an object in the making.
pub(crate) struct Object {
    description: String,
    properties: Map<String, Value>,
    required: Vec<&'static str>,
    checks: Vec<Value>,
}

impl Object {
    pub(crate) fn new(doc: &str) -> Self {
        Self { description: sentence(doc), properties: Map::new(), required: Vec::new(), checks: Vec::new() }
    }

    pub(crate) fn field<T: Read>(&mut self, key: &'static str, doc: &str, default: Option<Document>, definitions: &mut Definitions) {
        let mut schema = T::schema(definitions);
        if let Value::Object(members) = &mut schema {
            members.insert("description".to_owned(), sentence(doc).into());
            if let Some(default) = &default {
                members.insert("default".to_owned(), serde_json::from_str(&default.canonical()).unwrap_or_default());
            }
        }
        if default.is_none() && T::absent().is_none() {
            self.required.push(key);
        }
        self.properties.insert(key.to_owned(), schema);
    }

    pub(crate) fn exactly_one_of(&mut self, fields: &[&str]) {
        self.checks.push(json!({ "oneOf": require_each(fields) }));
    }

    pub(crate) fn at_least_one_of(&mut self, fields: &[&str]) {
        self.checks.push(json!({ "anyOf": require_each(fields) }));
    }

    /// Files the schema under `name` and returns a reference to it.
    pub(crate) fn define(self, name: &'static str, definitions: &mut Definitions) -> Value {
        let name = name.strip_suffix("Spec").unwrap_or(name);
        let mut schema = json!({
            "type": "object",
            "description": self.description,
            "additionalProperties": false,
            "properties": self.properties,
        });
        if let Value::Object(members) = &mut schema {
            if !self.required.is_empty() {
                members.insert("required".to_owned(), self.required.into());
            }
            for check in self.checks {
                members.extend(check.as_object().cloned().unwrap_or_default());
            }
        }
        definitions.insert(name, schema);
        json!({ "$ref": format!("#/$defs/{name}") })
    }
}

fn require_each(fields: &[&str]) -> Vec<Value> {
    fields.iter().map(|field| json!({ "required": [field] })).collect()
}

/// A doc comment as one line of text.
fn sentence(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}
