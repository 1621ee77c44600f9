use crate::program::pointsman;

#[test]
fn wrong_usage_is_exit_code_2() {
    for arguments in [
        &["chek"][..],
        &["check"],
        &["explain", "p.yaml"],
        &["demo", "openai"],
        &["demo", "openai=x"],
        &["render", "nginx"],
        &["test"],
        &["test", "examples", "--min-coverage", "101"],
        &["replay", "policy.yaml"],
        &["top"],
        &["top", "127.0.0.1:9901", "--interval", "0"],
        &["top", "127.0.0.1:9901", "--output", "json"],
        &["train", "data.csv"],
        &["eval", "a.model"],
        &["fit", "a.model", "data.csv", "--quality", "0.9"],
    ] {
        let outcome = pointsman(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""), "{arguments:?}");
    }
}

#[test]
fn every_command_has_a_help_text() {
    for command in [
        "check",
        "explain",
        "render",
        "run",
        "test",
        "replay",
        "completions",
        "man",
        "doctor",
        "top",
        "image",
        "train",
        "eval",
        "fit",
        "schema",
        "demo",
    ] {
        let outcome = pointsman(&[command, "--help"]);
        assert_eq!(outcome.code, Some(0), "{command}");
        assert!(outcome.stdout.contains("Usage: pointsman"), "{command}");
        assert!(outcome.stdout.contains("Examples:\n  "), "{command} shows no example");
        assert!(pointsman(&["--help"]).stdout.contains(&format!("\n  {command} ")), "{command}");
    }
}
