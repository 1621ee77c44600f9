//! Variables of a policy.

use crate::program::{folder, pointsman, without};
use std::path::{Path, PathBuf};

const POLICY: &str = r#"variables:
  small: { type: string, default: mini }
  region: { type: string }
  euModels: { type: list, default: [mini, large] }
  percent: { type: number, default: 12.5 }
  tells: { type: boolean, default: false }
  cost: { type: map, default: { inputPerMillion: 0.1 } }
models:
- { name: mini, cluster: "${region}-a", cost: "${cost}" }
- { name: large, cluster: "b-${region}", upstreamModel: "$${region}" }
- { name: other, cluster: b }
rules:
- name: r
  match: { models: [other, "${euModels}"] }
  route: { targets: [{ model: "${small}" }], rollout: { model: large, percent: "${percent}" } }
visibility: { responseHeaders: "${tells}" }
"#;

fn policy(test: &str, text: &str) -> PathBuf {
    folder(test, &[("policy.yaml", text), ("values.yaml", "region: eu\nsmall: other\n")])
}

fn run(folder: &Path, command: &str, more: &[&str]) -> (Option<i32>, String) {
    let policy = folder.join("policy.yaml");
    let outcome = pointsman(&[&[command, policy.to_str().unwrap()], more].concat());
    (outcome.code, without(folder, &(outcome.stdout + &outcome.stderr)))
}

#[test]
fn values_stand_where_they_are_named() {
    let folder = policy("variables", POLICY);
    let (code, text) = run(&folder, "bundle", &["--set", "region=eu"]);
    assert_eq!(
        (code, text.as_str()),
        (
            Some(0),
            r#"models:
- { name: mini, cluster: eu-a, cost: { inputPerMillion: 0.1 } }
- { name: large, cluster: b-eu, upstreamModel: "${region}" }
- { name: other, cluster: b }
rules:
- name: r
  match: { models: [other, mini, large] }
  route: { targets: [{ model: mini }], rollout: { model: large, percent: 12.5 } }
visibility: { responseHeaders: false }
"#
        )
    );
    let values = folder.join("values.yaml");
    let from = |more: &[&str]| run(&folder, "bundle", &[&["--values", values.to_str().unwrap()], more].concat()).1;
    assert!(from(&[]).contains("cluster: eu-a") && from(&[]).contains("targets: [{ model: other }]"));
    // What is said last is meant, and what is said as an option before all files.
    let set =
        from(&["--set", "small=large", "--set", "percent=0.01", "--set", "euModels=[mini]", "--set", "tells=true"]);
    for part in ["targets: [{ model: large }]", "percent: 0.01 }", "models: [other, mini] }", "responseHeaders: true"] {
        assert!(set.contains(part), "{set}");
    }
}

