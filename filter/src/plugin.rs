//! One configured instance of the module, in one of its roles.

use crate::gate::Gate;
use crate::host;
use crate::logger;
use crate::meter;
use crate::router::Router;
use crate::tallies;
use crate::upstream::Upstream;
use pointsman_engine::config::{PluginConfig, Role};
use pointsman_engine::metric::Sample;
use pointsman_engine::signed_id::KEYS_VARIABLE;
use std::rc::Rc;

/// What a root context stands for. Streams hold the `Rc` they began with: a new configuration gets a new root context
/// and never changes a request that is under way.
#[derive(Clone)]
pub(crate) enum Plugin {
    Router(Rc<Router>),
    Gate(Rc<Gate>),
    Upstream(Rc<Upstream>),
}

impl Plugin {
    /// The version of the policy that it decides by.
    pub(crate) fn policy_version(&self) -> Option<&str> {
        match self {
            Self::Router(router) => Some(router.policy_version()),
            Self::Gate(_) | Self::Upstream(_) => None,
        }
    }

    /// Builds the whole instance or nothing. `None` makes Envoy reject the configuration and keep the one it has.
    pub(crate) fn configure(id: u32, size: usize) -> Option<Self> {
        logger::install();
        let text = host::configuration(size)
            .inspect_err(|status| rejected(&format!("configuration is out of reach: {status}")))
            .ok()?;
        let name = host::property(b"plugin_name");
        let name = String::from_utf8_lossy(name.as_deref().unwrap_or_default());
        let config = match PluginConfig::from_json(&text, &name, &|| std::env::var(KEYS_VARIABLE).ok()) {
            Ok(config) => config,
            Err(errors) => {
                errors.iter().for_each(|error| rejected(&error.to_string()));
                meter::count(&Sample::load(false));
                return None;
            }
        };
        match config.role {
            Role::Router => {
                let Some(policy) = config.policy else {
                    rejected("policy: a router needs a policy");
                    return None;
                };
                if policy.follows_answers() && !tallies::ARE_KEPT {
                    rejected(LOOKS_AT_NO_ANSWERS);
                    return None;
                }
                meter::count(&Sample::load(true));
                meter::count(&Sample::policy(policy.version(), true));
                Some(Self::Router(Rc::new(Router::new(policy, config.hold))))
            }
            Role::Upstream => Some(Self::Upstream(Rc::new(Upstream::default()))),
            Role::Gate => {
                let gate = Gate::register(id)
                    .inspect_err(|status| rejected(&format!("no queue for the gate: {status}")))
                    .ok()?;
                Some(Self::Gate(Rc::new(gate)))
            }
        }
    }
}

/// Of a policy that wants to know what comes back, in a module that is not called for it.
const LOOKS_AT_NO_ANSWERS: &str = "policy: it has answers read (by `usage`, `metrics`, `budgets`, `answerModel` or `providerState.signedIds`), and this module \
    looks at none; load pointsman-answers.wasm in its place";

fn rejected(why: &str) {
    log::error!("configuration rejected: {why}");
}
