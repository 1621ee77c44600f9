use crate::program::{Outcome, folder, pointsman, without};
use serde_json::Value;

const SHADOWED: &str = "\
models: [{ name: a, cluster: c }]
rules:
- name: all
  route: { targets: [{ model: a }] }
- name: never
  match: { tools: true }
  deny: {}
";

fn check(test: &str, policy: &str, options: &[&str]) -> Outcome {
    let folder = folder(test, &[("policy.yaml", policy)]);
    let file = folder.join("policy.yaml");
    let outcome = pointsman(&[&["check", file.to_str().unwrap()][..], options].concat());
    Outcome { stdout: without(&folder, &outcome.stdout), stderr: without(&folder, &outcome.stderr), ..outcome }
}

/// The codes that are not allowed, in their order.
fn codes(test: &str, policy: &str, options: &[&str]) -> Vec<String> {
    let outcome = check(test, policy, &[&["--output", "json"][..], options].concat());
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let open = report["findings"].as_array().unwrap().iter().filter(|finding| finding["allowed"] == false);
    open.map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn people_read_place_severity_sentence_and_code() {
    let outcome = check("findings-text", SHADOWED, &[]);
    assert_eq!(
        outcome.stderr,
        "policy.yaml:5:3: rules[1]: warning: never applies: every request that it matches is taken by the rule `all` (P0010)\n"
    );
    assert!(outcome.stdout.starts_with("policy.yaml: ok, version ") && outcome.code == Some(0), "{outcome:?}");
}

#[test]
fn the_exit_code_says_how_severe_it_may_be() {
    let note = "models: [{ name: a, cluster: c, cost: { inputPerMillion: 1 } }, { name: b, cluster: c }]\n";
    let broken = "models: []\n";
    for (policy, severity, code) in [
        (SHADOWED, "error", 0),
        (SHADOWED, "warning", 1),
        (SHADOWED, "never", 0),
        (note, "warning", 0),
        (note, "note", 1),
        (broken, "error", 1),
        (broken, "never", 0),
    ] {
        let outcome = check("findings-exit", policy, &["--fail-on", severity]);
        assert_eq!(outcome.code, Some(code), "{policy} {severity}: {outcome:?}");
    }
}

#[test]
fn errors_do_not_hide_what_is_found_beside_them() {
    let outcome =
        check("findings-beside", &format!("{SHADOWED}- name: wrong\n  route: {{ targets: [{{ model: x }}] }}\n"), &[]);
    assert!(outcome.stderr.starts_with("policy.yaml:5:3: rules[1]: warning: never applies"), "{outcome:?}");
    assert!(outcome.stdout.ends_with("no model `x` in the catalog; did you mean `a`?\n1 error\n"), "{outcome:?}");
}

#[test]
fn an_author_can_say_that_it_is_meant() {
    let inline = SHADOWED.replace("- name: never", "- name: never # pointsman: allow P0010, a note for later");
    let above = SHADOWED.replace("- name: never", "# pointsman: allow P0010\n# for later\n- name: never");
    for policy in [&inline, &above] {
        assert!(codes("findings-allow", policy, &[]).is_empty(), "{policy}");
    }
    assert_eq!(check("findings-allow-text", &above, &["--fail-on", "note"]).stderr, "");
    assert!(codes("findings-allow-option", SHADOWED, &["--allow", "P0010@rules[1]"]).is_empty());
    assert_eq!(codes("findings-allow-elsewhere", SHADOWED, &["--allow", "P0010@rules[0]"]), ["P0010"]);
    assert_eq!(check("findings-allow-error", SHADOWED, &["--allow", "P0001"]).code, Some(2));
}

#[test]
fn a_comment_for_nothing_is_found() {
    let moved = SHADOWED.replace("- name: all", "- name: all # pointsman: allow P0010");
    assert_eq!(codes("findings-unused", &moved, &[]), ["P0002", "P0010"]);
    let unclear = SHADOWED.replace("- name: never", "- name: never # pointsman: allow shadowing");
    assert_eq!(codes("findings-unclear", &unclear, &[]), ["P0010", "P0002"]);
}

#[test]
fn a_code_is_explained() {
    let outcome = pointsman(&["check", "--explain", "p0012"]);
    assert_eq!(outcome.code, Some(0));
    assert!(outcome.stdout.starts_with("P0012: a rule that refuses all that it routes (warning)\n\n"), "{outcome:?}");
    assert_eq!(pointsman(&["check", "--explain", "P9999"]).code, Some(2));
}

#[test]
fn code_scanning_reads_sarif() {
    let policy = format!("{SHADOWED}- name: wrong\n  route: {{ targets: [{{ model: x }}] }}\n");
    let allowed = SHADOWED.replace("- name: never", "- name: never # pointsman: allow P0010");
    let log: Value = serde_json::from_str(&check("findings-sarif", &policy, &["--output", "sarif"]).stdout).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!((&rule["id"], &rule["defaultConfiguration"]["level"]), (&result["ruleId"], &result["level"]));
        let region = &result["locations"][0]["physicalLocation"]["region"];
        assert!(region["startLine"].as_u64() > Some(0) && region["startColumn"].as_u64() > Some(0), "{result}");
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
    }
    let shadowed = results.iter().find(|result| result["ruleId"] == "P0010").unwrap();
    assert_eq!(shadowed["relatedLocations"][0]["physicalLocation"]["region"]["startLine"], 3);
    let log: Value =
        serde_json::from_str(&check("findings-sarif-allow", &allowed, &["--output", "sarif"]).stdout).unwrap();
    assert_eq!(log["runs"][0]["results"][0]["suppressions"][0]["kind"], "inSource");
}

