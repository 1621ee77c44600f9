//! What the bytes of an image mean to those who pull it is in `integration-tests/test_image.py`.

use crate::program::{command, folder, without};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

const MODULE: &[u8] = b"\0asm\x01\0\0\0and the rest of it";
const SBOM: &str = r#"{ "bomFormat": "CycloneDX", "specVersion": "1.6" }"#;

/// Runs with these paths inside `folder`; gives exit code, output and errors, without the folder.
fn image(folder: &Path, arguments: &[&str], epoch: Option<&str>) -> (Option<i32>, String, String) {
    let place = |path: &str| folder.join(path).display().to_string();
    let mut run = command(&["image", "--wasm", &place("module.wasm"), "--output", &place("image")]);
    for pair in arguments.chunks(2) {
        let value = if matches!(pair[0], "--archive" | "--sbom") { place(pair[1]) } else { pair[1].into() };
        run.args([pair[0], &value]);
    }
    run.env_remove("SOURCE_DATE_EPOCH");
    if let Some(epoch) = epoch {
        run.env("SOURCE_DATE_EPOCH", epoch);
    }
    let output = run.output().unwrap();
    let text = |bytes| without(folder, &String::from_utf8(bytes).unwrap());
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn module(test: &str) -> std::path::PathBuf {
    let folder = folder(test, &[("sbom.json", SBOM), ("other.json", "{}"), ("text", "(module)")]);
    std::fs::write(folder.join("module.wasm"), MODULE).unwrap();
    folder
}

fn json(file: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

fn blob(layout: &Path, descriptor: &Value) -> Value {
    json(&layout.join("blobs/sha256").join(&descriptor["digest"].as_str().unwrap()["sha256:".len()..]))
}

/// Every file below a folder.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            let below = contents(&entry.path());
            found.extend(below.into_iter().map(|(path, bytes)| (format!("{name}/{path}"), bytes)));
        } else {
            found.insert(name, std::fs::read(entry.path()).unwrap());
        }
    }
    found
}

#[test]
fn an_image_is_a_layout_with_one_manifest_and_its_digest_is_said() {
    let folder = module("image-layout");
    let (code, said, errors) = image(&folder, &[], None);
    assert_eq!((code, errors.as_str()), (Some(0), ""));
    let index = json(&folder.join("image/index.json"));
    let manifests = index["manifests"].as_array().unwrap();
    assert_eq!(manifests.len(), 1);
    assert_eq!(manifests[0]["annotations"]["org.opencontainers.image.ref.name"], env!("CARGO_PKG_VERSION"));
    let manifest = blob(&folder.join("image"), &manifests[0]);
    assert_eq!(manifest["annotations"]["module.wasm.image/variant"], "compat");
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 1);
    assert_eq!(contents(&folder.join("image")).len(), 5);
    let last = format!("image {}", manifests[0]["digest"].as_str().unwrap());
    assert_eq!(said.lines().last(), Some(last.as_str()));
    assert!(!folder.join("image-with-sbom").exists());
}

#[test]
fn the_same_module_gives_the_same_bytes() {
    let folder = module("image-same");
    let more = ["--archive", "a.tar", "--sbom", "sbom.json"];
    image(&folder, &more, None);
    let first = contents(&folder);
    image(&folder, &more, None);
    assert_eq!(contents(&folder), first);
}

#[test]
fn labels_are_in_the_configuration_and_on_the_manifest() {
    let folder = module("image-labels");
    let revision = "org.opencontainers.image.revision";
    image(&folder, &["--label", &format!("{revision}=0123abc=")], Some("1795262400"));
    let layout = folder.join("image");
    let manifest = blob(&layout, &json(&layout.join("index.json"))["manifests"][0]);
    let config = blob(&layout, &manifest["config"]);
    for labels in [&manifest["annotations"], &config["config"]["Labels"]] {
        assert_eq!(labels[revision], "0123abc=");
        assert_eq!(labels["org.opencontainers.image.created"], "2026-11-21T12:00:00Z");
        assert_eq!(labels["org.opencontainers.image.licenses"], "Apache-2.0");
    }
    assert_eq!(config["created"], "2026-11-21T12:00:00Z");
    assert_eq!(config["history"].as_array().unwrap().len(), config["rootfs"]["diff_ids"].as_array().unwrap().len());
}

#[test]
fn an_sbom_refers_to_the_image_in_a_layout_of_its_own() {
    let folder = module("image-sbom");
    image(&folder, &["--sbom", "sbom.json"], None);
    let layout = folder.join("image-with-sbom");
    let plain = json(&folder.join("image/index.json"));
    let both = json(&layout.join("index.json"));
    assert_eq!(plain["manifests"].as_array().unwrap().len(), 1);
    assert_eq!(both["manifests"][0], plain["manifests"][0]);
    let artifact = blob(&layout, &both["manifests"][1]);
    assert_eq!(artifact["subject"]["digest"], plain["manifests"][0]["digest"]);
    assert_eq!(artifact["artifactType"], "application/vnd.cyclonedx+json");
    assert_eq!(blob(&layout, &artifact["layers"][0])["specVersion"], "1.6");
    assert_eq!(blob(&layout, &artifact["config"]), serde_json::json!({}));
}

#[test]
fn an_older_layout_is_replaced_and_nothing_else() {
    let folder = module("image-replace");
    image(&folder, &[], None);
    image(&folder, &["--tag", "next"], None);
    assert_eq!(contents(&folder.join("image")).len(), 5, "nothing of the older one is left");
    std::fs::create_dir(folder.join("mine")).unwrap();
    std::fs::write(folder.join("mine/letter"), "dear").unwrap();
    let outcome = command(&["image", "--wasm", &folder.join("module.wasm").display().to_string()])
        .args(["--output", &folder.join("mine").display().to_string()])
        .output()
        .unwrap();
    let said = without(&folder, &String::from_utf8(outcome.stderr).unwrap());
    let expected = "error: `mine` is there and is not an OCI image layout; name another folder\n";
    assert_eq!((outcome.status.code(), said.as_str()), (Some(1), expected));
    assert_eq!(std::fs::read(folder.join("mine/letter")).unwrap(), b"dear");
}

#[test]
fn mistakes_are_said_in_a_sentence() {
    let folder = module("image-mistakes");
    for (arguments, epoch, expected) in [
        (["--tag", "a b"], None, "`a b` cannot be a tag"),
        (["--name", "Pointsman"], None, "`Pointsman` cannot name an image"),
        (["--label", "revision"], None, "`--label revision`: expected KEY=VALUE"),
        (["--sbom", "other.json"], None, "`other.json` is not a CycloneDX document in JSON"),
        (["--sbom", "nowhere.json"], None, "`nowhere.json`: no such file or directory"),
        (["--tag", "1"], Some("today"), "SOURCE_DATE_EPOCH: `today` is not a number of seconds since 1970"),
        (["--archive", "nowhere/a.tar"], None, "`nowhere/a.tar`: no such file or directory"),
    ] {
        let (code, _, said) = image(&folder, &arguments, epoch);
        assert_eq!(code, Some(1));
        assert!(said.starts_with(&format!("error: {expected}")), "{said}");
    }
    let text = folder.join("text").display().to_string();
    let outcome = command(&["image", "--wasm", &text]).output().unwrap();
    let said = without(&folder, &String::from_utf8(outcome.stderr).unwrap());
    assert_eq!(said, "error: `text` is not a WebAssembly module; `make wasm` builds one\n");
}
