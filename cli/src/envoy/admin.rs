//! Asks Envoy's admin interface: plain HTTP/1.1 over one short connection, no client library needed.

use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(5);

/// The whole answer, status line first; `None` when nobody answers.
async fn get(address: &str, path: &str) -> Option<String> {
    let talk = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        std::io::Result::Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    tokio::time::timeout(PATIENCE, talk).await.ok()?.ok()
}

/// Whether Envoy serves its listeners.
pub(crate) async fn is_ready(address: &str) -> bool {
    get(address, "/ready").await.is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

/// How many filter configurations Envoy has taken and how many it has refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Discovery {
    pub(crate) taken: u64,
    pub(crate) refused: u64,
}

pub(crate) async fn discovery(address: &str) -> Option<Discovery> {
    let answer = get(address, "/stats?filter=extension_config_discovery").await?;
    let sum = |name: &str| answer.lines().filter_map(|line| line.split_once(name)?.1.trim().parse::<u64>().ok()).sum();
    Some(Discovery { taken: sum(".config_reload: "), refused: sum(".config_fail: ") })
}
