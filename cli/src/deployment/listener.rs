//! Where clients call.

use super::Endpoint;
use pointsman_document::{Path, Report, names, object};
use std::net::IpAddr;
use std::path::PathBuf;

object! {
    /// Where clients call.
    pub(crate) struct Listener {
        /// The address.
        "address" => address: String = "127.0.0.1",
        /// The port. Port 0 stands for any free port.
        "port" => port: u16 = 10000u32,
        /// TLS with clients; without it, prompts and keys come in plain text.
        "tls" => tls: Option<ListenerTls>,
    }
}

object! {
    /// TLS with clients. Envoy reads these files itself, as PEM.
    pub(crate) struct ListenerTls {
        /// The certificate that is shown, with those between it and its authority behind it.
        "certificateFile" => certificate_file: PathBuf,
        /// Its key.
        "keyFile" => key_file: PathBuf,
        /// The authorities whose client certificates are believed: with it, tenants can be `principals`.
        "clientCaFile" => client_ca_file: Option<PathBuf>,
        /// Whether a client must show a certificate.
        "clientCertificates" => client_certificates: Option<ClientCertificates>,
    }
}

names! {
    /// Whether a client must show a certificate.
    pub(crate) enum ClientCertificates {
        /// Who has none gets no connection.
        Required => "required",
        /// Who has none is nobody's principal.
        Optional => "optional",
    }
}

impl Listener {
    /// Whether it asks clients who they are.
    pub(crate) fn asks_for_certificates(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.client_ca_file.is_some())
    }

    /// What the types alone do not rule out.
    pub(super) fn check(&self, at: &Path<'_>, report: &mut Report) {
        if let Some(why) = not_to_listen_on(&self.address) {
            report.add(&at.key("address"), why.into());
        }
        let Some(tls) = &self.tls else { return };
        let at_tls = at.key("tls");
        if tls.client_certificates.is_some()
            && tls.client_ca_file.is_none()
            && report.is_sound(&at_tls, &["clientCaFile"])
        {
            let message = "needs `clientCaFile`: whose certificates to believe";
            report.add(&at_tls.key("clientCertificates"), message.into());
        }
    }
}

impl Endpoint {
    /// What is wrong with it as the place of Envoy's admin interface, beside a listener.
    pub(super) fn check_admin(&self, listener: &Listener, at: &Path<'_>, report: &mut Report) {
        if let Some(why) = not_to_listen_on(&self.address) {
            report.add(&at.key("address"), why.into());
        }
        if self.port != 0 && self.port == listener.port && share_an_interface(&self.address, &listener.address) {
            report.add(&at.key("port"), "is the port of `listener` too: Envoy cannot listen twice at one place".into());
        }
    }

    /// Whether other machines reach it.
    pub(crate) fn is_open(&self) -> bool {
        self.address.parse::<IpAddr>().is_ok_and(|address| !address.to_canonical().is_loopback())
    }
}

/// Why Envoy cannot listen there: it asks no DNS for where it is itself.
fn not_to_listen_on(address: &str) -> Option<String> {
    if address.parse::<IpAddr>().is_ok() {
        return None;
    }
    let choice = match address {
        "localhost" => "did you mean `127.0.0.1`?",
        "*" | "" => "did you mean `0.0.0.0`?",
        _ => "`0.0.0.0` is every interface, `127.0.0.1` this machine alone",
    };
    Some(format!("expected an IP address to listen on; {choice}"))
}

/// Whether one port cannot be had at both: they are one address, or one of them stands for all of its kind.
fn share_an_interface(one: &str, other: &str) -> bool {
    let (Ok(one), Ok(other)) = (one.parse::<IpAddr>(), other.parse::<IpAddr>()) else { return false };
    let covers_all = one.is_unspecified() || other.is_unspecified();
    one == other || covers_all && one.is_ipv4() == other.is_ipv4()
}
