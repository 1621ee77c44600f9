//! Follows the policy file and gives Envoy each new valid version.

use super::say;
use crate::command::{listed, print};
use crate::deployment::EnvoyVersion;
use crate::envoy::config::Config;
use crate::envoy::filter::Plugin;
use crate::envoy::needs::Needs;
use crate::envoy::process::Envoy;
use crate::envoy::uptake::{self, NotTaken};
use crate::project::{self, Project};
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

/// Reading a small file this often costs nothing, and unlike file events works on every file system and mount.
const INTERVAL: Duration = Duration::from_millis(250);

/// What Envoy runs with.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) project: Project,
    pub(super) plugin: Plugin,
    pub(super) needs: Needs,
    pub(super) version: EnvoyVersion,
    pub(super) demo_ports: HashMap<String, u16>,
}

impl Running {
    pub(super) fn config(&self) -> Config<'_> {
        Config {
            deployment: &self.project.deployment,
            plugin: &self.plugin,
            version: self.version,
            needs: &self.needs,
            demo_ports: &self.demo_ports,
            owns_listeners: true,
        }
    }
}

#[derive(Debug)]
pub(super) struct Watch {
    running: Running,
    /// Goes on when nobody waits for it: between two requests there may never be a whole interval.
    ticks: tokio::time::Interval,
    /// The content that was last acted on.
    known: Option<Vec<u8>>,
    /// A content seen once: it counts when it is seen twice, so that a half-written file does not.
    seen: Option<Vec<u8>>,
}

impl Watch {
    pub(super) fn new(running: Running) -> Self {
        let known = std::fs::read(&running.project.deployment.policy).ok();
        Self { running, ticks: tokio::time::interval(INTERVAL), seen: known.clone(), known }
    }

    /// Returns when the file has a new content. Nothing is lost when it is asked again before it has returned.
    pub(super) async fn changed(&mut self) {
        loop {
            self.ticks.tick().await;
            let now = std::fs::read(&self.running.project.deployment.policy).ok();
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
        let kept = self.running.project.policy.short_version().to_owned();
        let policy = match project::load_policy(&self.running.project.deployment) {
            Ok(policy) => policy,
            Err(findings) => {
                print(&listed(&findings));
                return say("policy", &format!("not changed, version {kept} stays"));
            }
        };
        if policy.policy.version() == self.running.plugin.version {
            return say("policy", &format!("same meaning as before, version {kept} stays"));
        }
        let plugin = self.running.plugin.with(&policy);
        let needs = Needs::of(&policy.policy);
        let config = Config { plugin: &plugin, needs: &needs, ..self.running.config() };
        match uptake::hand_over(&envoy.admin, folder, &config).await.map_err(|why| cause(why, envoy)) {
            Ok(()) => {
                say("policy", &format!("version {} took over from {kept}", policy.short_version()));
                self.running.project.policy = policy;
                self.running.plugin = plugin;
                self.running.needs = needs;
            }
            Err(why) => say("policy", &format!("Envoy refused it, version {kept} stays: {why}")),
        }
    }
}

/// Whoever has started Envoy has its log.
fn cause(why: NotTaken, envoy: &Envoy) -> String {
    match why {
        NotTaken::Refused(_) => envoy.last_error(),
        NotTaken::Failed(why) => why,
    }
}
