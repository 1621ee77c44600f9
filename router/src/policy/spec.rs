//! The policy document as a whole.

use super::alias::AliasSpec;
use super::catalog::ModelSpec;
use super::failure::FailureSpec;
use super::document::Document;
use super::object::{names, object};
use super::read::{Some1, Whole};
use super::rule::RuleSpec;
use super::tenant::TenantSpec;
use super::text::{PathPrefix, Plain};

/// `limits.maxBodyBytes` where it is not given: 32 MiB.
const MAX_BODY_BYTES: u32 = 32 << 20;

/// `limits.maxDepth` where it is not given.
const MAX_DEPTH: u32 = 128;

object! {
    /// Which LLM request may and should go to which model.
    pub(crate) struct PolicySpec {
        /// The models that exist.
        "models" => models: Some1<ModelSpec>,
        /// Names that clients may ask for besides the models' own.
        "aliases" => aliases: Vec<AliasSpec>,
        /// Who is calling. Without tenants, everyone may use every model.
        "tenants" => tenants: Vec<TenantSpec>,
        /// Conditions and actions. The first that applies acts.
        "rules" => rules: Vec<RuleSpec>,
        /// What happens to requests to which no rule applies.
        "default" => default: DefaultSpec = Document::EMPTY,
        /// What happens when a request cannot be decided the normal way.
        "onFailure" => on_failure: FailureSpec = Document::EMPTY,
        /// How much of a request is read.
        "limits" => limits: LimitsSpec = Document::EMPTY,
        /// What clients see of the decision.
        "visibility" => visibility: VisibilitySpec = Document::EMPTY,
        /// Where the proxy leaves what it has proved about the caller.
        "identity" => identity: IdentitySpec = Document::EMPTY,
        /// Path prefixes in front of the APIs' paths, besides none: `/openai` for `/openai/v1/chat/completions`.
        "pathPrefixes" => path_prefixes: Vec<PathPrefix>,
    }
}

object! {
    /// What happens to requests to which no rule applies.
    pub(crate) struct DefaultSpec {
        /// `allow`: a model that the tenant may use goes to its own cluster. `deny`: refused.
        "action" => action: DefaultAction = "allow",
    }
}

names! {
    /// What happens to requests to which no rule applies.
    pub(crate) enum DefaultAction {
        /// A known, allowed model goes to its own cluster.
        Allow => "allow",
        /// Every request is refused.
        Deny => "deny",
    }
}

object! {
    /// How much of a request is read.
    pub(crate) struct LimitsSpec {
        /// The largest body, in bytes.
        "maxBodyBytes" => max_body_bytes: Whole<1024, 1_073_741_824> = MAX_BODY_BYTES,
        /// The deepest nesting of lists and objects.
        "maxDepth" => max_depth: Whole<8, 512> = MAX_DEPTH,
    }
}

object! {
    /// What clients see of the decision.
    pub(crate) struct VisibilitySpec {
        /// Whether answers carry `x-pointsman-model`, `x-pointsman-rule` and `x-pointsman-reason`.
        "responseHeaders" => response_headers: bool = false,
    }
}

object! {
    /// Where the proxy leaves what it has proved about the caller.
    pub(crate) struct IdentitySpec {
        /// The verified JWT.
        "jwt" => jwt: JwtSpec = Document::EMPTY,
    }
}

object! {
    /// Where Envoy's `jwt_authn` filter leaves the claims of a verified JWT, in dynamic metadata.
    pub(crate) struct JwtSpec {
        /// The metadata namespace.
        "namespace" => namespace: Plain = "envoy.filters.http.jwt_authn",
        /// The key of the payload: what `payload_in_metadata` says there.
        "payload" => payload: Plain = "jwt_payload",
    }
}
