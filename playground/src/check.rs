//! What `pointsman check` says of a policy.

use pointsman_check::Finding;
use pointsman_check::findings::of_text;
use serde_json::{Value, json};

/// What findings call the text of the page. It has no name that ends in .json: JSON is YAML, too.
pub(crate) const POLICY: &str = "policy.yaml";

/// Every error and finding of a policy, each as `check --output json` has it, with what its code means; and its version, if it is
/// valid.
#[must_use]
pub fn check(policy: &str) -> Value {
    let (findings, file) = of_text(POLICY, policy);
    let version = file.map(|file| file.policy.version().to_owned());
    json!({ "version": version, "findings": findings.iter().map(finding).collect::<Value>() })
}

fn finding(finding: &Finding) -> Value {
    let mut value = finding.to_json();
    if let Some(object) = value.as_object_mut() {
        object.insert("explanation".to_owned(), finding.code.explanation().into());
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_its_line_and_field() {
        let answer = check("models:\n- name: a\n  clutser: c\n");
        assert_eq!(answer["version"], Value::Null);
        let errors: Vec<_> = answer["findings"].as_array().unwrap().iter().collect();
        assert!(errors.iter().all(|error| error["code"] == "P0001" && error["severity"] == "error"), "{answer:#}");
        let unknown = errors.iter().find(|error| error["field"] == "models[0].clutser").unwrap();
        assert_eq!((&unknown["line"], &unknown["column"]), (&json!(3), &json!(3)));
        assert!(unknown["message"].as_str().unwrap().contains("did you mean `cluster`"), "{unknown}");
    }

    #[test]
    fn a_valid_policy_has_a_version_and_its_findings_an_explanation() {
        let answer = check("models:\n- { name: a, cluster: c }\n- { name: b, cluster: c, apis: [] }\n");
        assert_eq!(answer["version"].as_str().unwrap().len(), 64);
        let found = answer["findings"].as_array().unwrap().iter().find(|found| found["code"] == "P0031").unwrap();
        assert_eq!((&found["line"], &found["severity"]), (&json!(3), &json!("warning")));
        assert!(found["explanation"].as_str().unwrap().starts_with("Its list `apis` is empty"));
    }

    #[test]
    fn one_error_does_not_hide_what_is_found_in_the_rest() {
        let rule = |name: &str| format!("- {{ name: {name}, route: {{ targets: [{{ model: a }}] }} }}\n");
        let (first, second) = (rule("first"), rule("second"));
        let answer =
            check(&format!("models: [{{ name: a, cluster: c }}]\nrules:\n- {{ name: wrong }}\n{first}{second}"));
        let codes: Vec<_> = answer["findings"].as_array().unwrap().iter().map(|found| &found["code"]).collect();
        assert!(codes.contains(&&json!("P0001")) && codes.contains(&&json!("P0010")), "{codes:?}");
    }

    #[test]
    fn variables_have_their_defaults_and_other_files_are_not_there() {
        let variables = "variables: { c: { type: string, default: x } }\nmodels: [{ name: a, cluster: '${c}' }]\n";
        assert!(check(variables)["version"].is_string());
        let answer = check("include: [other.yaml]\nmodels: [{ name: a, cluster: c }]\n");
        assert_eq!(answer["findings"].as_array().unwrap().len(), 1, "{answer:#}");
        assert_eq!((&answer["findings"][0]["line"], &answer["findings"][0]["field"]), (&json!(1), &json!("include")));
    }

    #[test]
    fn any_text_is_answered() {
        for text in ["", "\u{0}", "- - -", "{", "a: &a [*a]", "models: 1", &"[".repeat(5000), &"a: ".repeat(500)] {
            let answer = check(text);
            assert!(answer["version"].is_null() && answer["findings"][0]["code"] == "P0001", "{text}: {answer}");
        }
    }
}
