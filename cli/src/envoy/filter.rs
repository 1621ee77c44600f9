//! The module's two instances as HTTP filters: written into the listener, or as a file that Envoy follows (ECDS).

use super::{config_source, typed};
use crate::policy_file::PolicyFile;
use crate::project::Project;
use crate::yaml::{List, Map, Tree, document, json, literal, quoted};
use pointsman_document::Named;
use pointsman_engine::config::{Hold, Role, Told};
use pointsman_engine::signed_id::KEYS_VARIABLE;
use std::path::Path;

/// The instances that a hold mode needs, in chain order.
pub(super) fn chain(hold: Hold) -> &'static [Role] {
    match hold {
        Hold::Stop => &[Role::Router],
        Hold::Gate => &[Role::Router, Role::Gate],
    }
}

/// Name of the filter, its root id and its ECDS file.
pub(super) fn name(role: Role) -> String {
    format!("pointsman-{}", role.name())
}

pub(super) fn file_name(role: Role) -> String {
    format!("{}.yaml", name(role))
}

/// What the instances need to know.
#[derive(Debug, Clone)]
pub(crate) struct Plugin {
    pub(crate) hold: Hold,
    /// Path of the module, as Envoy sees it.
    pub(crate) wasm: String,
    /// The policy document.
    pub(crate) policy: Tree,
    pub(crate) version: String,
    /// Whether the module counts.
    pub(crate) has_metrics: bool,
    /// Whether the module has to see the keys that ids are signed with.
    pub(crate) signs_ids: bool,
}

impl Plugin {
    pub(crate) fn new(project: &Project, wasm: String) -> Self {
        let nothing = Self {
            hold: project.deployment.hold,
            wasm,
            policy: Tree::Null,
            version: String::new(),
            has_metrics: false,
            signs_ids: false,
        };
        nothing.with(&project.policy)
    }

    /// The same with another policy.
    pub(crate) fn with(&self, policy: &PolicyFile) -> Self {
        Self {
            policy: document(&policy.source.document),
            version: policy.policy.version().to_owned(),
            has_metrics: policy.policy.has_metrics(),
            signs_ids: policy.policy.signs_ids(),
            ..self.clone()
        }
    }
}

/// Envoy's filter that runs a module.
pub(crate) const WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";

/// The filter with its configuration in place.
pub(super) fn inline(plugin: &Plugin, role: Role) -> Map {
    typed::extension(name(role), typed_config(plugin, role))
}

/// The filter with its configuration in `folder`, which Envoy reads again when a file is moved there.
pub(super) fn discovered(role: Role, folder: &Path) -> Map {
    let discovery = Map::new()
        .with("config_source", config_source::followed(folder, &file_name(role)))
        .with("type_urls", List::line([typed::url(WASM)]));
    Map::new().with("name", name(role)).with("config_discovery", discovery)
}

/// What stands in the file that `discovered` points to.
pub(super) fn resource(plugin: &Plugin, role: Role) -> Map {
    typed::message("envoy.config.core.v3.TypedExtensionConfig").and(inline(plugin, role))
}

fn typed_config(plugin: &Plugin, role: Role) -> Map {
    let config = Map::new().with("name", name(role)).with("root_id", name(role)).noted(
        "A module that failed is loaded anew; requests are never let through unrouted.",
        "failure_policy",
        "FAIL_RELOAD",
    );
    let config = if (role, plugin.hold) == (Role::Router, Hold::Stop) {
        let why = "Lets the headers wait while the body is read (Envoy 1.35 or newer).";
        config.noted(why, "allow_on_headers_stop_iteration", true)
    } else {
        config
    };
    typed::message(WASM).with(
        "config",
        config.with("vm_config", machine(plugin, role)).with("configuration", configuration(told(plugin, role))),
    )
}

fn machine(plugin: &Plugin, role: Role) -> Map {
    let machine = match role {
        // Not by a `vm_id`: what providers say about their limits is shared by that.
        Role::Upstream => Map::new().noted(
            "A virtual machine of its own: until Envoy 1.39, a cluster would claim all metrics of a shared one.",
            "configuration",
            typed::short_message(STRING).with("value", "upstream"),
        ),
        Role::Router | Role::Gate if plugin.signs_ids => keys_seen(),
        Role::Router | Role::Gate => Map::new(),
    };
    let file = Map::line().with("filename", quoted(&plugin.wasm));
    machine.with("runtime", RUNTIME).with("code", Map::line().with("local", file))
}

/// What lets a module see the keys. It has a name of its own: a machine that runs without them would be taken otherwise.
pub(crate) fn keys_seen() -> Map {
    let keys = List::line([KEYS_VARIABLE]);
    Map::new()
        .noted(
            "A virtual machine that sees the keys which ids are signed with, in Envoy's environment.",
            "configuration",
            typed::short_message(STRING).with("value", "signedIds"),
        )
        .with("environment_variables", Map::line().with("host_env_keys", keys))
}

/// What runs the module.
pub(crate) const RUNTIME: &str = "envoy.wasm.runtime.v8";

const STRING: &str = "google.protobuf.StringValue";

fn told(plugin: &Plugin, role: Role) -> Told<Tree> {
    match role {
        Role::Router => Told::Router { hold: plugin.hold, policy: plugin.policy.clone() },
        Role::Gate => Told::Gate,
        Role::Upstream => Told::Upstream,
    }
}

/// What the module gets in `on_configure`: JSON as text, which reaches it letter by letter.
pub(crate) fn configuration(told: Told<Tree>) -> Map {
    let map = if told.role() == Role::Router { Map::new() } else { Map::line() };
    typed::message(STRING).with("value", literal(json(&members(map, told).into())))
}

/// The same as values, for a control plane that makes the text.
pub(crate) fn members(map: Map, told: Told<Tree>) -> Map {
    told.members(Tree::from, |policy| policy).fold(map, |map, (field, value)| map.with(field, value))
}
