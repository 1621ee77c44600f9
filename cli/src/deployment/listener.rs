//! Where clients call.

use pointsman_document::{Path, Report, names, object};
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
