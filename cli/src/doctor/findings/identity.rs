//! Whether callers can be who the policy's tenants are: certificates that somebody asks for, claims that somebody leaves.

use super::routes;
use crate::doctor::read::dump::{Chain, Dump};
use crate::doctor::read::tree::Tree;
use crate::doctor::report::{Finding, Report, names};
use pointsman_engine::Policy;
use pointsman_engine::config::Role;
use serde_json::Value;
use std::collections::BTreeSet;

/// Where Envoy's own filter for tokens leaves what it has verified.
const JWT_AUTHN: &str = "envoy.filters.http.jwt_authn";

pub(super) fn check(dump: &Dump<'_>, report: &mut Report) {
    let chains = || dump.chains.iter().filter_map(|chain| Some((chain, routes::policy(chain)?)));
    let by_certificate = || chains().filter(|(_, policy)| policy.tells_apart_by().principals);
    let by_token = || chains().filter(|(_, policy)| policy.tells_apart_by().claims);
    if by_certificate().next().is_some() {
        report.family("listeners ask for the certificates that tenants are matched on", |report| {
            for (chain, _) in by_certificate() {
                certificates(dump, chain, report);
            }
        });
    }
    if by_token().next().is_some() {
        report.family("verified claims are left where the policy looks for them", |report| {
            for (chain, policy) in by_token() {
                claims(chain, policy, report);
            }
        });
    }
}

/// What a filter chain asks of a client's certificate.
enum Asks {
    Yes,
    No(&'static str),
    Unknown,
}

fn asks(chain: &Chain<'_>) -> Asks {
    let Some(socket) = chain.transport.and_then(|socket| socket.get("typed_config")) else {
        return match chain.is_internal {
            true => Asks::Unknown,
            false => Asks::No("the listener takes connections without TLS"),
        };
    };
    if !socket.message().ends_with(".DownstreamTlsContext") {
        return Asks::Unknown;
    }
    let common = ["validation_context", "validation_context_sds_secret_config", "combined_validation_context"];
    let trusts = common.iter().any(|field| socket.pointer(&format!("/common_tls_context/{field}")).is_some());
    match trusts || socket.is_set("/require_client_certificate") {
        true => Asks::Yes,
        false => Asks::No("the listener's TLS asks clients for no certificate"),
    }
}

/// One chain of a listener that asks is enough: others may be for those who have none, as with Istio's permissive mode.
fn certificates(dump: &Dump<'_>, chain: &Chain<'_>, report: &mut Report) {
    let cause = match asks(chain) {
        Asks::Yes => return,
        Asks::Unknown => {
            report.cannot_see(format!("{}: whether its clients show certificates", chain.place));
            return;
        }
        Asks::No(cause) => cause,
    };
    if dump.chains.iter().any(|other| other.listener == chain.listener && matches!(asks(other), Asks::Yes)) {
        return;
    }
    report.find(Finding {
        code: "principals-unproven",
        places: vec![chain.place.clone()],
        symptom:
            "no caller is ever a tenant by its certificate: they are refused as `unknownTenant`, or are the tenant \
            of somebody else's rules"
                .into(),
        cause: format!("the policy has tenants with `match.principals`, and {cause}"),
        remedy:
            "give the listener TLS with a `validation_context` (`listener.tls.clientCaFile` in deployment.yaml), an \
            Istio Gateway `tls.mode: MUTUAL` or `OPTIONAL_MUTUAL`; or match tenants on something else"
                .into(),
    });
}

fn claims(chain: &Chain<'_>, policy: &Policy, report: &mut Report) {
    let (namespace, payload) = (policy.jwt().namespace.as_str(), policy.jwt().payload.as_str());
    if namespace != JWT_AUTHN {
        report.cannot_see(format!("{}: whether some filter leaves claims in `{namespace}`", chain.place));
        return;
    }
    let router = chain.filters.iter().position(|filter| filter.is(Role::Router)).unwrap_or(chain.filters.len());
    let found = |filters: &[_]| filters.iter().filter_map(authentication).collect::<Vec<_>>();
    let (before, behind) = chain.filters.split_at(router);
    let (before, behind) = (found(before), found(behind));
    let left: BTreeSet<&str> = before.iter().flat_map(|config| payloads(config)).collect();
    let (cause, remedy) = if left.contains(payload) {
        return;
    } else if before.is_empty() && behind.is_empty() {
        (
            "no filter of this chain verifies tokens (`jwt_authn`)".to_owned(),
            "put Envoy's jwt_authn in front of the module; in Istio, apply a RequestAuthentication for this proxy",
        )
    } else if before.is_empty() {
        (
            "the filter that verifies tokens (`jwt_authn`) stands behind the module".to_owned(),
            "put jwt_authn in front; a WasmPlugin must not have `phase: AUTHN`",
        )
    } else {
        let where_left = match left.is_empty() {
            true => "its providers have no `payload_in_metadata`".to_owned(),
            false => format!("its providers leave them under {}", names(left)),
        };
        (
            format!("the policy looks for claims under `{payload}` (`identity.jwt.payload`), and {where_left}"),
            "make `identity.jwt.payload` and the provider's `payload_in_metadata` the same; Istio's is `payload`",
        )
    };
    report.find(Finding {
        code: "claims-never-there",
        places: vec![chain.place.clone()],
        symptom: "no caller is ever a tenant by its token, however valid: they are refused as `unknownTenant`, or are \
            the tenant of somebody else's rules"
            .into(),
        cause,
        remedy: remedy.into(),
    });
}

/// The configuration of a filter that verifies tokens.
fn authentication<'a>(filter: &crate::doctor::read::filter::Filter<'a>) -> Option<&'a Value> {
    filter.typed.filter(|typed| typed.message.ends_with(".jwt_authn.v3.JwtAuthentication")).map(|typed| typed.value)
}

fn payloads(config: &Value) -> impl Iterator<Item = &str> {
    let providers = config.get("providers").and_then(Value::as_object).into_iter().flat_map(|all| all.values());
    providers.map(|provider| provider.text("/payload_in_metadata")).filter(|payload| !payload.is_empty())
}
