//! What one instance of the module is told by the proxy: its role, and for the router its policy.

use crate::policy::error::{PolicyErrorKind, PolicyFault, Report};
use crate::policy::{Policy, PolicyErrors};
use pointsman_document::{Definitions, Document, Named, Path, Read, names, object};
use serde_json::{Value, json};
use std::sync::Arc;

object! {
    /// The plugin configuration.
    pub(crate) struct PluginSpec {
        /// What the instance does.
        "role" => role: Role = "router",
        /// How the router holds the request while it reads the body.
        "hold" => hold: Option<Hold>,
        /// The policy, for the router.
        "policy" => policy: Option<Given>,
    }
}

names! {
    /// What an instance of the module does.
    pub enum Role {
        /// Reads requests and decides.
        Router => "router",
        /// Stands behind the router and holds requests until it has decided.
        Gate => "gate",
        /// Writes each attempt of a request, in the clusters of a failover chain.
        Upstream => "upstream",
    }
}

names! {
    /// How a request waits while its body is read.
    pub enum Hold {
        /// The router itself stops the headers: needs `allow_on_headers_stop_iteration`.
        Stop => "stop",
        /// A second instance, the gate, stops them.
        Gate => "gate",
    }
}

/// What an instance is told, for whoever writes a proxy's configuration: the one writer of what
/// [`PluginConfig::from_json`] reads. The proxy wants JSON in one place and YAML in another, so it gives members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told<P> {
    /// To decide by this policy, and to hold requests in this way.
    Router {
        /// How requests wait while their bodies are read.
        hold: Hold,
        /// The policy, in whatever form the writer has it.
        policy: P,
    },
    /// To hold requests until the router has decided.
    Gate,
    /// To write each attempt.
    Upstream,
}

impl<P> Told<P> {
    /// The fields that a plugin configuration can have, in the order in which they are written.
    pub const FIELDS: [&'static str; 3] = ["role", "hold", "policy"];

    /// What the instance does.
    pub fn role(&self) -> Role {
        match self {
            Self::Router { .. } => Role::Router,
            Self::Gate => Role::Gate,
            Self::Upstream => Role::Upstream,
        }
    }

    /// The members of the plugin configuration, each a name or the policy: `name` and `policy` make values of them.
    pub fn members<V>(
        self,
        name: impl Fn(&'static str) -> V,
        policy: impl FnOnce(P) -> V,
    ) -> impl Iterator<Item = (&'static str, V)> {
        let role = name(self.role().name());
        let (hold, policy) = match self {
            Self::Router { hold, policy: given } => (Some(name(hold.name())), Some(policy(given))),
            Self::Gate | Self::Upstream => (None, None),
        };
        Self::FIELDS.into_iter().zip([Some(role), hold, policy]).filter_map(|(field, value)| Some((field, value?)))
    }
}

/// A policy that is there. It is read once the role is known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Given;

impl Read for Given {
    fn read(_: &Document, _: &Path<'_>, _: &mut Report) -> Self {
        Self
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "object" })
    }
}

/// A valid plugin configuration.
#[derive(Clone, Debug)]
pub struct PluginConfig {
    /// What the instance does.
    pub role: Role,
    /// How requests wait while their bodies are read.
    pub hold: Hold,
    /// The policy: always there for the router, never for the others.
    pub policy: Option<Arc<Policy>>,
}

impl PluginConfig {
    /// Reads the configuration of the plugin of that name; every error is reported, those of the policy below `policy`.
    /// `id_keys` is called where the policy signs ids, and gives what [`KEYS_VARIABLE`](crate::signed_id::KEYS_VARIABLE)
    /// holds.
    pub fn from_json(json: &[u8], plugin: &str, id_keys: &dyn Fn() -> Option<String>) -> Result<Self, PolicyErrors> {
        if json.trim_ascii().is_empty() {
            return Err(PolicyErrors::whole(PolicyFault::Absent.into()));
        }
        let document = Document::from_json(json)?;
        let (mut report, root) = (Report::default(), Path::Root);
        let spec = PluginSpec::read(&document, &root, &mut report);
        let at = root.key("policy");
        let policy = match (spec.role, spec.policy.and_then(|Given| document.get("policy"))) {
            (Role::Router, Some(policy)) => keyed(Policy::read(policy, &at, &mut report), &at, &mut report, id_keys),
            (Role::Router, None) if report.is_lost(&root.key("role")) => None,
            (Role::Router, None) => report.lose(&at, PolicyErrorKind::Missing),
            (Role::Gate, Some(_)) => report.lose(&at, PolicyErrorKind::NotHere { why: "the gate holds no policy" }),
            (Role::Upstream, Some(_)) => {
                report.lose(&at, PolicyErrorKind::NotHere { why: "the upstream role holds no policy" })
            }
            (Role::Gate | Role::Upstream, None) => None,
        };
        if spec.role != Role::Router && spec.hold.is_some() {
            report.add(&root.key("hold"), PolicyErrorKind::NotHere { why: "only the router can be told how to hold" });
        }
        let hold = spec.hold.unwrap_or(if spec.role != Role::Router { Hold::Gate } else { Hold::Stop });
        report.finish(Self { role: spec.role, hold, policy: policy.map(|policy| Arc::new(policy.read_by(plugin))) })
    }
}

