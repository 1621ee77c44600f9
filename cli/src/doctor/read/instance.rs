//! An instance of the module, as its filter's configuration says.

use super::tree::Tree;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pointsman_document::Named;
use pointsman_engine::Policy;
use pointsman_engine::config::{Hold, PluginConfig, Role, Told};
use serde_json::Value;
use std::sync::Arc;

/// The keys of a proxy cannot be seen from outside. That there are some, its own answer to the configuration says.
const SOME_KEY: &str = "the proxy has one that nobody sees";

pub(super) const WASM: &str = "envoy.extensions.filters.http.wasm.v3.Wasm";

/// A filter's configuration and the message type it has.
#[derive(Debug, Clone, Copy)]
pub(in crate::doctor) struct Typed<'a> {
    pub(in crate::doctor) message: &'a str,
    pub(in crate::doctor) value: &'a Value,
    /// Whether a matcher decides for each request if the filter runs.
    pub(in crate::doctor) conditional: bool,
}

impl<'a> Typed<'a> {
    /// What really stands in an `Any`: in a `TypedStruct` (Istio's EnvoyFilters), or behind a matcher.
    pub(in crate::doctor) fn of(any: &'a Value) -> Self {
        let message = any.message();
        if message.ends_with(".TypedStruct") {
            let url = any.text("/type_url");
            let message = url.rsplit_once('/').map_or(url, |(_, name)| name);
            return Self { message, value: any.get("value").unwrap_or(&Value::Null), conditional: false };
        }
        match any.pointer("/extension_config/typed_config") {
            Some(inner) if message.ends_with(".ExtensionWithMatcher") => Self { conditional: true, ..Self::of(inner) },
            _ => Self { message, value: any, conditional: false },
        }
    }
}

/// What Envoy does when the module fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::doctor) enum OnTrap {
    Reload,
    Closed,
    Open,
}

#[derive(Debug, Clone)]
pub(in crate::doctor) struct Instance<'a> {
    pub(in crate::doctor) role: Role,
    /// Whether the router waits for a gate.
    pub(in crate::doctor) gated: bool,
    /// The policy, if it is valid.
    pub(in crate::doctor) policy: Option<Arc<Policy>>,
    /// What is wrong with the configuration.
    pub(in crate::doctor) errors: Vec<String>,
    pub(in crate::doctor) on_trap: OnTrap,
    /// `allow_on_headers_stop_iteration`.
    pub(in crate::doctor) flag: bool,
    /// The plugin's name, under which its statistics are.
    pub(in crate::doctor) plugin: &'a str,
}

impl<'a> Instance<'a> {
    /// The instance that a filter is, if it is one of Pointsman's.
    pub(in crate::doctor) fn of(filter: &str, typed: Typed<'a>) -> Option<Self> {
        let config = typed.value.get("config").filter(|_| typed.message == WASM)?;
        let text = configuration(config.get("configuration").unwrap_or(&Value::Null));
        let written: Value = serde_json::from_str(&text).unwrap_or_default();
        let (plugin, file) = (config.text("/name"), config.text("/vm_config/code/local/filename"));
        let named = [filter, plugin, config.text("/root_id"), file].iter().any(|name| name.contains("pointsman"));
        let ours = is_ours(&written);
        if !named && !ours {
            return None;
        }
        let role = Role::named(written.text("/role")).unwrap_or_default();
        let (policy, errors) = match PluginConfig::from_json(text.as_bytes(), "", &|| Some(SOME_KEY.to_owned())) {
            Ok(config) => (config.policy, Vec::new()),
            Err(errors) => (None, errors.iter().map(ToString::to_string).collect()),
        };
        Some(Self {
            role,
            gated: role == Role::Router && written.text("/hold") == Hold::Gate.name(),
            policy,
            errors,
            on_trap: on_trap(config),
            flag: config.is_set("/allow_on_headers_stop_iteration"),
            plugin,
        })
    }

    pub(in crate::doctor) fn hold(&self) -> Option<&'static str> {
        (self.role == Role::Router).then_some(if self.gated { Hold::Gate } else { Hold::Stop }.name())
    }
}

/// Whether a configuration can only be Pointsman's, whatever the filter is called.
fn is_ours(written: &Value) -> bool {
    let Some(fields) = written.as_object() else { return false };
    let known = |field: &String| Told::<()>::FIELDS.contains(&field.as_str());
    let role = Role::named(written.text("/role"));
    written.pointer("/policy/models").is_some() || (role.is_some() && fields.keys().all(known))
}

