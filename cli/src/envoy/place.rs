//! Where an admin interface is, as people write it.

use super::admin::{self, Answer};
use pointsman_source::reason;
use serde_json::Value;

/// Where the admin interface is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Host and port.
    pub(crate) address: String,
    /// What stands in front of each path, without a slash at its end.
    prefix: String,
}

impl Place {
    pub(crate) fn of(written: &str) -> Result<Self, String> {
        let (scheme, rest) = written.split_once("://").unwrap_or(("http", written));
        if scheme != "http" {
            return Err(format!("`{written}`: only http can be asked; use a port-forward or a tunnel"));
        }
        let (address, prefix) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
        if !matches!(port, Some(Ok(1..))) {
            return Err(format!("`{written}`: expected HOST:PORT or a URL with a port, such as 127.0.0.1:15000"));
        }
        Ok(Self { address: address.to_owned(), prefix: prefix.trim_end_matches('/').to_owned() })
    }

    pub(crate) async fn ask(&self, path: &str) -> Result<Answer, String> {
        let asked = admin::ask(&self.address, &format!("{}{path}", self.prefix)).await;
        asked.map_err(|err| format!("`{}`: cannot ask Envoy's admin interface: {}", self.address, reason(&err)))
    }

    /// The answer's text, if Envoy gives one.
    pub(crate) async fn text(&self, path: &str) -> Result<Option<String>, String> {
        let answer = self.ask(path).await?;
        Ok((answer.status == 200).then(|| String::from_utf8_lossy(&answer.body).into_owned()))
    }

    pub(crate) async fn json(&self, path: &str) -> Result<Option<Value>, String> {
        Ok(self.text(path).await?.and_then(|text| serde_json::from_str(&text).ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_host_and_port_or_urls() {
        for (written, address, prefix) in [
            ("127.0.0.1:15000", "127.0.0.1:15000", ""),
            ("localhost:15000/", "localhost:15000", ""),
            ("http://[::1]:9901", "[::1]:9901", ""),
            ("http://gateway:80/envoy/admin/", "gateway:80", "/envoy/admin"),
        ] {
            assert_eq!(Place::of(written), Ok(Place { address: address.into(), prefix: prefix.into() }));
        }
        for bad in ["", "15000", ":15000", "localhost", "localhost:0", "localhost:x", "https://localhost:15000"] {
            assert!(Place::of(bad).is_err(), "{bad}");
        }
    }
}
