//! Whether Envoy has taken clusters or routes that were written for it.

use super::admin;
use std::time::Duration;

const POLL: Duration = Duration::from_millis(20);
/// How often it is asked: a cluster whose servers are names waits for DNS.
const ATTEMPTS: u32 = 500;

/// What Envoy follows in a file of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Discovery {
    Clusters,
    Routes,
}

/// How many updates Envoy has taken and refused so far, and how many clusters are not ready for use.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Uptake {
    taken: u64,
    refused: u64,
    warming: u64,
}

impl Discovery {
    fn scope(self) -> &'static str {
        match self {
            Self::Clusters => "cluster_manager.cds",
            Self::Routes => "http.pointsman.rds.pointsman",
        }
    }
}

pub(crate) async fn now(admin: &str, what: Discovery) -> Option<Uptake> {
    let scope = what.scope();
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

/// Returns when Envoy uses what was written after `before` was asked for; `false` when it has refused it.
pub(crate) async fn wait(admin: &str, what: Discovery, before: Uptake) -> Result<bool, String> {
    for _ in 0..ATTEMPTS {
        if let Some(now) = now(admin, what).await {
            if now.refused > before.refused {
                return Ok(false);
            }
            if now.taken > before.taken && (now.warming == 0 || what == Discovery::Routes) {
                return Ok(true);
            }
        }
        tokio::time::sleep(POLL).await;
    }
    Err("Envoy did not read it".into())
}
