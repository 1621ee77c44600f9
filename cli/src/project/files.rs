//! The files that Envoy will read: whether they are here, and are what they should be.
//!
//! Warnings, since what is rendered may be for another machine.

use crate::deployment::{Cluster, Deployment};
use pointsman_document::Document;
use pointsman_source::{Finding, Part, Source, reason};
use std::path::Path;

pub(super) fn missing(deployment: &Deployment, source: &Source) -> Vec<Finding> {
    // There, paths are in the proxy's container.
    if deployment.istio.is_some() || deployment.envoy_gateway.is_some() {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for (index, cluster) in deployment.clusters.iter().enumerate() {
        let at = |field: &str| format!("clusters[{index}].{field}");
        if let Some(ca_file) = cluster.tls.as_ref().and_then(|tls| tls.ca_file.as_deref()) {
            problems.extend(certificate(ca_file).map(|why| (at("tls.caFile"), why)));
        }
        problems.extend(key(cluster).map(|why| (at("credential.sds"), why)));
        if cluster.port == Some(443) && cluster.tls.is_none() {
            let why = "is the port of TLS, and there is no `tls`: requests would go in plain text, with their keys";
            problems.push((at("port"), why.to_owned()));
        }
    }
    if let Some(tls) = &deployment.listener.tls {
        let files = [
            ("certificateFile", Some(&tls.certificate_file)),
            ("keyFile", Some(&tls.key_file)),
            ("clientCaFile", tls.client_ca_file.as_ref()),
        ];
        for (field, file) in files {
            problems.extend(file.and_then(|file| certificate(file)).map(|why| (format!("listener.tls.{field}"), why)));
        }
    }
    let finding = |(path, why): (String, String)| source.finding(&path, Part::Value, &format!("warning: {why}"));
    problems.into_iter().map(finding).collect()
}

/// Why a file of certificates or their key is none; Envoy would not start with it.
fn certificate(file: &Path) -> Option<String> {
    let why = match std::fs::read(file) {
        Err(err) => reason(&err),
        Ok(bytes) if !bytes.windows(10).any(|it| it == b"-----BEGIN") => "is no PEM file".to_owned(),
        Ok(_) => return None,
    };
    Some(format!("`{}`: {why}; Envoy will refuse the configuration", file.display()))
}

/// Why a cluster's key will not get into its requests.
fn key(cluster: &Cluster) -> Option<String> {
    let credential = cluster.credential.as_ref()?;
    let name = credential.secret_name.as_ref().unwrap_or(&cluster.name);
    let file = credential.sds.display();
    let effect = "calls to this cluster will get a 401 `Failed to inject credential`";
    let secrets = match Source::read(&credential.sds) {
        // Envoy takes no path that is not there, and looks at what is in the file later.
        Err(finding) if finding.at.is_none() => {
            return Some(format!("`{file}`: {}; Envoy will refuse the configuration", finding.message));
        }
        Err(finding) => return Some(format!("{finding}; {effect}")),
        Ok(source) => source.document,
    };
    let resources = secrets.get("resources").map(Document::items).unwrap_or_default();
    let of_name = |secret: &&Document| secret.get("name").and_then(Document::as_str) == Some(name);
    match resources.iter().find(of_name) {
        None => {
            let names = resources.iter().filter_map(|secret| Some(format!("`{}`", secret.get("name")?.as_str()?)));
            let names = names.collect::<Vec<_>>().join(", ");
            let has = if names.is_empty() { "has no `resources` with a name".into() } else { format!("has {names}") };
            Some(format!(
                "`{file}` {has}, and no secret `{name}` (`secretName`, by default the cluster's name); {effect}"
            ))
        }
        Some(secret) if secret.get("generic_secret").is_none() => {
            Some(format!("`{file}`: the secret `{name}` has no `generic_secret`; {effect}"))
        }
        Some(_) => None,
    }
}
