//! One HTTP filter of a chain.

use super::discovered::Discovered;
use super::instance::{Instance, Typed, WASM};
use super::tree::Tree;
use pointsman_engine::config::Role;
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Debug)]
pub(in crate::doctor) struct Filter<'a> {
    pub(in crate::doctor) name: &'a str,
    /// Whether its configuration comes by extension config discovery.
    pub(in crate::doctor) by_discovery: bool,
    /// What it is; `None` while its configuration has not come.
    pub(in crate::doctor) typed: Option<Typed<'a>>,
    /// Whether it does nothing unless a route says otherwise.
    pub(in crate::doctor) disabled: bool,
    pub(in crate::doctor) instance: Option<Instance<'a>>,
}

impl<'a> Filter<'a> {
    pub(in crate::doctor) fn of(filter: &'a Value, discovered: &BTreeMap<&'a str, Discovered<'a>>) -> Self {
        let name = filter.text("/name");
        let discovery = filter.get("config_discovery");
        let came = || discovered.get(name).map(|found| found.config);
        let any = match discovery {
            Some(discovery) => came().or_else(|| discovery.get("default_config")),
            None => filter.get("typed_config"),
        };
        let typed = any.map(Typed::of);
        Self {
            name,
            by_discovery: discovery.is_some(),
            typed,
            disabled: filter.is_set("/disabled"),
            instance: typed.and_then(|typed| Instance::of(name, typed)),
        }
    }

    pub(in crate::doctor) fn is(&self, role: Role) -> bool {
        self.role() == Some(role)
    }

    pub(in crate::doctor) fn role(&self) -> Option<Role> {
        self.instance.as_ref().map(|instance| instance.role)
    }

    /// The filter that istio-agent puts in the place of a module that it could not download, by its statistics' prefix.
    pub(in crate::doctor) fn substitute(&self) -> Option<&'a str> {
        let typed = self.typed.filter(|typed| typed.message.ends_with(".http.rbac.v3.RBAC"))?;
        let prefix = typed.value.text("/rules_stat_prefix");
        ["wasm-default-deny", "wasm-default-allow"].contains(&prefix).then_some(prefix)
    }

    /// What tells its virtual machine from those of other filters, if it runs in one: who names them alike shares it.
    pub(in crate::doctor) fn machine(&self) -> Option<String> {
        let typed = self.typed.filter(|typed| typed.message == WASM)?;
        let config = typed.value.pointer("/config/vm_config")?;
        let code = ["/code/remote/sha256", "/code/local"].into_iter().find_map(|place| config.pointer(place));
        Some(format!("{:?} {:?} {code:?}", config.get("vm_id"), config.get("configuration")))
    }

    /// How people call it: Istio's own name for one of its plugins, else the filter's.
    pub(in crate::doctor) fn title(&self) -> String {
        title(self.name)
    }
}

/// Istio names filters `extensions.istio.io/wasmplugin/NAMESPACE.NAME` up to 1.29, and
/// `extensions.istio.io/trafficextension/NAMESPACE.NAME~istio-translated-wasmplugin` since 1.30.
pub(in crate::doctor) fn title(name: &str) -> String {
    let plugin = |kind: &str, name: &str| match name.split_once('.') {
        Some((namespace, name)) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    };
    let Some(rest) = name.strip_prefix("extensions.istio.io/") else { return name.to_owned() };
    match rest.split_once('/') {
        Some(("wasmplugin", name)) => plugin("WasmPlugin", name),
        Some(("trafficextension", name)) => match name.strip_suffix("~istio-translated-wasmplugin") {
            Some(name) => plugin("WasmPlugin", name),
            None => plugin("TrafficExtension", name),
        },
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn istios_names_are_read_as_what_people_wrote() {
        for (name, expected) in [
            ("extensions.istio.io/wasmplugin/istio-system.pointsman", "WasmPlugin istio-system/pointsman"),
            ("extensions.istio.io/trafficextension/a.b.c~istio-translated-wasmplugin", "WasmPlugin a/b.c"),
            ("extensions.istio.io/trafficextension/a.b", "TrafficExtension a/b"),
            ("envoy.filters.http.wasm", "envoy.filters.http.wasm"),
        ] {
            assert_eq!(title(name), expected);
        }
    }

    #[test]
    fn a_module_that_was_not_downloaded_shows_as_another_filter() {
        let rbac = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC";
        for (prefix, expected) in [("wasm-default-deny", Some("wasm-default-deny")), ("mine", None)] {
            let filter =
                json!({"name": "x", "typed_config": {"@type": rbac, "rules": {}, "rules_stat_prefix": prefix}});
            assert_eq!(Filter::of(&filter, &BTreeMap::new()).substitute(), expected);
        }
    }
}