#[test]
fn a_pull_request_shows_them_at_their_lines() {
    let outcome = check("findings-github", SHADOWED, &["--output", "github"]);
    assert!(
        outcome.stdout.contains(",line=5,col=3,title=P0010%3A a shadowed rule::rules[1]: never applies"),
        "{outcome:?}"
    );
    assert!(outcome.stdout.starts_with("::warning file=") && outcome.stdout.lines().count() == 1, "{outcome:?}");
    assert_eq!(outcome.stderr, "");
}

#[test]
fn json_has_no_comments_and_takes_the_option() {
    let policy = r#"{"models": [{"name": "a", "cluster": "c"}], "aliases": [{"name": "lonely"}]}"#;
    let folder = folder("findings-json", &[("policy.json", policy)]);
    let file = folder.join("policy.json");
    let run = |options: &[&str]| {
        pointsman(&[&["check", file.to_str().unwrap(), "--fail-on", "warning"][..], options].concat())
    };
    assert_eq!(run(&[]).code, Some(1));
    assert_eq!(run(&["--allow", "P0032@aliases[0]"]).code, Some(0));
}

#[test]
fn a_deployment_has_comments_of_its_own() {
    let deployment =
        |comment: &str| format!("clusters:\n- {{ name: c, address: a, port: 443 }} # pointsman: allow {comment}\n");
    for (comment, expected) in [("P0042", &[][..]), ("P0041", &["P0002", "P0042"]), ("nothing", &["P0002", "P0042"])] {
        let policy = "models: [{ name: a, cluster: c }]\n";
        let folder =
            folder("findings-deployment", &[("policy.yaml", policy), ("deployment.yaml", &deployment(comment))]);
        let outcome = pointsman(&["check", folder.to_str().unwrap(), "--output", "json"]);
        let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
        let open = report["findings"].as_array().unwrap().iter().filter(|finding| finding["allowed"] == false);
        let mut codes: Vec<&str> = open.map(|finding| finding["code"].as_str().unwrap()).collect();
        codes.sort_unstable();
        assert_eq!(codes, expected, "{comment}");
    }
}
