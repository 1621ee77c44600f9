//! The rate limit service: who counts budgets for all proxies.

use super::cluster::{Tls, wrong_address};
use super::duration::Duration;
use pointsman_document::{Path, Report, names, object};

object! {
    /// A service that speaks Envoy's protocol for it, such as envoyproxy/ratelimit. What it has to know, `render ratelimit` prints.
    pub(crate) struct RateLimitService {
        /// Its host name or IP address.
        "address" => address: String,
        /// Its port for gRPC.
        "port" => port: u16,
        /// TLS to it; without it, it is spoken to in plain text.
        "tls" => tls: Option<Tls>,
        /// The name under which its configuration has the budgets. Proxies that name the same one share them.
        "domain" => domain: String = "pointsman",
        /// How long a request waits for its word.
        "timeout" => timeout: Duration = "100ms",
        /// What becomes of a request when the service says nothing.
        "onFailure" => on_failure: OnSilence = "allow",
    }
}

names! {
    /// What becomes of a request when the rate limit service says nothing.
    pub(crate) enum OnSilence {
        /// It goes on; each proxy holds it to what it counts by itself.
        Allow => "allow",
        /// It gets a 503.
        Deny => "deny",
    }
}

impl RateLimitService {
    /// What the types alone do not rule out.
    pub(super) fn check(&self, at: &Path<'_>, report: &mut Report) {
        if let Some(why) = wrong_address(&self.address) {
            report.add(&at.key("address"), why.into());
        }
        if let Some(why) = self.tls.as_ref().and_then(|tls| wrong_address(tls.sni.as_deref()?)) {
            report.add(&at.key("tls").key("sni"), why.into());
        }
        if self.port == 0 && report.is_sound(at, &["port"]) {
            report.add(&at.key("port"), "must not be 0".into());
        }
        if self.domain.is_empty() {
            report.add(&at.key("domain"), "must not be empty".into());
        }
    }
}
