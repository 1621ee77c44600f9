//! The module's two instances as HTTP filters: written into the listener, or as a file that Envoy follows (ECDS).

use super::xds;
use super::yaml::{indent, quote};
use crate::deployment::Hold;
use crate::project::Project;
use std::path::Path;

/// One instance of the module in the filter chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Router,
    Gate,
    /// Not in the listener's chain: among the filters of clusters.
    Upstream,
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
            Self::Upstream => "pointsman-upstream",
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

impl Plugin {
    pub(crate) fn new(project: &Project, wasm: String) -> Self {
        Self {
            hold: project.deployment.hold,
            wasm,
            policy: project.policy.json(),
            version: project.policy.policy.version().to_owned(),
        }
    }
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
      {source}
    type_urls: [{WASM_TYPE}]
",
        name = role.name(),
        source = indent(&xds::source(folder, &role.file_name()), 6),
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

pub(super) fn typed_config(plugin: &Plugin, role: Role) -> String {
    let stop = match (role, plugin.hold) {
        (Role::Router, Hold::Stop) => {
            "\n  # Lets the headers wait while the body is read (Envoy 1.35 or newer).\n  allow_on_headers_stop_iteration: true"
        }
        _ => "",
    };
    let machine = match role {
        Role::Upstream => {
            // Not by a `vm_id`: what providers say about their limits is shared by that.
            "\n    # A virtual machine of its own: until Envoy 1.39, a cluster would claim all metrics of a shared one.\n    configuration: { \"@type\": type.googleapis.com/google.protobuf.StringValue, value: upstream }"
        }
        Role::Router | Role::Gate => "",
    };
    format!(
        "\"@type\": {WASM_TYPE}
config:
  name: {name}
  root_id: {name}
  # A module that failed is loaded anew; requests are never let through unrouted.
  failure_policy: FAIL_RELOAD{stop}
  vm_config:{machine}
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
        Role::Upstream => "{ \"role\": \"upstream\" }".into(),
    }
}
