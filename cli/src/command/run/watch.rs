//! Follows the policy file and gives Envoy each new valid version.

use super::say;
use crate::command::{listed, print};
use crate::envoy::admin;
use crate::envoy::filter::{self, Plugin};
use crate::envoy::process::Envoy;
use crate::project::{self, Project};
use std::path::Path;
use std::time::Duration;

/// Reading a small file this often costs nothing, and unlike file events works on every file system and mount.
const INTERVAL: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(super) struct Watch {
    project: Project,
    plugin: Plugin,
    /// The content that was last acted on.
    known: Option<Vec<u8>>,
    /// A content seen once: it counts when it is seen twice, so that a half-written file does not.
    seen: Option<Vec<u8>>,
}

impl Watch {
    pub(super) fn new(project: Project, plugin: Plugin) -> Self {
        let known = std::fs::read(&project.deployment.policy).ok();
        Self { project, plugin, seen: known.clone(), known }
    }

    /// Returns when the file has a new content.
    pub(super) async fn changed(&mut self) {
        loop {
            tokio::time::sleep(INTERVAL).await;
            let now = std::fs::read(&self.project.deployment.policy).ok();
            let is_settled = now == self.seen;
            self.seen = now;
            // A file that is away for a moment is being replaced.
            if is_settled && self.seen.is_some() && self.seen != self.known {
                return;
            }
        }
    }

    /// Hands the new policy to Envoy, or says what is wrong with it and changes nothing.
    pub(super) async fn take_over(&mut self, envoy: &Envoy, folder: &Path) {
        self.known.clone_from(&self.seen);
        let kept = self.project.policy.short_version().to_owned();
        let policy = match project::load_policy(&self.project.deployment) {
            Ok(policy) => policy,
            Err(findings) => {
                print(&listed(&findings));
                return say("policy", &format!("not changed, version {kept} stays"));
            }
        };
        if policy.policy.version() == self.plugin.version {
            return say("policy", &format!("same meaning as before, version {kept} stays"));
        }
        let plugin =
            Plugin { policy: policy.json(), version: policy.policy.version().to_owned(), ..self.plugin.clone() };
        let before = admin::discovery(&envoy.admin).await.unwrap_or_default();
        let outcome = match filter::write(folder, &plugin) {
            Ok(()) => envoy.wait_for_filters(before).await,
            Err(err) => Err(crate::source::reason(&err)),
        };
        match outcome {
            Ok(()) => {
                say("policy", &format!("version {} took over from {kept}", policy.short_version()));
                self.project.policy = policy;
                self.plugin = plugin;
            }
            Err(why) => say("policy", &format!("Envoy refused it, version {kept} stays: {why}")),
        }
    }
}