/// The text that the module gets: Envoy passes a string as it is and a struct as JSON.
fn configuration(any: &Value) -> String {
    let value = any.get("value").unwrap_or(&Value::Null);
    match (any.message(), value) {
        ("google.protobuf.StringValue", Value::String(text)) => text.clone(),
        ("google.protobuf.BytesValue", Value::String(bytes)) => {
            String::from_utf8_lossy(&STANDARD.decode(bytes).unwrap_or_default()).into_owned()
        }
        ("google.protobuf.Struct", value) => value.to_string(),
        _ => String::new(),
    }
}

/// Envoy's default is to keep the failed machine, whatever the documentation of the field says.
fn on_trap(config: &Value) -> OnTrap {
    match config.text("/failure_policy") {
        "FAIL_RELOAD" => OnTrap::Reload,
        "FAIL_OPEN" => OnTrap::Open,
        _ if config.is_set("/fail_open") => OnTrap::Open,
        _ => OnTrap::Closed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn any(configuration: &Value) -> Value {
        json!({
            "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "config": {"name": "llm", "configuration": configuration, "failure_policy": "FAIL_RELOAD"},
        })
    }

    fn check(any: &Value, expected: Option<(Role, bool, usize)>) {
        let instance = Instance::of("filter", Typed::of(any));
        assert_eq!(instance.map(|found| (found.role, found.policy.is_some(), found.errors.len())), expected, "{any}");
    }

    const POLICY: &str = r#"{"models":[{"name":"m","cluster":"c"}]}"#;

    fn string(text: &str) -> Value {
        any(&json!({"@type": "type.googleapis.com/google.protobuf.StringValue", "value": text}))
    }

    #[test]
    fn instances_are_known_by_what_they_are_told() {
        check(&string(&format!(r#"{{"policy":{POLICY}}}"#)), Some((Role::Router, true, 0)));
        check(&string(r#"{"role":"gate"}"#), Some((Role::Gate, false, 0)));
        check(&string(r#"{"role":"gate","colour":"red"}"#), None);
        check(&string(r#"{"rules":[]}"#), None);
        check(&string(""), None);
    }

    #[test]
    fn a_configuration_comes_in_several_forms() {
        let policy: Value = serde_json::from_str(POLICY).unwrap();
        let object = any(&json!({"@type": "type.googleapis.com/google.protobuf.Struct", "value": {"policy": policy}}));
        check(&object, Some((Role::Router, true, 0)));
        let bytes = STANDARD.encode(format!(r#"{{"policy":{POLICY}}}"#));
        let bytes = any(&json!({"@type": "type.googleapis.com/google.protobuf.BytesValue", "value": bytes}));
        check(&bytes, Some((Role::Router, true, 0)));
        let plain = string(r#"{"role":"gate"}"#);
        let url = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";
        let typed = json!({"@type": "type.googleapis.com/udpa.type.v1.TypedStruct", "type_url": url, "value": plain});
        check(&typed, Some((Role::Gate, false, 0)));
        let matcher = "type.googleapis.com/envoy.extensions.common.matching.v3.ExtensionWithMatcher";
        let wrapped = json!({"@type": matcher, "extension_config": {"name": "x", "typed_config": plain}});
        check(&wrapped, Some((Role::Gate, false, 0)));
        assert!(Typed::of(&wrapped).conditional);
    }

    #[test]
    fn one_with_the_name_is_read_even_if_it_is_told_nonsense() {
        let odd = string("{");
        let instance = Instance::of("pointsman-router", Typed::of(&odd)).unwrap();
        assert_eq!((instance.role, instance.errors.len()), (Role::Router, 1));
        check(&string(r#"{"policy":{"models":[{"name":"m"}]}}"#), Some((Role::Router, false, 1)));
    }

    #[test]
    fn without_a_failure_policy_a_failed_machine_stays() {
        for (config, expected) in [
            (json!({}), OnTrap::Closed),
            (json!({"failure_policy": "FAIL_CLOSED"}), OnTrap::Closed),
            (json!({"failure_policy": "FAIL_OPEN"}), OnTrap::Open),
            (json!({"fail_open": true}), OnTrap::Open),
            (json!({"failure_policy": "FAIL_RELOAD"}), OnTrap::Reload),
        ] {
            assert_eq!(on_trap(&config), expected, "{config}");
        }
    }
}
