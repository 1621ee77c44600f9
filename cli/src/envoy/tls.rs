//! TLS with clients.

use super::typed;
use crate::deployment::listener::{ClientCertificates, ListenerTls};
use crate::yaml::{List, Map, quoted};
use std::path::Path;

/// The value of a filter chain's `transport_socket`.
pub(super) fn downstream(tls: &ListenerTls) -> Map {
    let file = |path: &Path| Map::line().with("filename", quoted(path.display().to_string()));
    let certificate =
        Map::new().with("certificate_chain", file(&tls.certificate_file)).with("private_key", file(&tls.key_file));
    let trusted = tls.client_ca_file.as_deref().map(|ca_file| Map::new().with("trusted_ca", file(ca_file)));
    let is_required = trusted.is_some() && tls.client_certificates != Some(ClientCertificates::Optional);
    let common = Map::new()
        .with("alpn_protocols", List::line(["h2", "http/1.1"]))
        .with("tls_certificates", List::of([certificate]))
        .with_some("validation_context", trusted);
    let context = typed::message("envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext")
        .with_some("require_client_certificate", is_required.then_some(true))
        .with("common_tls_context", common);
    typed::extension("envoy.transport_sockets.tls", context)
}
