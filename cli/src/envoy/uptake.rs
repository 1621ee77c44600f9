//! Whether Envoy has taken what was written for it, and the order that follows from it.

use super::admin;
use super::config::Config;
use super::xds::{self, Discovery, IN_ORDER};
use pointsman_source::reason;
use std::fmt::{self, Display, Formatter};
use std::path::Path;
use std::time::Duration;

const POLL: Duration = Duration::from_millis(20);
/// How often it is asked: a cluster whose servers are names waits for DNS.
const ATTEMPTS: u32 = 500;

/// Why something was not taken over.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// Envoy keeps what it had before, and its log says why.
    Refused(Discovery),
    Failed(String),
}

/// How many updates Envoy has taken and refused so far, and how many clusters are not ready for use.
#[derive(Debug, Clone, Copy, Default)]
struct Uptake {
    taken: u64,
    refused: u64,
    warming: u64,
}

impl From<admin::Discovery> for Uptake {
    fn from(admin::Discovery { taken, refused }: admin::Discovery) -> Self {
        Self { taken, refused, warming: 0 }
    }
}

/// Clusters, then routes, then the policy, each once Envoy has taken the one before: no request is ever sent to what is
/// not there yet, however soon another policy follows.
pub(crate) async fn hand_over(admin: &str, folder: &Path, config: &Config<'_>) -> Result<(), NotTaken> {
    let needs = xds::all_needs(folder, config);
    for what in IN_ORDER {
        let before = now(admin, what).await.map_err(NotTaken::Failed)?;
        let written = xds::write_one(folder, config, &needs, what);
        let is_new = written.map_err(|err| NotTaken::Failed(format!("`{}`: {}", folder.display(), reason(&err))))?;
        if is_new {
            wait(admin, what, before).await?;
        }
    }
    Ok(())
}

async fn now(admin: &str, what: Discovery) -> Result<Uptake, String> {
    let asked = match what {
        Discovery::Clusters => clusters_or_routes(admin, "cluster_manager.cds").await,
        Discovery::Routes => clusters_or_routes(admin, "http.pointsman.rds.pointsman").await,
        Discovery::Filters => admin::discovery(admin).await.map(Uptake::from),
    };
    asked.ok_or_else(|| format!("Envoy's admin interface at `{admin}` does not answer"))
}

async fn clusters_or_routes(admin: &str, scope: &str) -> Option<Uptake> {
    let path = format!("/stats?filter=^({scope}.update_|cluster_manager.warming_clusters)");
    let answer = admin::ask(admin, &path).await.ok()?;
    let text = String::from_utf8_lossy(&answer.body);
    let value = |name: String| text.lines().find_map(|line| line.strip_prefix(&name)?.strip_prefix(": ")?.parse().ok());
    Some(Uptake {
        taken: value(format!("{scope}.update_success"))?,
        refused: value(format!("{scope}.update_rejected"))?,
        warming: value("cluster_manager.warming_clusters".into())?,
    })
}

/// Returns when Envoy uses what was written after `before` was asked for.
async fn wait(admin: &str, what: Discovery, before: Uptake) -> Result<(), NotTaken> {
    for _ in 0..ATTEMPTS {
        if let Ok(now) = now(admin, what).await {
            if now.refused > before.refused {
                return Err(NotTaken::Refused(what));
            }
            if now.taken > before.taken && (now.warming == 0 || what != Discovery::Clusters) {
                return Ok(());
            }
        }
        tokio::time::sleep(POLL).await;
    }
    Err(NotTaken::Failed(format!("Envoy at `{admin}` has not read the {what} that were written for it")))
}

impl Display for Discovery {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Clusters => "clusters",
            Self::Routes => "routes",
            Self::Filters => "filters",
        })
    }
}

impl Display for NotTaken {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(what) => {
                write!(formatter, "Envoy refused the {what} and keeps those it had; its log says why")
            }
            Self::Failed(why) => formatter.write_str(why),
        }
    }
}
