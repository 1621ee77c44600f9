//! The JSON Schema of the policy document, built from the same declarations that read it.

use super::spec::PolicySpec;
use pointsman_document::schema_of;
use serde_json::Value;

/// The JSON Schema (draft 2020-12) of the policy document, for editors and for checks before the engine's own.
///
/// It knows the shape of a policy; only the engine knows whether the names in it exist.
pub fn schema() -> Value {
    schema_of::<PolicySpec>("Pointsman policy")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use jsonschema::Validator;

    const PUBLISHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/policy.schema.json");

    /// The chart has a copy: Helm reads nothing outside it.
    const IN_THE_CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../envoy/helm/pointsman/policy.schema.json");

    #[test]
    fn the_published_schema_is_this_one() {
        let text = format!("{:#}\n", schema());
        for file in [PUBLISHED, IN_THE_CHART] {
            if std::env::var_os("UPDATE_SCHEMA").is_some() {
                std::fs::write(file, &text).expect("a writable schema folder");
            }
            let published = std::fs::read_to_string(file).unwrap_or_default();
            assert!(published == text, "{file} is out of date; run the tests with UPDATE_SCHEMA=1");
        }
    }

    #[test]
    fn the_schema_is_one() {
        assert!(jsonschema::meta::is_valid(&schema()));
    }

    /// What the engine makes of a policy's shape, the schema must make of it too.
    fn check(validator: &Validator, part: &str, is_valid: bool) {
        let json = format!(r#"{{"models": [{{"name": "m", "cluster": "c", "labels": {{"region": "eu"}}}}], {part}}}"#);
        let json = if part.starts_with(r#""models""#) { format!("{{{part}}}") } else { json };
        let engine = Policy::from_json(json.as_bytes());
        assert_eq!(engine.is_ok(), is_valid, "engine on {part}: {engine:?}");
        let document = serde_json::from_str(&json).expect("valid JSON");
        let errors: Vec<_> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
        assert_eq!(errors.is_empty(), is_valid, "schema on {part}: {errors:?}");
    }

    #[test]
    fn it_takes_what_the_engine_takes_and_nothing_else() {
        let validator = jsonschema::validator_for(&schema()).expect("a schema");
        let check = |part, is_valid| check(&validator, part, is_valid);
        check(r#""rules": []"#, true);
        check(r#""rulez": []"#, false);
        check(r#""models": []"#, false);
        check(
            r#""models": [{"name": "a b", "cluster": "outbound|443||x", "contextWindow": 2.0, "cost": {"inputPerMillion": 0.5}}]"#,
            true,
        );
        check(r#""models": [{"name": "m", "cluster": ""}]"#, false);
        check(r#""models": [{"name": "m*", "cluster": "c"}]"#, false);
        check(r#""models": [{"name": "m ", "cluster": "c"}]"#, false);
        check(r#""models": [{"name": "m", "cluster": "c", "upstreamModel": "a\nb"}]"#, false);
        check(r#""models": [{"name": "m", "cluster": "c", "apis": ["messages"], "capabilities": []}]"#, true);
        check(r#""models": [{"name": "m", "cluster": "c", "apis": ["gemini"]}]"#, true);
        check(r#""models": [{"name": "m", "cluster": "c", "apis": ["azureOpenai"]}]"#, false);
        check(r#""models": [{"name": "m", "cluster": "c", "contextWindow": 0}]"#, false);
        check(r#""models": [{"name": "m", "cluster": "c", "labels": {"a b": "x"}}]"#, false);
        check(r#""models": [{"name": "m", "cluster": "c", "path": {"prefix": "/openai", "query": "a=b"}}]"#, true);
        check(r#""models": [{"name": "m", "cluster": "c", "path": {"value": "/openai"}}]"#, false);
        check(r#""visibility": {"allowedModels": true}"#, true);
        check(r#""aliases": [{"name": "claude-*", "model": "m"}, {"name": "auto"}]"#, true);
        check(r#""tenants": [{"name": "t", "match": {}}]"#, false);
        check(
            r#""tenants": [{"name": "t", "match": {"principals": ["spiffe://*"]}, "models": {"require": {"region": "eu"}}}]"#,
            true,
        );
        check(
            r#""tenants": [{"name": "t", "match": {"claims": [{"name": "org", "value": "a", "values": ["b"]}]}}]"#,
            false,
        );
        check(r#""rules": [{"name": "r"}]"#, false);
        check(r#""rules": [{"name": "r", "deny": {}, "route": {"targets": [{"model": "m"}]}}]"#, false);
        check(r#""rules": [{"name": "r", "deny": {"status": 399}}]"#, false);
        check(r#""rules": [{"name": "r", "deny": {"status": 429, "message": "später"}}]"#, true);
        check(r#""rules": [{"name": "r", "match": {"messages": {}}, "deny": {}}]"#, false);
        check(r#""rules": [{"name": "r", "match": {"keywords": ["ünder"], "stream": false}, "deny": {}}]"#, true);
        check(r#""rules": [{"name": "r", "match": {"keywords": ["--"]}, "deny": {}}]"#, false);
        check(
            r#""rules": [{"name": "r", "match": {"headers": [{"name": "X-A", "type": "Prefix", "value": ""}]}, "deny": {}}]"#,
            true,
        );
        check(
            r#""rules": [{"name": "r", "match": {"headers": [{"name": "X-Pointsman-A", "value": "a"}]}, "deny": {}}]"#,
            false,
        );
        check(r#""rules": [{"name": "r", "match": {"headers": [{"name": "a", "value": "a "}]}, "deny": {}}]"#, false);
        check(
            r#""rules": [{"name": "r", "match": {"paths": [{"type": "Prefix", "value": "/a/"}]}, "deny": {}}]"#,
            true,
        );
        check(r#""rules": [{"name": "r", "match": {"paths": [{"value": "/a?b"}]}, "deny": {}}]"#, false);
        check(r#""onFailure": {"unknownModel": {"model": "m"}, "noCandidate": "deny", "oversize": "pass"}"#, true);
        check(r#""onFailure": {"unknownModel": "pass"}"#, false);
        check(r#""pathPrefixes": ["/a/b.c", "/openai"]"#, true);
        check(r#""pathPrefixes": ["/a/"]"#, false);
        check(r#""pathPrefixes": ["/a/.."]"#, false);
        check(r#""limits": {"maxDepth": 7}"#, false);
        check(r#""visibility": {"responseHeaders": "yes"}"#, false);
    }

    #[test]
    fn every_field_is_described_and_every_default_fits() {
        let schema = schema();
        let definitions = schema.get("$defs").and_then(Value::as_object).expect("definitions");
        for (name, definition) in definitions {
            assert!(definition.get("description").is_some(), "{name}");
            for (key, property) in definition.get("properties").and_then(Value::as_object).into_iter().flatten() {
                assert!(
                    property.get("description").and_then(Value::as_str).is_some_and(|text| text.ends_with('.')),
                    "{name}.{key}"
                );
                if let Some(default) = property.get("default") {
                    let mut alone = property.clone();
                    alone.as_object_mut().expect("a schema").insert("$defs".into(), definitions.clone().into());
                    assert!(jsonschema::is_valid(&alone, default), "{name}.{key}");
                }
            }
        }
    }
}