/// The policy with the keys that it signs ids with.
#[inline(never)]
fn keyed(policy: Policy, at: &Path<'_>, report: &mut Report, keys: &dyn Fn() -> Option<String>) -> Option<Policy> {
    let keys = if policy.signs_ids() { keys() } else { None };
    policy
        .with_id_keys(keys.as_deref())
        .map_err(|fault| report.add(&at.key("providerState").key("signedIds"), fault))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"{"models": [{"name": "m", "cluster": "c"}]}"#;

    fn check(json: &str, expected: Result<(Role, Hold), &str>) {
        let read = PluginConfig::from_json(json.replace("POLICY", POLICY).as_bytes(), "", &|| None);
        if let Ok(config) = &read {
            assert_eq!(config.policy.is_some(), config.role == Role::Router);
        }
        let read = read.map(|config| (config.role, config.hold)).map_err(|errors| errors.to_string());
        assert_eq!(read, expected.map_err(str::to_owned), "{json}");
    }

    #[test]
    fn the_router_holds_by_itself_by_default() {
        check(r#"{"policy": POLICY}"#, Ok((Role::Router, Hold::Stop)));
        check(r#"{"role": "router", "hold": "gate", "policy": POLICY}"#, Ok((Role::Router, Hold::Gate)));
    }

    #[test]
    fn the_gate_needs_nothing_else() {
        check(r#"{"role": "gate"}"#, Ok((Role::Gate, Hold::Gate)));
        check(r#"{"role": "gate", "policy": POLICY}"#, Err("policy: the gate holds no policy"));
        check(r#"{"role": "gate", "hold": "stop"}"#, Err("hold: only the router can be told how to hold"));
    }

    #[test]
    fn attempts_need_nothing_else() {
        check(r#"{"role": "upstream"}"#, Ok((Role::Upstream, Hold::Gate)));
        check(r#"{"role": "upstream", "policy": POLICY}"#, Err("policy: the upstream role holds no policy"));
        check(r#"{"role": "upstream", "hold": "stop"}"#, Err("hold: only the router can be told how to hold"));
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let policy = || serde_json::from_str::<Value>(POLICY).unwrap();
        for (told, expected) in [
            (Told::Router { hold: Hold::Stop, policy: policy() }, (Role::Router, Hold::Stop)),
            (Told::Router { hold: Hold::Gate, policy: policy() }, (Role::Router, Hold::Gate)),
            (Told::Gate, (Role::Gate, Hold::Gate)),
            (Told::Upstream, (Role::Upstream, Hold::Gate)),
        ] {
            assert_eq!(Role::named(told.role().name()), Some(expected.0));
            let members = told.members(Value::from, |policy| policy);
            let written: serde_json::Map<_, _> = members.map(|(field, value)| (field.to_owned(), value)).collect();
            check(&Value::from(written).to_string(), Ok(expected));
        }
        assert_eq!(Role::named("gatee"), None);
    }

    #[test]
    fn every_field_that_is_read_can_be_written() {
        let fields = Told::<()>::FIELDS.map(|field| format!("\"{field}\": 0")).join(", ");
        let errors =
            PluginConfig::from_json(format!("{{{fields}, \"other\": 0}}").as_bytes(), "", &|| None).unwrap_err();
        let unknown: Vec<_> = errors.iter().filter(|error| error.to_string().contains("unknown field")).collect();
        assert_eq!(unknown.len(), 1, "{errors}");
    }

    #[test]
    fn who_signs_needs_a_key_that_the_configuration_does_not_hold() {
        let signing = POLICY.replace("]}", r#"], "providerState": {"signedIds": {}}}"#);
        let read = |keys: Option<&str>| {
            let json = format!(r#"{{"policy": {signing}}}"#);
            PluginConfig::from_json(json.as_bytes(), "", &|| keys.map(ToOwned::to_owned))
        };
        assert!(read(Some("0123456789abcdef0123456789abcdef")).is_ok());
        for (keys, expected) in [(None, "holds, and there is none"), (Some("secret"), "at least 32 characters")] {
            let error = read(keys).expect_err("no key").to_string();
            assert!(error.starts_with("policy.providerState.signedIds: ") && error.contains(expected), "{error}");
            assert!(error.contains("POINTSMAN_ID_KEYS") && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn no_configuration_is_one_clear_error() {
        let absent = "is empty; the plugin configuration needs `role` and, for the router, `policy`";
        check("", Err(absent));
        check(" \n", Err(absent));
        check("{}", Err("policy: is required"));
        check(r#"{"role": "gatee"}"#, Err("role: unknown value `gatee`; did you mean `gate`?"));
        check("[1]", Err("expected an object, found a list"));
        check("{", Err("not valid JSON: EOF while parsing an object at line 1 column 1"));
    }

    #[test]
    fn errors_of_the_policy_stand_below_it() {
        let json =
            r#"{"role": "router", "policy": {"models": [{"name": "m", "cluster": ""}], "modles": []}, "polcy": 1}"#;
        let expected = [
            "polcy: unknown field; did you mean `policy`?",
            "policy.modles: unknown field; did you mean `models`?",
            "policy.models[0].cluster: is empty, expected a cluster name (visible ASCII characters, at most 256)",
        ];
        check(json, Err(&expected.join("\n")));
    }
}
