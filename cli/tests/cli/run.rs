//! What `run` says when it cannot start. With a real Envoy it is tested in `integration-tests/`.

use crate::program::{command, folder};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

const POLICY: &str = "models:\n- { name: small, cluster: llama }\n";
/// What a module begins with, and a name that is in every one of Pointsman's.
const MODULE: &str = "\0asm\u{1}\0\0\0x-pointsman-cluster";
const DEPLOYMENT: &str = "listener: { port: 0 }\nclusters: [{ name: llama, demo: true }]\n";

/// A folder to run, with a module and an Envoy that is this shell script.
fn prepare(test: &str, envoy: &str) -> PathBuf {
    let files =
        [("policy.yaml", POLICY), ("deployment.yaml", DEPLOYMENT), ("pointsman.wasm", MODULE), ("envoy", envoy)];
    let folder = folder(test, &files);
    std::fs::set_permissions(folder.join("envoy"), std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// `run` must fail with this sentence.
fn refuse(folder: &Path, envoy: &Path, more: &[&str], sentence: &str) {
    let wasm = folder.join("pointsman.wasm");
    let arguments = [&["run", folder.to_str().unwrap(), "--wasm", wasm.to_str().unwrap()], more].concat();
    let output = command(&arguments).env("ENVOY", envoy).stdin(Stdio::null()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr, format!("error: {sentence}\n"));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_missing_module_is_said() {
    let folder = prepare("run-module", "");
    let wasm = folder.join("pointsman.wasm");
    std::fs::remove_file(&wasm).unwrap();
    refuse(&folder, &folder.join("envoy"), &[], &format!("the module `{}` is not there", wasm.display()));
}

#[test]
fn a_missing_envoy_is_said() {
    let folder = prepare("run-envoy", "");
    refuse(&folder, Path::new("/nowhere/envoy"), &[], "$ENVOY names `/nowhere/envoy`, which is not there");
}

#[test]
fn a_taken_port_is_said() {
    let envoy = "#!/bin/sh\necho 'envoy  version: 7a0c/1.40.0/Clean/RELEASE/BoringSSL'\n";
    let folder = prepare("run-port", envoy);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let sentence =
        format!("port {port} on 127.0.0.1 is taken: end the program that listens there, or choose another with --port");
    refuse(&folder, &folder.join("envoy"), &["--port", &port.to_string()], &sentence);
}

#[test]
fn a_program_that_is_no_envoy_is_said() {
    let folder = prepare("run-no-program", "\u{1}");
    let envoy = folder.join("policy.yaml");
    refuse(&folder, &envoy, &[], &format!("`{}` ($ENVOY) does not start: permission denied", envoy.display()));
    let other = folder.join("envoy");
    std::fs::write(&other, "#!/bin/sh\necho 'other 1.2'\n").unwrap();
    let sentence = format!("`{}` ($ENVOY) is no Envoy: `--version` does not say so", other.display());
    refuse(&folder, &other, &[], &sentence);
    refuse(&folder, &folder, &[], &format!("$ENVOY names `{}`, which is a folder: name the program", folder.display()));
}

#[test]
fn a_module_that_is_none_or_anothers_is_said() {
    let folder = prepare("run-other-module", "");
    let wasm = folder.join("pointsman.wasm");
    for (bytes, what) in [
        ("", "no WebAssembly module: run `make wasm`, or name another with --wasm"),
        ("models: []\n", "no WebAssembly module: run `make wasm`, or name another with --wasm"),
        ("\0asm\u{1}\0\0\0", "a WebAssembly module, but not Pointsman's: name that one with --wasm"),
    ] {
        std::fs::write(&wasm, bytes).unwrap();
        refuse(&folder, &folder.join("envoy"), &[], &format!("`{}` is {what}", wasm.display()));
    }
}

#[test]
fn what_envoy_refuses_is_said_in_its_words() {
    let script = "#!/bin/sh\n\
        [ \"$1\" = --version ] && echo 'envoy  version: 7a0c/1.40.0/Clean/RELEASE/BoringSSL' && exit 0\n\
        echo '[2026-10-01 10:00:00.000][7][warning][main] [source/server/server.cc:1] a warning' >&2\n\
        echo \"[2026-10-01 10:00:00.000][7][critical][main] [source/server/server.cc:2] error \\`no such thing\\` initializing config 'x'\" >&2\n\
        exit 1\n";
    let folder = prepare("run-refused", script);
    refuse(&folder, &folder.join("envoy"), &[], "Envoy refused the configuration: no such thing");
}

#[test]
fn an_envoy_that_is_too_old_is_said() {
    let envoy = "#!/bin/sh\necho 'envoy  version: 7a0c/1.35.2/Clean/RELEASE/BoringSSL'\n";
    let folder = prepare("run-old", envoy);
    let binary = folder.join("envoy");
    let sentence = format!("`{}` is Envoy 1.35: Pointsman needs 1.36 or newer", binary.display());
    refuse(&folder, &binary, &[], &sentence);
}

#[test]
fn a_mechanism_that_this_envoy_lacks_is_said() {
    let envoy = "#!/bin/sh\necho 'envoy  version: 7a0c/1.37.0/Clean/RELEASE/BoringSSL'\n";
    let folder = prepare("run-mechanism", envoy);
    std::fs::write(folder.join("deployment.yaml"), format!("failover: {{ mechanism: priorityGroup }}\n{DEPLOYMENT}"))
        .unwrap();
    let output = command(&["run", folder.to_str().unwrap(), "--wasm", folder.join("pointsman.wasm").to_str().unwrap()])
        .env("ENVOY", folder.join("envoy"))
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("failover.mechanism: `priorityGroup` needs Envoy 1.40 or newer, and this is for 1.37"),
        "{stderr}"
    );
    assert_eq!(output.status.code(), Some(1));
}
