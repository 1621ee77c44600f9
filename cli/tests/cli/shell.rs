//! Completions of shells and pages of the manual.

use crate::program::{folder, pointsman};

#[test]
fn each_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let outcome = pointsman(&["completions", shell]);
        assert_eq!(outcome.code, Some(0), "{shell}: {}", outcome.stderr);
        assert!(outcome.stdout.contains("fail-if") && outcome.stdout.contains("min-coverage"), "{shell}");
    }
    assert_eq!(pointsman(&["completions", "cmd"]).code, Some(2));
}

#[test]
fn every_command_has_a_page() {
    let folder = folder("man_pages", &[]);
    assert_eq!(pointsman(&["man", folder.to_str().unwrap()]).code, Some(0));
    let mut pages: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    pages.sort();
    for command in ["check", "explain", "replay", "test", "render-istio", "schema"] {
        assert!(pages.contains(&format!("pointsman-{command}.1")), "{command}: {pages:?}");
    }
    let page = std::fs::read_to_string(folder.join("pointsman-replay.1")).unwrap();
    assert!(page.contains(".TH pointsman-replay 1") && page.contains("Examples:"), "{page}");
    assert!(pointsman(&["man"]).stdout.contains(".TH pointsman 1"));
}
