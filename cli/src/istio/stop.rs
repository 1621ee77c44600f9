//! `hold: stop` in Istio: the router alone, by an EnvoyFilter, since no WasmPlugin has the flag that it needs.

use super::envoy_filter::{self, Patch};
use super::plugin::is_image;
use super::settings::{FailStrategy, Istio};
use crate::envoy::yaml::{indent, quote};
use crate::kubernetes::Object;

const WASM_TYPE: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
const COMMENT: &str =
    "The router, which holds requests by itself: no gate. Never together with WasmPlugins for the same proxy, or every
request is routed twice. From Istio 1.28: an older istiod does not know `allow_on_headers_stop_iteration`.";

pub(super) fn object<'a>(istio: &'a Istio, policy: &str) -> Object<'a> {
    let name = format!("{}-router", istio.name);
    let extension = Patch {
        apply_to: "EXTENSION_CONFIG",
        place: String::new(),
        operation: "ADD",
        value: format!("name: {name}\ntyped_config:\n  {}", indent(&typed_config(istio, policy), 2)),
    };
    let filter = Patch {
        apply_to: "HTTP_FILTER",
        place: envoy_filter::before_router(),
        operation: "INSERT_BEFORE",
        value: format!(
            "name: {name}
config_discovery:
  # Istio's agent fetches the module and hands Envoy a file.
  config_source: {{ ads: {{}}, initial_fetch_timeout: 0s, resource_api_version: V3 }}
  type_urls: [{WASM_TYPE}]"
        ),
    };
    envoy_filter::object(istio, "router", COMMENT, 0, &[extension, filter])
}

fn typed_config(istio: &Istio, policy: &str) -> String {
    let configuration =
        format!("{{\n  \"role\": \"router\",\n  \"hold\": \"stop\",\n  \"policy\": {}\n}}", indent(policy, 2));
    let policy = match istio.fail_strategy() {
        FailStrategy::Reload => "FAIL_RELOAD",
        FailStrategy::Close | FailStrategy::Open => "FAIL_CLOSED",
    };
    format!(
        "\"@type\": {WASM_TYPE}
config:
  name: {name}
  root_id: pointsman-router
  failure_policy: {policy}
  allow_on_headers_stop_iteration: true
  vm_config:
    runtime: envoy.wasm.runtime.v8
    code: {code}
  configuration:
    \"@type\": type.googleapis.com/google.protobuf.StringValue
    value: |-
      {configuration}
",
        name = istio.name,
        code = code(istio),
        configuration = indent(&configuration, 6),
    )
}

fn code(istio: &Istio) -> String {
    if let Some(path) = istio.url.strip_prefix("file://") {
        return format!("{{ local: {{ filename: {} }} }}", quote(path));
    }
    let scheme = if is_image(istio) && !istio.url.contains("://") { "oci://" } else { "" };
    // Istio's word for "none".
    let sha256 = istio.sha256.as_deref().unwrap_or("nil");
    format!(
        "{{ remote: {{ http_uri: {{ uri: {uri}, cluster: _, timeout: 30s }}, sha256: {sha256} }} }}",
        uri = quote(&format!("{scheme}{}", istio.url)),
        sha256 = quote(sha256),
    )
}
