//! The module's two instances as HTTP filters: written into the listener, or as a file that Envoy follows (ECDS).

use super::yaml::{indent, quote};
use crate::deployment::Hold;
use std::path::Path;

/// One instance of the module in the filter chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Router,
    Gate,
}

impl Role {
    /// The instances a hold mode needs, in chain order.
    pub(crate) fn chain(hold: Hold) -> &'static [Self] {
        match hold {
            Hold::Stop => &[Self::Router],
            Hold::Gate => &[Self::Router, Self::Gate],
        }
    }

    /// Name of the filter, its root id and its ECDS file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Router => "pointsman-router",
            Self::Gate => "pointsman-gate",
        }
    }

    pub(crate) fn file_name(self) -> String {
        format!("{}.yaml", self.name())
    }
}

/// What both instances need to know.
#[derive(Debug, Clone)]
pub(crate) struct Plugin {
    pub(crate) hold: Hold,
    /// Path of the module, as Envoy sees it.
    pub(crate) wasm: String,
    /// The policy as JSON.
    pub(crate) policy: String,
    pub(crate) version: String,
}

const WASM_TYPE: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";

/// The filter with its configuration in place.
pub(super) fn inline(plugin: &Plugin, role: Role) -> String {
    format!("- name: {}\n  typed_config:\n    {}\n", role.name(), indent(&typed_config(plugin, role), 4))
}

/// The filter with its configuration in `folder`, which Envoy reads again when a file is moved there.
pub(super) fn discovered(role: Role, folder: &Path) -> String {
    format!(
        "- name: {name}
  config_discovery:
    config_source:
      resource_api_version: V3
      path_config_source:
        path: {path}
        watched_directory: {{ path: {folder} }}
    type_urls: [{WASM_TYPE}]
",
        name = role.name(),
        path = quote(&folder.join(role.file_name()).display().to_string()),
        folder = quote(&folder.display().to_string()),
    )
}

/// The file that `discovered` points to.
pub(crate) fn resource(plugin: &Plugin, role: Role) -> String {
    format!(
        "version_info: {version}
resources:
- \"@type\": type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig
  name: {name}
  typed_config:
    {config}
",
        version = quote(&plugin.version),
        name = role.name(),
        config = indent(&typed_config(plugin, role), 4),
    )
}

fn typed_config(plugin: &Plugin, role: Role) -> String {
    let stop = match (role, plugin.hold) {
        (Role::Router, Hold::Stop) => {
            "\n  # Lets the headers wait while the body is read (Envoy 1.35 or newer).\n  allow_on_headers_stop_iteration: true"
        }
        _ => "",
    };
    format!(
        "\"@type\": {WASM_TYPE}
config:
  name: {name}
  root_id: {name}
  # A module that failed is loaded anew; requests are never let through unrouted.
  failure_policy: FAIL_RELOAD{stop}
  vm_config:
    runtime: envoy.wasm.runtime.v8
    code: {{ local: {{ filename: {wasm} }} }}
  configuration:
    \"@type\": type.googleapis.com/google.protobuf.StringValue
    value: |-
      {configuration}
",
        name = role.name(),
        wasm = quote(&plugin.wasm),
        configuration = indent(&configuration(plugin, role), 6),
    )
}

/// What the module gets in `on_configure`.
fn configuration(plugin: &Plugin, role: Role) -> String {
    let hold = match plugin.hold {
        Hold::Stop => "stop",
        Hold::Gate => "gate",
    };
    match role {
        Role::Router => format!(
            "{{\n  \"role\": \"router\",\n  \"hold\": \"{hold}\",\n  \"policy\": {}\n}}",
            indent(&plugin.policy, 2)
        ),
        Role::Gate => "{ \"role\": \"gate\" }".into(),
    }
}

/// Writes the files into `folder`, each by an atomic replace: Envoy never sees half a policy.
pub(crate) fn write(folder: &Path, plugin: &Plugin) -> std::io::Result<()> {
    for role in Role::chain(plugin.hold) {
        let new = folder.join(format!(".{}.new", role.name()));
        std::fs::write(&new, resource(plugin, *role))?;
        std::fs::rename(&new, folder.join(role.file_name()))?;
    }
    Ok(())
}
