//! Policies of several files.

use crate::program::{folder, pointsman, without};
use serde_json::Value;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

const ROOT: &str = "include:
- platform/models.yaml
- { files: teams/search.yaml, tenants: [search] }
- { files: teams/ads.yaml, tenants: [ads] }
- platform/last.yaml
tenants:
- { name: search, match: { principals: [spiffe://x/search] } }
- { name: ads, match: { principals: [spiffe://x/ads] } }
rules:
- { name: guard, match: { models: [large], headers: [{ name: x-test, value: '1' }] }, deny: {} } # pointsman: allow P0037: a test
default: { action: deny }
";
const MODELS: &str =
    "models:\n- { name: small, cluster: a }\n- { name: large, cluster: b }\naliases:\n- { name: auto, model: small }\n";
const SEARCH: &str =
    "rules:\n- { name: search-all, match: { tenants: [search] }, route: { targets: [{ model: large }] } }\n";
const ADS: &str = "rules:\n- { name: ads-all, match: { tenants: [ads] }, route: { targets: [{ model: small }] } }
budgets:\n- { name: ads-calls, match: { tenants: [ads] }, window: { every: minute }, requests: 5 }\n";
const LAST: &str = "rules:\n- { name: rest, route: { targets: [{ model: small }] } }\n";

/// The policy of several files, with some of them written otherwise, and others besides.
fn teams(test: &str, changed: &[(&str, &str)]) -> PathBuf {
    let mut files = vec![
        ("policy.yaml", ROOT),
        ("platform/models.yaml", MODELS),
        ("teams/search.yaml", SEARCH),
        ("teams/ads.yaml", ADS),
        ("platform/last.yaml", LAST),
    ];
    files.retain(|(name, _)| changed.iter().all(|(other, _)| other != name));
    files.extend(changed);
    folder(test, &files)
}

/// What `check` says of the policy in a folder.
fn said(folder: &Path) -> (Option<i32>, Vec<String>) {
    let outcome = pointsman(&["check", folder.join("policy.yaml").to_str().unwrap()]);
    let lines = without(folder, &outcome.stdout).lines().map(str::to_owned).collect();
    (outcome.code, lines)
}

fn refused(folder: &Path, expected: &[&str]) {
    let (code, mut lines) = said(folder);
    assert_eq!(code, Some(1), "{lines:?}");
    let count = lines.pop();
    assert_eq!(lines, expected);
    assert_eq!(count, Some(if expected.len() == 1 { "1 error".into() } else { format!("{} errors", expected.len()) }));
}

fn bundled(folder: &Path, more: &[&str]) -> String {
    let outcome = pointsman(&[&["bundle", folder.join("policy.yaml").to_str().unwrap()], more].concat());
    assert_eq!(outcome.code, Some(0), "{}{}", outcome.stdout, outcome.stderr);
    outcome.stdout
}

#[test]
fn several_files_are_one_policy() {
    let folder = teams("files-one", &[]);
    let text = bundled(&folder, &[]);
    assert_eq!(
        text,
        "# From policy.yaml
tenants:
- { name: search, match: { principals: [\"spiffe://x/search\"] } }
- { name: ads, match: { principals: [\"spiffe://x/ads\"] } }
rules:
- { name: guard, match: { models: [large], headers: [{ name: x-test, value: \"1\" }] }, deny: {} }
# From teams/search.yaml
- { name: search-all, match: { tenants: [search] }, route: { targets: [{ model: large }] } }
# From teams/ads.yaml
- { name: ads-all, match: { tenants: [ads] }, route: { targets: [{ model: small }] } }
# From platform/last.yaml
- { name: rest, route: { targets: [{ model: small }] } }
# From policy.yaml
default: { action: deny }
# From platform/models.yaml
models: [{ name: small, cluster: a }, { name: large, cluster: b }]
aliases: [{ name: auto, model: small }]
# From teams/ads.yaml
budgets: [{ name: ads-calls, match: { tenants: [ads] }, window: { every: minute }, requests: 5 }]
"
    );
    // One document, and the same policy, in both spellings.
    std::fs::write(folder.join("bundle.yaml"), &text).unwrap();
    let json = folder.join("bundle.json");
    assert_eq!(bundled(&folder, &["--output", "json", "--to", json.to_str().unwrap()]), "");
    let version = |name: &str| {
        let outcome = pointsman(&["check", folder.join(name).to_str().unwrap()]);
        outcome.stdout.rsplit_once("version ").map(|(_, version)| version.trim().to_owned()).expect(name)
    };
    assert_eq!([version("bundle.yaml"), version("bundle.json")], [version("policy.yaml"), version("policy.yaml")]);
    assert_eq!(bundled(&folder, &[]), text);
}

#[test]
fn every_command_takes_the_root() {
    let folder = teams(
        "files-commands",
        &[
            (
                "deployment.yaml",
                "clusters: [{ name: a, address: a.test, port: 80 }, { name: b, address: b.test, port: 80 }]",
            ),
            ("body.json", r#"{"model": "auto", "messages": []}"#),
        ],
    );
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let explained = pointsman(&[
        "explain",
        &path("policy.yaml"),
        "--request",
        &path("body.json"),
        "--principal",
        "spiffe://x/search",
        "--output",
        "json",
    ]);
    let record: Value = serde_json::from_str(&explained.stdout).expect(&explained.stderr);
    assert_eq!((&record["rule"], &record["model"]), (&"search-all".into(), &"large".into()));
    let rendered = pointsman(&["render", "envoy", folder.to_str().unwrap()]);
    assert!(rendered.stdout.contains("\"ads-all\"") && !rendered.stdout.contains("teams/"), "{}", rendered.stderr);
}

#[test]
fn an_error_stands_in_its_own_file_by_the_name_that_it_has_there() {
    let search = "rules:\n- { name: a, match: { tenants: [search] }, route: { targets: [{ model: lrge }] } }\n- { name: guard, match: { tenants: [search] }, deny: {} }\n- { name: a, match: { tenants: [search] }, deny: {} }\n";
    let last =
        "default: { action: allow }\nrules:\n- { name: rest, route: { targets: [{ model: small, weigth: 1 }] } }\n";
    let folder = teams("files-places", &[("teams/search.yaml", search), ("platform/last.yaml", last)]);
    refused(
        &folder,
        &[
            "platform/last.yaml:1:1: default: stands in policy.yaml:11:1 already, and one file alone can say it",
            "platform/last.yaml:3:52: rules[0].route.targets[0].weigth: unknown field; did you mean `weight`?",
            "teams/search.yaml:2:72: rules[0].route.targets[0].model: no model `lrge` in the catalog; did you mean `large`?",
            "teams/search.yaml:3:11: rules[1].name: `guard` is taken by rules[0] of policy.yaml:10:3",
            "teams/search.yaml:4:11: rules[2].name: `a` is taken by rules[0]",
        ],
    );
    // For machines, too.
    let of =
        |output: &str| pointsman(&["check", folder.join("policy.yaml").to_str().unwrap(), "--output", output]).stdout;
    let sarif: Value = serde_json::from_str(&of("sarif")).unwrap();
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert!(place["artifactLocation"]["uri"].as_str().unwrap().ends_with("platform/last.yaml"), "{place}");
    let json: Value = serde_json::from_str(&of("json")).unwrap();
    assert!(json["findings"].as_array().unwrap().iter().any(|it| {
        it["file"].as_str().unwrap().ends_with("teams/search.yaml") && it["line"] == 3 && it["field"] == "rules[1].name"
    }));
    assert!(of("github").contains("teams/search.yaml,line=2,col=72,"));
}

#[test]
fn what_is_found_and_what_is_allowed_is_of_its_own_file() {
    let twice = |comment: &str| {
        format!(
            "rules:\n- {{ name: a, match: {{ tenants: [search] }}, route: {{ targets: [{{ model: large }}] }} }}\n{comment}\n- {{ name: b, match: {{ tenants: [search] }}, route: {{ targets: [{{ model: small }}] }} }}\n"
        )
    };
    let check = |comment: &str| {
        let folder = teams("files-allowed", &[("teams/search.yaml", &twice(comment))]);
        let outcome = pointsman(&["check", folder.join("policy.yaml").to_str().unwrap()]);
        without(&folder, &outcome.stderr)
    };
    assert!(check("").starts_with("teams/search.yaml:4:3: rules[1]: warning:"), "{}", check(""));
    assert_eq!(check("# pointsman: allow P0010"), "");
    assert!(check("# pointsman: allow P0012").contains("teams/search.yaml:3:1: warning: allows P0012"));
}

#[test]
fn no_path_leads_out_of_the_folder() {
    let outside = folder("files-outside", &[("secret.yaml", "models: [{ name: secret, cluster: a }]\n")]);
    let check = |test: &str, include: &str, why: &str| {
        let root = format!("include: [{include}]\nmodels: [{{ name: m, cluster: a }}]\n");
        let folder = folder(test, &[("policy.yaml", &root), ("teams/a.yaml", "rules: []\n")]);
        symlink(outside.join("secret.yaml"), folder.join("link.yaml")).unwrap();
        symlink(&outside, folder.join("linked")).unwrap();
        symlink("policy.yaml", folder.join("self.yaml")).unwrap();
        let (code, lines) = said(&folder);
        assert_eq!(code, Some(1), "{include}: {lines:?}");
        assert!(lines[0].starts_with("policy.yaml:1:11: include[0]") && lines[0].contains(why), "{include}: {lines:?}");
        assert!(!lines.concat().contains("secret:"), "{lines:?}");
    };
    let absolute = format!("\"{}\"", outside.join("secret.yaml").display());
    check("files-escape", &absolute, "is an absolute path");
    check("files-escape", "/etc/passwd", "is an absolute path");
    check("files-escape", "../files-outside/secret.yaml", "leads out of the policy's folder");
    check("files-escape", "../files-outside/*.yaml", "leads out of the policy's folder");
    check("files-escape", "teams/../../files-outside/secret.yaml", "leads out of the policy's folder");
    check("files-escape", "link.yaml", "is a link that leads out of the policy's folder");
    check("files-escape", "linked/secret.yaml", "is a link that leads out of the policy's folder");
    check("files-escape", "linked/*.yaml", "is a link that leads out of the policy's folder");
    check("files-escape", "\"*/a.yaml\"", "only the last part can be a pattern");
    check("files-escape", "teams", "is no file");
    check("files-escape", "self.yaml", "would include itself");
    check("files-escape", "\"*.yaml\"", "policy's folder");
    check("files-escape", "\"teams/*.yml\"", "is what no file is called");
    check("files-escape", "teams/b.yaml", "cannot be read: no such file");
    check("files-escape", "\"\"", "is no path of a file");
    check("files-escape", "\"a\\0b\"", "is no path of a file");
    check("files-escape", "1", "expected a string, found a number");
    check("files-escape", "{ files: teams/a.yaml }", "is required");
}

#[test]
fn a_link_inside_the_folder_is_fine() {
    let folder = folder(
        "files-link",
        &[("policy.yaml", "include: [a.yaml]\n"), ("..data/a.yaml", "models: [{ name: m, cluster: a }]\n")],
    );
    symlink("..data/a.yaml", folder.join("a.yaml")).unwrap();
    assert_eq!(said(&folder).0, Some(0));
    // And a second name of a file makes no second file.
    std::fs::write(folder.join("policy.yaml"), "include: [a.yaml, ..data/a.yaml]\n").unwrap();
    let (_, lines) = said(&folder);
    assert!(lines[0].contains("`..data/a.yaml` is included a second time, after `a.yaml`"), "{lines:?}");
}

#[test]
fn files_that_never_end_are_not_read() {
    let folder =
        folder("files-endless", &[("policy.yaml", "include: [pipe.yaml]\nmodels: [{ name: m, cluster: a }]\n")]);
    let made = std::process::Command::new("mkfifo").arg(folder.join("pipe.yaml")).status().unwrap();
    assert!(made.success());
    refused(&folder, &["policy.yaml:1:11: include[0]: `pipe.yaml` is no file"]);
}

#[test]
fn circles_and_second_times_are_named() {
    let models = "models: [{ name: m, cluster: a }]\n";
    let a = folder(
        "files-circle",
        &[
            ("policy.yaml", &format!("include: [x/a.yaml]\n{models}")),
            ("x/a.yaml", "include: [../y/b.yaml]\n"),
            ("y/b.yaml", "rules: []\ninclude:\n- ../x/a.yaml\n"),
        ],
    );
    refused(
        &a,
        &[
            "y/b.yaml:3:3: include[0]: `x/a.yaml` would include itself: `x/a.yaml` includes `y/b.yaml` includes `x/a.yaml`",
        ],
    );
    let twice = folder(
        "files-twice",
        &[("policy.yaml", &format!("include: [a.yaml, \"?\", \"*.yaml\"]\n{models}")), ("a.yaml", ""), ("?", "")],
    );
    let (_, lines) = said(&twice);
    assert!(lines[0].contains("include[2]: `a.yaml` is included a second time"), "{lines:?}");
    assert!(lines[1].contains("include[2]: `policy.yaml` would include itself"), "{lines:?}");
}

#[test]
fn there_are_bounds() {
    let models = "models: [{ name: m, cluster: a }]\n";
    let many: Vec<(String, String)> = (0..10_000).map(|nth| (format!("t/{nth:05}.yaml"), String::new())).collect();
    let root = format!("include: [\"t/*.yaml\"]\n{models}");
    let mut files: Vec<(&str, &str)> = many.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    files.push(("policy.yaml", &root));
    let at = folder("files-many", &files);
    refused(&at, &["policy.yaml:1:11: include[0]: `t/*.yaml` means too many files: a policy is made of 1000 at most"]);
    let named: String = many.iter().map(|(name, _)| format!("- {name}\n")).collect();
    std::fs::write(at.join("policy.yaml"), format!("{models}include:\n{named}")).unwrap();
    refused(
        &at,
        &["policy.yaml:1003:3: include[1000]: `t/01000.yaml` is one file too many: a policy is made of 1000 at most"],
    );
    // Each is small, and together they are not.
    let large = "#".repeat(12 << 20);
    let at = folder(
        "files-large",
        &[
            ("policy.yaml", &format!("include: [\"*.yml\"]\n{models}")),
            ("a.yml", &large),
            ("b.yml", &large),
            ("c.yml", &large),
        ],
    );
    refused(&at, &["policy.yaml:1:11: include[0]: `c.yml` is too much: the files of a policy have 32 MiB at most"]);
    let deep: Vec<(String, String)> =
        (0..30).map(|nth| (format!("{nth}.yaml"), format!("include: [{}.yaml]\n", nth + 1))).collect();
    let mut files: Vec<(&str, &str)> = deep.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let root = format!("include: [0.yaml]\n{models}");
    files.push(("policy.yaml", &root));
    refused(
        &folder("files-deep", &files),
        &["15.yaml:1:11: include[0]: `16.yaml` is included too deep: 16 files in each other at most"],
    );
}

/// Whatever a team tries in its own file, it speaks of itself.
#[test]
fn a_team_speaks_only_of_its_own_tenants() {
    let check = |text: &str, expected: &[&str]| {
        let folder = teams("files-team", &[("teams/search.yaml", text)]);
        let expected: Vec<String> = expected.iter().map(|line| format!("teams/search.yaml:{line}")).collect();
        refused(&folder, &expected.iter().map(String::as_str).collect::<Vec<_>>());
    };
    let only =
        "belongs into a file of the platform: this one is included for `search` and has only `rules` and `budgets`";
    for section in [
        "models: [{ name: mine, cluster: b }]",
        "aliases: [{ name: mine, model: large }]",
        "tenants: [{ name: everyone, match: { principals: ['*'] } }]",
        "include: [../platform/last.yaml]",
        "variables: { x: { type: string, default: a } }",
        "identity: { jwt: { payload: mine } }",
        "onFailure: { unknownTenant: allow }",
        "visibility: { responseHeaders: true }",
        "steering: { allowKeys: [fallbacks] }",
        "limits: { maxBodyBytes: 1073741824 }",
        "usage: {}",
        "metrics: {}",
        "pathPrefixes: [/mine]",
        "feedback: { rateLimits: false }",
        "accounts: { except: [x-key] }",
        "providerState: {}",
        "currency: EUR",
        "answerModel: asked",
    ] {
        let (name, _) = section.split_once(':').unwrap();
        check(&format!("{section}\n"), &[&format!("1:1: {name}: {only}")]);
    }
    let rule = |rest: &str| format!("rules:\n- {{ name: r, {rest} }}\n");
    let needs = "needs `match.tenants`, with some of `search`: this file is included for no others";
    check(&rule("deny: {}"), &[&format!("2:3: rules[0].match.tenants: {needs}")]);
    check(&rule("match: {}, deny: {}"), &[&format!("2:21: rules[0].match.tenants: {needs}")]);
    check(&rule("match: { models: [large] }, deny: {}"), &[&format!("2:21: rules[0].match.tenants: {needs}")]);
    let none = |name: &str| format!("`{name}` is none of the tenants that this file is included for: `search`");
    check(
        &rule("match: { tenants: [ads] }, deny: {}"),
        &[&format!("2:33: rules[0].match.tenants[0]: {}", none("ads"))],
    );
    check(
        &rule("match: { tenants: [search, ads] }, deny: {}"),
        &[&format!("2:41: rules[0].match.tenants[1]: {}", none("ads"))],
    );
    for pattern in ["*", "search*", "SEARCH", "search "] {
        let (_, lines) = said(&teams(
            "files-team",
            &[("teams/search.yaml", &rule(&format!("match: {{ tenants: ['{pattern}'] }}, deny: {{}}")))],
        ));
        assert!(
            lines[0].starts_with(&format!("teams/search.yaml:2:33: rules[0].match.tenants[0]: {}", none(pattern))),
            "{lines:?}"
        );
    }
    check(
        &rule(
            "match: { tenants: [search] }, route: { targets: [{ model: large }], mirror: { model: small }, timeout: 24h }",
        ),
        &[
            "2:82: rules[0].route.mirror: is not for a file that is included for some tenants: it can have `targets`, `sticky`, `fallback`, `rollout`, `prefer`",
            "2:108: rules[0].route.timeout: is not for a file that is included for some tenants: it can have `targets`, `sticky`, `fallback`, `rollout`, `prefer`",
        ],
    );
    check(
        "budgets:\n- { name: b, match: { models: [large] }, window: { every: minute }, requests: 1 }\n",
        &[&format!("2:21: budgets[0].match.tenants: {needs}")],
    );
    check(
        "budgets:\n- { name: b, match: { tenants: [search] }, window: { every: minute }, requests: 1, scoope: global }\n",
        &["2:84: budgets[0].scoope: unknown field; did you mean `scope`?"],
    );
    // What is written twice is refused as everywhere, and hides nothing.
    check(
        &rule("match: { tenants: [search] }, match: { tenants: [ads] }, deny: {}"),
        &["2:44: rules[0].match: duplicate field"],
    );
    let aliased = "rules:\n- &r { name: r, match: { tenants: [search] }, deny: {} }\n- { <<: *r, name: s, match: { tenants: [ads] } }\n";
    check(aliased, &[&format!("3:41: rules[1].match.tenants[0]: {}", none("ads"))]);
}

#[test]
fn the_tenants_of_a_team_have_to_exist() {
    let root = ROOT.replace("tenants: [search] }", "tenants: [search, serach] }");
    let folder = teams("files-unknown", &[("policy.yaml", &root)]);
    refused(
        &folder,
        &["policy.yaml:3:49: include[1].tenants[1]: no tenant `serach` in the policy; did you mean `search`?"],
    );
}

#[test]
fn sections_that_are_no_lists_are_said_so() {
    let folder =
        teams("files-shapes", &[("platform/last.yaml", "rules: {}\n"), ("platform/models.yaml", "- models\n")]);
    refused(&folder, &["platform/models.yaml:1:1: expected an object, found a list"]);
    let folder = teams("files-shapes", &[("platform/last.yaml", "rules: {}\n")]);
    refused(&folder, &["platform/last.yaml:1:8: rules: expected a list, found an object"]);
    let folder = teams("files-shapes", &[("platform/last.yaml", "# nothing\n")]);
    assert_eq!(said(&folder).0, Some(0));
}

#[test]
fn a_file_that_cannot_be_read_hides_no_other() {
    let folder = teams("files-syntax", &[("teams/search.yaml", "rules: [\n"), ("teams/ads.yaml", "rules: ]\n")]);
    let (code, lines) = said(&folder);
    assert_eq!((code, lines.len()), (Some(1), 3), "{lines:?}");
    assert!(lines[0].starts_with("teams/ads.yaml:1:8:") && lines[1].starts_with("teams/search.yaml:"), "{lines:?}");
}
