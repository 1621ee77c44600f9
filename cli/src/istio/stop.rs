//! `hold: stop` in Istio: the router alone, by an EnvoyFilter, since no WasmPlugin has the flag that it needs.

use super::envoy_filter::{self, Patch};
use super::plugin::is_image;
use super::settings::{FailStrategy, Istio};
use crate::envoy::filter::{RUNTIME, WASM, configuration, keys_seen};
use crate::envoy::typed;
use crate::kubernetes::Object;
use crate::policy_file::signs_ids;
use crate::yaml::{List, Map, document, quoted};
use pointsman_document::Document;
use pointsman_engine::config::{Hold, Told};

const COMMENT: &str =
    "The router, which holds requests by itself: no gate. Never together with WasmPlugins for the same proxy, or every
request is routed twice. From Istio 1.28: an older istiod does not know `allow_on_headers_stop_iteration`.";

pub(super) fn object<'a>(istio: &'a Istio, policy: &Document) -> Object<'a> {
    let name = format!("{}-router", istio.name);
    let extension = Patch {
        apply_to: "EXTENSION_CONFIG",
        place: Map::new(),
        operation: "ADD",
        value: typed::extension(&name, typed_config(istio, policy)),
    };
    let source =
        Map::line().with("ads", Map::new()).with("initial_fetch_timeout", "0s").with("resource_api_version", "V3");
    let discovery = Map::new()
        .noted("Istio's agent fetches the module and hands Envoy a file.", "config_source", source)
        .with("type_urls", List::line([typed::url(WASM)]));
    let filter = Patch {
        apply_to: "HTTP_FILTER",
        place: envoy_filter::before_router(),
        operation: "INSERT_BEFORE",
        value: Map::new().with("name", &name).with("config_discovery", discovery),
    };
    envoy_filter::object(istio, "router", COMMENT, 0, &[extension, filter])
}

fn typed_config(istio: &Istio, policy: &Document) -> Map {
    let failure_policy = match istio.fail_strategy() {
        FailStrategy::Reload => "FAIL_RELOAD",
        FailStrategy::Close | FailStrategy::Open => "FAIL_CLOSED",
    };
    let keys = if signs_ids(policy) { keys_seen() } else { Map::new() };
    let config = Map::new()
        .with("name", &istio.name)
        .with("root_id", "pointsman-router")
        .with("failure_policy", failure_policy)
        .with("allow_on_headers_stop_iteration", true)
        .with("vm_config", keys.with("runtime", RUNTIME).with("code", code(istio)))
        .with("configuration", configuration(Told::Router { hold: Hold::Stop, policy: document(policy) }));
    typed::message(WASM).with("config", config)
}

fn code(istio: &Istio) -> Map {
    if let Some(path) = istio.url.strip_prefix("file://") {
        return Map::line().with("local", Map::line().with("filename", quoted(path)));
    }
    let scheme = if is_image(istio) && !istio.url.contains("://") { "oci://" } else { "" };
    // Istio's word for "none".
    let sha256 = istio.sha256.as_deref().unwrap_or("nil");
    let uri =
        Map::line().with("uri", quoted(format!("{scheme}{}", istio.url))).with("cluster", "_").with("timeout", "30s");
    let remote = Map::line().with("http_uri", uri).with("sha256", quoted(sha256));
    Map::line().with("remote", remote)
}
