//! Follows the policy file and gives Envoy each new valid version.

use super::say;
use crate::command::{listed, print};
use crate::deployment::EnvoyVersion;
use crate::envoy::config::Config;
use crate::envoy::filter::Plugin;
use crate::envoy::needs::Needs;
use crate::envoy::process::Envoy;
use crate::envoy::uptake::{self, NotTaken};
use crate::policy_file::LookedAt;
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
    /// The files that were last acted on.
    known: LookedAt,
    /// What was seen once: it counts when it is seen twice, so that a half-written file does not.
    seen: LookedAt,
}

impl Watch {
    pub(super) fn new(running: Running) -> Self {
        let known = running.project.policy.looked_at.clone();
        Self { running, ticks: tokio::time::interval(INTERVAL), seen: known.clone(), known }
    }

    /// Returns when a file of the policy has a new content, or there are others. Nothing is lost when it is asked again before it has returned.
    pub(super) async fn changed(&mut self) {
        loop {
            self.ticks.tick().await;
            let now = self.known.again();
            let is_settled = now == self.seen;
            self.seen = now;
            // A file that is away for a moment is being replaced.
            if is_settled && self.seen.has(&self.running.project.deployment.policy) && self.seen != self.known {
                return;
            }
        }
    }

    /// Hands the new policy to Envoy, or says what is wrong with it and changes nothing.
    pub(super) async fn take_over(&mut self, envoy: &Envoy, folder: &Path) {
        let kept = self.running.project.policy.short_version().to_owned();
        let loaded = project::load_policy(&self.running.project.deployment, &self.running.project.values);
        self.known = match &loaded {
            Ok(policy) => policy.looked_at.clone(),
            Err(invalid) => invalid.looked_at.clone(),
        };
        let policy = match loaded {
            Ok(policy) => policy,
            Err(invalid) => {
                print(&listed(&invalid.findings));
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
