//! The JSON Schema of one file of a policy, for editors: the engine's, with what only files have.

use super::include::{self, Entry};
use super::variables::{self, VariableSpec};
use pointsman_document::{Definitions, Map, Read, Value};
use serde_json::json;

/// What the definition of a text with a variable in it is called.
const VARIABLE: &str = "Substitution";

/// The schema of a file of a policy: nothing is required, since another file may say it, and a variable may stand for any value.
pub fn schema() -> Value {
    let mut whole = pointsman_engine::policy::schema();
    let mut definitions = Definitions::new();
    let own = [
        (
            include::SECTION,
            "More files, from this one: `a.yaml`, `teams/*.yaml`, and with `tenants` those that only speak of them.",
            Vec::<Entry>::schema(&mut definitions),
        ),
        (
            variables::SECTION,
            "Values that `--set` and `--values` can give, for `${name}` in all files. In the root policy alone.",
            Map::<String, VariableSpec>::schema(&mut definitions),
        ),
    ];
    if let Some(known) = whole.get_mut("$defs").and_then(Value::as_object_mut) {
        known.values_mut().for_each(admit);
        if let Some(policy) = known.get_mut("Policy").and_then(Value::as_object_mut) {
            policy.remove("required");
            if let Some(properties) = policy.get_mut("properties").and_then(Value::as_object_mut) {
                for (key, description, mut section) in own {
                    set(&mut section, "description", description.into());
                    properties.insert(key.to_owned(), section);
                }
            }
        }
        known.extend(definitions.into_iter().map(|(name, schema)| (name.to_owned(), schema)));
        let pattern = r"\$\{[A-Za-z][A-Za-z0-9_-]{0,63}\}";
        let description = "`${name}` of a variable that the root policy declares.";
        let variable = json!({ "type": "string", "pattern": pattern, "description": description });
        known.insert(VARIABLE.to_owned(), variable);
    }
    set(&mut whole, "title", "Pointsman policy file".into());
    whole
}

fn set(schema: &mut Value, key: &str, value: Value) {
    if let Some(schema) = schema.as_object_mut() {
        schema.insert(key.to_owned(), value);
    }
}

/// Admits a variable wherever a value of this schema has a value.
fn admit(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else { return };
    if let Some(properties) = members.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(or_variable);
    }
    for key in ["items", "additionalProperties"] {
        members.get_mut(key).filter(|value| value.is_object()).map(or_variable);
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        members.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten().for_each(admit);
    }
}

/// The value itself or a variable; what editors show of it stays on top.
fn or_variable(schema: &mut Value) {
    admit(schema);
    let mut value = schema.take();
    let shown: Vec<_> =
        ["description", "default"].iter().filter_map(|key| Some((*key, value.get(*key)?.clone()))).collect();
    if let Some(value) = value.as_object_mut() {
        value.retain(|key, _| !shown.iter().any(|(shown, _)| shown == key));
    }
    *schema = json!({ "anyOf": [value, { "$ref": format!("#/$defs/{VARIABLE}") }] });
    shown.into_iter().for_each(|(key, value)| set(schema, key, value));
}

#[cfg(test)]
mod tests {
    use super::*;
    use pointsman_source::{Format, Source};

    const PUBLISHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/policy-file.schema.json");

    #[test]
    fn the_published_schema_is_this_one() {
        let text = format!("{:#}\n", schema());
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(PUBLISHED, &text).unwrap();
        }
        let published = std::fs::read_to_string(PUBLISHED).unwrap_or_default();
        assert!(published == text, "schema/policy-file.schema.json is out of date; run the tests with UPDATE_SCHEMA=1");
        assert!(jsonschema::meta::is_valid(&schema()));
    }

    #[test]
    fn it_takes_files_and_refuses_what_no_file_can_say() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let check = |yaml: &str, is_valid: bool| {
            let document = Source::parse("f", yaml, Format::Yaml).unwrap().document;
            let errors: Vec<_> = validator
                .iter_errors(&serde_json::to_value(&document).unwrap())
                .map(|error| error.to_string())
                .collect();
            assert_eq!(errors.is_empty(), is_valid, "{yaml}: {errors:?}");
        };
        check("include: [a.yaml, { files: 'teams/*.yaml', tenants: [search] }]", true);
        check("include: [{ files: a.yaml }]", false);
        check("include: [{ files: a.yaml, tenants: [] }]", false);
        check("include: a.yaml", false);
        check("variables: { a: { type: number, default: 5 }, b: { type: list } }", true);
        check("variables: { a: { type: integer } }", false);
        check("variables: { a: { default: 5 } }", false);
        check("rules: [{ name: r, match: { tenants: [t] }, deny: { status: '${status}' } }]", true);
        check("rules: [{ name: r, match: { tenants: [t] }, deny: { status: teapot } }]", false);
        check("models: [{ name: m, cluster: 'a-${x}', cost: '${cost}', contextWindow: '${window}' }, '${more}']", true);
        check("models: [{ name: m, cluster: c, contextWindow: 'many' }]", false);
        check("models: [{ name: m, cluster: c, labels: { region: '${region}' } }]", true);
        check("rules: '${rules}'", true);
        check("rulez: []", false);
    }
}
