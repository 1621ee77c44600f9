//! The JSON Schema of a document, put together from what its declarations say.

use crate::document::Document;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Schemas of objects by the name they are referred to.
pub type Definitions = BTreeMap<&'static str, Value>;

/// The JSON Schema (draft 2020-12) of a whole document: `root` refers to one of the definitions.
pub fn whole(title: &str, root: &Value, definitions: &Definitions) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "$ref": root.get("$ref"),
        "$defs": definitions,
    })
}

/// The schema of a value that is one of several names.
pub fn choices(names: &[&str]) -> Value {
    json!({ "enum": names })
}

/// The schema of a text.
pub fn text(pattern: &str, longest: usize) -> Value {
    json!({ "type": "string", "pattern": pattern, "maxLength": longest })
}

/// The schema of an object in the making.
#[derive(Debug)]
pub struct Object {
    description: String,
    properties: Map<String, Value>,
    required: Vec<&'static str>,
    checks: Vec<Value>,
}

/// A field of an object, as its declaration has it.
#[derive(Debug)]
pub struct Field<'a> {
    /// Its name.
    pub key: &'static str,
    /// Its doc comment.
    pub doc: &'a str,
    /// What it is when it is not given.
    pub default: Option<Document>,
    /// Whether it must be given.
    pub is_required: bool,
    /// The schema of its value.
    pub value: Value,
}

impl Object {
    /// An object without fields.
    pub fn new(doc: &str) -> Self {
        Self { description: sentence(doc), properties: Map::new(), required: Vec::new(), checks: Vec::new() }
    }

    /// Adds a field.
    pub fn field(&mut self, field: Field<'_>) {
        let mut schema = field.value;
        if let Value::Object(members) = &mut schema {
            members.insert("description".to_owned(), sentence(field.doc).into());
            if let Some(default) = &field.default {
                members.insert("default".to_owned(), serde_json::from_str(&default.canonical()).unwrap_or_default());
            }
        }
        if field.is_required {
            self.required.push(field.key);
        }
        self.properties.insert(field.key.to_owned(), schema);
    }

    /// Demands that each of `fields` is given.
    pub fn required(&mut self, fields: &[&'static str]) {
        self.required.extend(fields);
    }

    /// Demands that exactly one of `fields` is given.
    pub fn exactly_one_of(&mut self, fields: &[&str]) {
        self.checks.push(json!({ "oneOf": require_each(fields) }));
    }

    /// Demands that at least one of `fields` is given.
    pub fn at_least_one_of(&mut self, fields: &[&str]) {
        self.checks.push(json!({ "anyOf": require_each(fields) }));
    }

    /// Files the schema under `name` and returns a reference to it.
    pub fn define(self, name: &'static str, definitions: &mut Definitions) -> Value {
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
        // Two types of one name would leave one of them without a schema of its own.
        debug_assert!(definitions.get(name).is_none_or(|known| *known == schema), "two objects are called `{name}`");
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
