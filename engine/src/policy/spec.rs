//! The policy document as a whole.

use super::alias::AliasSpec;
use super::catalog::ModelSpec;
use super::failure::FailureSpec;
use super::rule::RuleSpec;
use super::state::ProviderStateSpec;
use super::tenant::TenantSpec;
use super::text::{PathPrefix, Plain};
use pointsman_document::{Document, Some1, Whole, names, object};

/// `limits.maxBodyBytes` where it is not given: 32 MiB.
const MAX_BODY_BYTES: u32 = 32 << 20;

/// `limits.maxDepth` where it is not given.
const MAX_DEPTH: u32 = 128;

/// `feedback.maxSeconds` where it is not given: the window of most providers' limits.
const MAX_FEEDBACK_SECONDS: u32 = 60;

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
        /// What providers' answers change for the requests after them.
        "feedback" => feedback: FeedbackSpec = Document::EMPTY,
        /// What providers keep, and who knows of it.
        "providerState" => provider_state: ProviderStateSpec = Document::EMPTY,
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
    /// What providers' answers change for the requests after them.
    pub(crate) struct FeedbackSpec {
        /// Whether a model whose provider says that a rate limit is used up is left out for as long as the provider says,
        /// where another model can serve.
        "rateLimits" => rate_limits: bool = true,
        /// The longest time that an answer can leave a model out for, in seconds.
        "maxSeconds" => max_seconds: Whole<1, 3600> = MAX_FEEDBACK_SECONDS,
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

#[cfg(test)]
mod tests {
    use crate::policy::DefaultAction;
    use crate::policy::testing::{check, valid};

    #[test]
    fn defaults_are_the_documented_ones() {
        let policy = valid("");
        assert_eq!(policy.default_action(), DefaultAction::Allow);
        assert_eq!((policy.max_body_bytes(), policy.max_depth()), (33_554_432, 128));
        assert_eq!(
            (policy.jwt().namespace.as_str(), policy.jwt().payload.as_str()),
            ("envoy.filters.http.jwt_authn", "jwt_payload")
        );
        assert!(!policy.tells_clients() && !policy.uses_principal() && !policy.has_tenants());
    }

    #[test]
    fn unknown_and_empty_sections_are_errors() {
        check(
            r#""rulez": [], "rules": null"#,
            &["rulez: unknown field; did you mean `rules`?", "rules: expected a list, found nothing"],
        );
    }

    #[test]
    fn limits_are_sane() {
        check(
            r#""limits": {"maxBodyBytes": 5, "maxDepth": 1000000}"#,
            &["limits.maxBodyBytes: must be from 1024 to 1073741824", "limits.maxDepth: must be from 8 to 512"],
        );
    }

    #[test]
    fn path_prefixes_are_paths() {
        let error =
            "is not a path prefix such as `/openai` (starts with `/`, does not end with it, no query, no `//` or `..`)";
        for bad in ["openai", "/openai/", "/", "/a//b", "/a/../b", "/a?b", "/a%2fb"] {
            check(&format!(r#""pathPrefixes": ["/openai", "{bad}"]"#), &[&format!("pathPrefixes[1]: `{bad}` {error}")]);
        }
        assert_eq!(valid(r#""pathPrefixes": ["/openai", "/a/b.c-d_e"]"#).path_prefixes(), ["/openai", "/a/b.c-d_e"]);
    }

    #[test]
    fn one_policy_has_one_version() {
        let version = |part: &str| valid(part).version().to_owned();
        assert_eq!(
            version(r#""limits": {"maxDepth": 9, "maxBodyBytes": 2048}"#),
            version(r#""limits": {"maxBodyBytes": 2048.0, "maxDepth": 9e0}"#)
        );
        assert_ne!(version(r#""limits": {"maxDepth": 9}"#), version(r#""limits": {"maxDepth": 10}"#));
        assert_eq!(version("").len(), 64);
    }
}
