//! The whole manifest for a gateway.

use super::backend::{self, Backend};
use super::settings::EnvoyGateway;
use super::{plugin, traffic};
use crate::deployment::Deployment;
use crate::envoy::rate_limit;
use crate::kubernetes::http_route::{self, HttpRoute};
use crate::kubernetes::{Object, manifest};
use crate::policy_file::PolicyFile;
use crate::yaml::{Map, quoted};

/// The manifest, or what keeps it from being one: places in the deployment file, and sentences.
pub(crate) fn render(
    settings: &EnvoyGateway,
    deployment: &Deployment,
    policy: &PolicyFile,
) -> Result<String, Vec<(String, String)>> {
    if !policy.policy.chains().is_empty() || !policy.policy.mirrors().is_empty() {
        let why = "cannot serve a policy with `fallback`, `rollout` or `mirror`: Envoy Gateway's API has no filters that run once per attempt";
        return Err(vec![("envoyGateway".into(), why.into())]);
    }
    if let Some(problem) = rate_limit::elsewhere(&policy.policy, "envoyGateway") {
        return Err(vec![problem]);
    }
    let backends = backend::all(settings, deployment)?;
    let routes = routes(settings, deployment, &backends);
    let names: Vec<String> = routes.iter().map(|route| route.name.clone()).collect();
    let mut objects = vec![
        plugin::object(settings, &policy.source.document, &names),
        traffic::client(settings, deployment.buffer_limit_bytes),
    ];
    objects.extend(traffic::backend(settings, deployment, &backends, &names));
    objects.extend(backend::objects(settings, &backends));
    if deployment.default_cluster.is_none() {
        objects.push(not_found(settings));
    }
    objects.extend(routes);
    let head = format!(
        "Written by `pointsman render envoy-gateway`, for Envoy Gateway 1.9. Policy version: {}\nA policy of more than 250 KB needs `kubectl apply --server-side`.\n",
        policy.policy.version()
    );
    Ok(manifest(&head, &settings.name, &objects))
}

fn routes<'a>(settings: &'a EnvoyGateway, deployment: &Deployment, backends: &[Backend<'_>]) -> Vec<Object<'a>> {
    let route = |backend: &Backend<'_>| http_route::Backend {
        value: backend.cluster.name.clone(),
        authority: backend.cluster.host().map(str::to_owned),
        reference: backend.reference(),
        filters: Vec::new(),
    };
    let default = deployment.default_cluster.as_deref();
    let other = backends.iter().find(|backend| Some(backend.cluster.name.as_str()) == default).map(route);
    let filter = Map::line()
        .with("group", "gateway.envoyproxy.io")
        .with("kind", "HTTPRouteFilter")
        .with("name", format!("{}-not-found", settings.name));
    let not_found = Map::line().with("type", "ExtensionRef").with("extensionRef", filter);
    http_route::objects(&HttpRoute {
        comment: "",
        name: &settings.name,
        namespace: &settings.namespace,
        parent: Map::line().with("name", &settings.gateway),
        hosts: &settings.hosts,
        backends: backends.iter().map(route).collect(),
        other_filters: if other.is_some() { Vec::new() } else { vec![not_found] },
        other: other.map(|backend| http_route::Backend { authority: None, ..backend }),
    })
}

fn not_found(settings: &EnvoyGateway) -> Object<'_> {
    let body = Map::line().with("type", "Inline").with("inline", quoted("not an LLM call, and no default cluster\n"));
    let response = Map::new().with("statusCode", 404u16).with("contentType", "text/plain").with("body", body);
    Object {
        comment: String::new(),
        api_version: "gateway.envoyproxy.io/v1alpha1",
        kind: "HTTPRouteFilter",
        name: format!("{}-not-found", settings.name),
        namespace: &settings.namespace,
        labels: Vec::new(),
        spec: Map::new().with("directResponse", response),
    }
}