#[test]
fn what_is_put_in_is_not_looked_at_again() {
    let folder = policy("variables-again", POLICY);
    let (code, text) = run(&folder, "bundle", &["--set", "region=${small}"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(r#"cluster: "${small}-a""#), "{text}");
}

#[test]
fn what_is_wrong_with_values_is_said_where_it_is() {
    let folder = policy("variables-values", POLICY);
    let values = folder.join("values.yaml");
    let check = |file: &str, more: &[&str], expected: &[&str]| {
        std::fs::write(&values, file).unwrap();
        let (code, text) = run(&folder, "check", &[&["--values", values.to_str().unwrap()], more].concat());
        let lines: Vec<_> = text.lines().filter(|line| !line.ends_with("error") && !line.ends_with("errors")).collect();
        assert_eq!((code, lines.as_slice()), (Some(1), expected));
    };
    check(
        "{}",
        &[],
        &["policy.yaml:3:3: variables.region: has no value: give it a `default`, or say `--set region=…`"],
    );
    check(
        "regoin: eu\nregion: 5\npercent: '1'\n",
        &["--set", "tells=yes", "--set", "smal=x", "--set", "euModels=a", "--set", "cost=[]"],
        &[
            "policy.yaml:3:3: variables.region: has no value: give it a `default`, or say `--set region=…`",
            "values.yaml:1:1: regoin: the policy has no variable of this name; did you mean `region`?",
            "values.yaml:2:9: region: expected a string, found a number",
            "values.yaml:3:10: percent: expected a number, found a string",
            "--set: tells: expected true or false, found a string",
            "--set: smal: the policy has no variable of this name; did you mean `small`?",
            "--set: euModels: expected a list, found a string",
            "--set: cost: expected an object, found a list",
        ],
    );
    check("[region]", &["--set", "region=eu"], &["values.yaml:1:1: expected an object, found a list"]);
    check("region: eu\nregion: us\n", &[], &["values.yaml:2:1: region: duplicate field"]);
}

fn refused(test: &str, text: &str, expected: &[&str]) {
    let (code, said) = run(&policy(test, text), "check", &[]);
    let lines: Vec<_> = said.lines().filter(|line| !line.ends_with("error") && !line.ends_with("errors")).collect();
    assert_eq!((code, lines.as_slice()), (Some(1), expected), "{text}");
}

const MODELS: &str = "models: [{ name: m, cluster: c }]\n";

#[test]
fn what_is_wrong_with_a_declaration_is_said_where_it_is() {
    let check = |text: &str, expected: &[&str]| refused("variables-declared", &format!("{MODELS}{text}"), expected);
    check(
        "variables: { a: { type: strin, default: x } }\n",
        &["policy.yaml:2:25: variables.a.type: unknown value `strin`; did you mean `string`?"],
    );
    check("variables: { a: { default: x } }\n", &["policy.yaml:2:17: variables.a.type: is required"]);
    check(
        "variables: { a: { type: number, default: '1' } }\n",
        &["policy.yaml:2:42: variables.a.default: expected a number, found a string"],
    );
    check(
        "variables: { a: { type: list, default: null } }\n",
        &["policy.yaml:2:40: variables.a.default: expected a list, found nothing"],
    );
    check(
        "variables: { 1a: { type: string, default: x } }\n",
        &["policy.yaml:2:18: variables.1a: is no name of a variable: letters, digits, `-` and `_`, a letter first"],
    );
    check("variables: []\n", &["policy.yaml:2:12: variables: expected an object, found a list"]);
}

#[test]
fn what_is_wrong_with_a_use_is_said_where_it_is() {
    let check = |text: &str, expected: &[&str]| {
        let declared = "variables: { small: { type: string, default: m }, n: { type: number, default: 1 } }\n";
        refused("variables-used", &format!("{MODELS}{declared}{text}"), expected);
    };
    check(
        "aliases: [{ name: a, model: \"${smal}\" }]\n",
        &[
            "policy.yaml:3:29: aliases[0].model: no variable `smal` in the root policy's `variables`; did you mean `small`?",
        ],
    );
    check(
        "aliases: [{ name: a, model: \"${n}\" }]\n",
        &["policy.yaml:3:29: aliases[0].model: expected a string, found a number"],
    );
    check(
        "aliases: [{ name: \"a-${n}\", model: m }]\n",
        &["policy.yaml:3:19: aliases[0].name: `n` is a number, and within a text only a string can stand"],
    );
    check(
        "aliases: [{ name: \"${small\", model: m }]\n",
        &[
            "policy.yaml:3:19: aliases[0].name: `${` begins a variable, as in `${name}`; for the text itself, write `$${`",
        ],
    );
    check("\"${small}\": 1\n", &["policy.yaml:3:1: ${small}: unknown field"]);
    check(
        "aliases: [{ name: a, model: \"${small}x\" }]\n",
        &["policy.yaml:3:29: aliases[0].model: no model `mx` in the catalog; did you mean `m`?"],
    );
}

#[test]
fn without_declarations_a_dollar_is_a_dollar() {
    let folder = policy("variables-none", "models: [{ name: m, cluster: \"${x}\", upstreamModel: \"$${\" }]\n");
    let (code, text) = run(&folder, "bundle", &[]);
    assert_eq!((code, text.as_str()), (Some(0), "models: [{ name: m, cluster: \"${x}\", upstreamModel: \"$${\" }]\n"));
    let (code, text) = run(&folder, "check", &["--set", "x=1"]);
    assert_eq!((code, text.as_str()), (Some(1), "--set: x: the policy declares no `variables`\n1 error\n"));
}

#[test]
fn a_few_values_make_no_flood() {
    let list = "x,".repeat(10_000);
    let uses = "\"${l}\",".repeat(10_000);
    let text = format!("variables: {{ l: {{ type: list, default: [{list}] }} }}\n{MODELS}aliases: [{uses}]\n");
    let (code, said) = run(&policy("variables-flood", &text), "check", &[]);
    assert_eq!(code, Some(1));
    assert!(said.contains("the values of variables make the policy too large"), "{}", &said[..200]);
}

#[test]
fn all_files_know_them_and_the_root_alone_declares_them() {
    let files = [
        (
            "policy.yaml",
            "variables: { small: { type: string, default: m } }\ninclude: [{ files: t.yaml, tenants: [t] }, p.yaml]\nmodels: [{ name: m, cluster: c }]\ntenants: [{ name: t, match: { principals: ['spiffe://x'] } }]\n",
        ),
        ("t.yaml", "rules: [{ name: r, match: { tenants: [t] }, route: { targets: [{ model: \"${small}\" }] } }]\n"),
        ("p.yaml", "rules: []\n"),
    ];
    let at = folder("variables-files", &files);
    assert_eq!(run(&at, "check", &[]).0, Some(0), "{}", run(&at, "check", &[]).1);
    let set = run(&at, "check", &["--set", "small=n"]).1;
    assert!(set.starts_with("t.yaml:1:73: rules[0].route.targets[0].model: no model `n`"), "{set}");
    std::fs::write(at.join("p.yaml"), "variables: {}\n").unwrap();
    let said = run(&at, "check", &[]).1;
    assert!(said.starts_with("p.yaml:1:1: variables: variables are declared in the root policy alone"), "{said}");
    // A variable is no way to speak of others.
    std::fs::write(at.join("p.yaml"), "tenants: [{ name: u, match: { principals: ['spiffe://y'] } }]\n").unwrap();
    std::fs::write(at.join("t.yaml"), "rules: [{ name: r, match: { tenants: [\"${small}\"] }, deny: {} }]\n").unwrap();
    let said = run(&at, "check", &["--set", "small=u"]).1;
    assert!(said.contains("rules[0].match.tenants[0]: `u` is none of the tenants"), "{said}");
}
