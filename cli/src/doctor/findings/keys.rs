//! Whether the keys that Envoy puts into requests have come.

use crate::doctor::read::answers::Stats;
use crate::doctor::read::dump::Dump;
use crate::doctor::read::filter::Filter;
use crate::doctor::read::tree::Tree;
use crate::doctor::report::{Finding, Report};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn check(dump: &Dump<'_>, stats: Option<&Stats<'_>>, report: &mut Report) {
    let wanted = wanted(dump);
    if wanted.is_empty() {
        return;
    }
    let Some(secrets) = &dump.secrets else {
        report.cannot_see("whether the keys of providers have come: Envoy shows no secrets");
        return;
    };
    report.family("the keys that Envoy puts into requests have come", |report| {
        for (name, files) in wanted.iter().filter(|(name, _)| !secrets.contains(*name)) {
            let file = files.iter().next().copied().unwrap_or("its source");
            report.find(Finding {
                code: "key-missing",
                places: vec![format!("secret `{name}`")],
                symptom: "calls to its provider are answered with a 401 `Failed to inject credential`".into(),
                cause: why(name, file, stats),
                remedy: format!(
                    "`{file}` must be readable for Envoy and hold a generic secret named `{name}` \
                    (`credential.secretName`, by default the cluster's name); Envoy takes it when the file is replaced by \
                    a rename"
                ),
            });
        }
    });
}

/// The secrets that credential injectors ask for, and the files that they should come from.
fn wanted<'a>(dump: &Dump<'a>) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let listeners = dump.chains.iter().flat_map(|chain| &chain.filters);
    let filters = listeners.chain(dump.clusters.values().flat_map(|cluster| &cluster.filters));
    let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, file) in filters.filter_map(secret) {
        wanted.entry(name).or_default().extend(Some(file).filter(|file| !file.is_empty()));
    }
    wanted
}

fn secret<'a>(filter: &Filter<'a>) -> Option<(&'a str, &'a str)> {
    let config = filter.typed.filter(|typed| typed.message.ends_with(".CredentialInjector"))?.value;
    let secret = config.pointer("/credential/typed_config/credential")?;
    let name = Some(secret.text("/name")).filter(|name| !name.is_empty())?;
    Some((name, secret.text("/sds_config/path_config_source/path")))
}

fn why(name: &str, file: &str, stats: Option<&Stats<'_>>) -> String {
    let count = |what: &str| stats.map_or(0, |stats| stats.sum(&format!("sds.{name}.{what}")));
    if count("update_rejected") > 0 {
        format!(
            "Envoy has read `{file}` and refused it: there is no secret named `{name}` in it, or it is no generic secret"
        )
    } else if count("update_failure") > 0 {
        format!("Envoy could not read `{file}` as a file of secrets")
    } else {
        format!("the secret has not come from `{file}`: there is no such file, or Envoy may not read it")
    }
}
