//! The Envoy process: started, waited for, and never left behind.

use super::{admin, id_keys};
use pointsman_engine::signed_id::KEYS_VARIABLE;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

/// How long a start may take: a large module is compiled first.
const START_PATIENCE: Duration = Duration::from_secs(60);
const STOP_PATIENCE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(50);
/// Lines of Envoy's log that are kept to find out why it stopped.
const KEPT_LINES: usize = 200;

#[derive(Debug)]
pub(crate) struct Envoy {
    child: Child,
    /// Ends Envoy when this program ends in a way that lets it clean up nothing, `kill -9` included.
    watchdog: Option<Child>,
    log: Log,
    admin_file: PathBuf,
    pub(crate) admin: String,
    pub(crate) access_log: Option<Lines<BufReader<ChildStdout>>>,
}

impl Envoy {
    /// Starts Envoy with `config`, using `folder` for its files.
    pub(crate) fn start(binary: &Path, config: &Path, folder: &Path, concurrency: Option<u16>) -> Result<Self, String> {
        let admin_file = folder.join("admin-address");
        let mut child = Command::new(binary)
            .arg("--config-path")
            .arg(config)
            .arg("--admin-address-path")
            .arg(&admin_file)
            .args(["--use-dynamic-base-id", "--log-level", "warning", "--component-log-level", "wasm:info"])
            // The access log is followed live; Envoy's default is to write it every ten seconds.
            .args(["--file-flush-interval-msec", "50"])
            .args(concurrency.map(|workers| ["--concurrency".to_owned(), workers.to_string()]).into_iter().flatten())
            .env(KEYS_VARIABLE, id_keys::for_a_run()?)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Its own group: Ctrl-C in the terminal reaches only this program, which then stops it in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|err| format!("`{}` does not start: {}", binary.display(), pointsman_source::reason(&err)))?;
        let log = Log::default();
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(log.clone().follow(stderr));
        }
        let access_log = child.stdout.take().map(|stdout| BufReader::new(stdout).lines());
        let watchdog = child.id().and_then(|id| watch_over(id, folder).ok());
        Ok(Self { child, watchdog, log, admin_file, admin: String::new(), access_log })
    }

    /// Returns when Envoy serves, or with one sentence on why it does not.
    pub(crate) async fn wait_until_ready(&mut self) -> Result<(), String> {
        let deadline = tokio::time::Instant::now() + START_PATIENCE;
        while tokio::time::Instant::now() < deadline {
            if self.has_ended() {
                // Its last words may still be on their way.
                tokio::time::sleep(POLL).await;
                return Err(format!("Envoy refused the configuration: {}", self.last_error()));
            }
            if let Ok(address) = std::fs::read_to_string(&self.admin_file) {
                self.admin = address;
                if admin::is_ready(&self.admin).await {
                    return self.check_filters().await;
                }
            }
            tokio::time::sleep(POLL).await;
        }
        Err(format!("Envoy was not ready after {} s: {}", START_PATIENCE.as_secs(), self.last_error()))
    }

    /// Envoy starts its listeners even when the module refused its configuration: that is a failure here.
    async fn check_filters(&self) -> Result<(), String> {
        match admin::discovery(&self.admin).await {
            Some(admin::Discovery { refused: 1.., .. }) => {
                Err(format!("Envoy refused the configuration: {}", self.last_error()))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// The last error in Envoy's log, without its time stamps and source lines.
    pub(crate) fn last_error(&self) -> String {
        self.log.last_error().unwrap_or_else(|| "it gave no reason".into())
    }

    /// Asks Envoy to end, and insists when it does not.
    pub(crate) async fn stop(mut self) {
        if let Some(id) = self.child.id() {
            let asked = Command::new("kill").arg(id.to_string()).stderr(Stdio::null()).status().await;
            if asked.is_ok() {
                let _ = tokio::time::timeout(STOP_PATIENCE, self.child.wait()).await;
            }
        }
        let _ = self.child.kill().await;
        if let Some(watchdog) = &mut self.watchdog {
            let _ = watchdog.kill().await;
        }
    }
}

/// A shell that waits on a pipe only this program holds: when the pipe closes, it ends Envoy and removes its files.
fn watch_over(id: u32, folder: &Path) -> std::io::Result<Child> {
    Command::new("sh")
        .args(["-c", "read -r _; kill \"$0\"; rm -rf \"$1\""])
        .arg(id.to_string())
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

/// The end of Envoy's log.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<VecDeque<String>>>);

impl Log {
    /// Keeps the lines; shows those of the module and every error.
    async fn follow(self, stderr: ChildStderr) {
        let mut lines = BufReader::new(stderr).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if line.contains("wasm log") {
                eprintln!("envoy: {}", message(&line));
            }
            let Ok(mut kept) = self.0.lock() else { return };
            if kept.len() >= KEPT_LINES {
                kept.pop_front();
            }
            kept.push_back(line);
        }
    }

    fn last_error(&self) -> Option<String> {
        let kept = self.0.lock().ok()?;
        let at_level = |level: &str| {
            kept.iter().rev().find(|line| line.contains(level)).map(|line| cause(message(line)).to_owned())
        };
        at_level("[critical]").or_else(|| at_level("[error]")).or_else(|| kept.back().cloned())
    }
}

/// The cause in a sentence like "error `CAUSE` initializing config '...'", or the sentence.
fn cause(message: &str) -> &str {
    let inner = message.strip_prefix("error `").and_then(|rest| rest.rsplit_once("` initializing config"));
    inner.map_or(message, |(cause, _)| cause)
}

/// What follows the bracketed fields of a log line.
fn message(line: &str) -> &str {
    let mut rest = line;
    while let Some((_, after)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        rest = after.trim_start();
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn a_log_line_loses_its_brackets() {
        assert_eq!(
            message("[2026-10-01 12:00:00.000][1][critical][main] [source/server/server.cc:1] error: no [x]"),
            "error: no [x]"
        );
    }
}
