//! Follows the policy file and gives Envoy each new valid version.

use super::say;
use crate::command::{listed, print};
use crate::deployment::EnvoyVersion;
use crate::envoy::config::Config;
use crate::envoy::filter::Plugin;
use crate::envoy::needs::Needs;
use crate::envoy::process::Envoy;
use crate::envoy::uptake::{self, Discovery};
use crate::envoy::{admin, xds};
use crate::project::{self, Project};
use pointsman_source::reason;
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
        match hand_over(envoy, folder, &config).await {
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

/// Clusters, then routes, then the policy, each once Envoy has taken the one before: no request is ever sent to what is
/// not there yet.
async fn hand_over(envoy: &Envoy, folder: &Path, config: &Config<'_>) -> Result<(), String> {
    let needs = xds::all_needs(folder, config);
    let wide = Config { needs: &needs, ..*config };
    for (what, write) in [
        (Discovery::Clusters, xds::write_clusters as fn(&Path, &Config<'_>) -> std::io::Result<bool>),
        (Discovery::Routes, xds::write_routes),
    ] {
        let before = uptake::now(&envoy.admin, what).await.unwrap_or_default();
        let is_new = write(folder, &wide).map_err(|err| reason(&err))?;
        if is_new && !uptake::wait(&envoy.admin, what, before).await? {
            return Err(envoy.last_error());
        }
    }
    let before = admin::discovery(&envoy.admin).await.unwrap_or_default();
    xds::write_filters(folder, config).map_err(|err| reason(&err))?;
    envoy.wait_for_filters(before).await
}
