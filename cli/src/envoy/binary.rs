//! Finds the Envoy to run.

use crate::deployment::EnvoyVersion;
use pointsman_source::reason;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where `make setup` puts it, below the project folder.
const SET_UP: &str = ".tools/envoy-1.40.0/envoy/_bin/envoy";

/// `$ENVOY`, else the one that `make setup` unpacked, else the one on the PATH.
pub(crate) fn find() -> Result<PathBuf, String> {
    if let Some(named) = std::env::var_os("ENVOY").filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        if named.is_dir() {
            return Err(format!("$ENVOY names `{}`, which is a folder: name the program", named.display()));
        }
        return if named.is_file() {
            Ok(named)
        } else {
            Err(format!("$ENVOY names `{}`, which is not there", named.display()))
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("envoy"));
    project_folders()
        .map(|folder| folder.join(SET_UP))
        .chain(on_path)
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| "Envoy is missing: run `make setup`, or set $ENVOY to its path, or put it on the PATH".into())
}

/// What the program says its version is. One that does not say so as Envoy does is something else.
pub(crate) async fn version(binary: &Path) -> Result<EnvoyVersion, String> {
    let mut command = tokio::process::Command::new(binary);
    command.arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let name = binary.display();
    let named = if std::env::var_os("ENVOY").is_some_and(|named| !named.is_empty()) { " ($ENVOY)" } else { "" };
    let output = match tokio::time::timeout(PATIENCE, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(err)) => return Err(format!("`{name}`{named} does not start: {}", reason(&err))),
        Err(_) => return Err(format!("`{name}`{named} is no Envoy: it does not answer `--version`")),
    };
    let version = EnvoyVersion::of_program(&String::from_utf8_lossy(&output.stdout));
    version.ok_or_else(|| format!("`{name}`{named} is no Envoy: `--version` does not say so"))
}

/// The folders that may be the project: the current one, and those above this program.
pub(crate) fn project_folders() -> impl Iterator<Item = PathBuf> {
    let program = std::env::current_exe().unwrap_or_default();
    let above: Vec<_> = program.ancestors().skip(1).map(Path::to_path_buf).collect();
    std::env::current_dir().into_iter().chain(above)
}
