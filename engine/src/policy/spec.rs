//! The policy document as a whole.

use super::alias::AliasSpec;
use super::budget::BudgetSpec;
use super::catalog::ModelSpec;
use super::failure::FailureSpec;
use super::header::HeaderName;
use super::observation::{AnswerModel, MetricsSpec, UsageSpec};
use super::recording::RecordKind;
use super::rule::RuleSpec;
use super::state::ProviderStateSpec;
use super::tenant::{ProfileSpec, TenantSpec};
use super::text::{Currency, PathPrefix, Plain};
use crate::keys::Accounts;
use crate::naming::{self, Allowed};
use pointsman_document::{Definitions, Document, Path, Read, Report, Some1, Whole, choose, names, object};
use serde_json::{Value, json};

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
        /// Limits and labels that tenants share.
        "profiles" => profiles: Vec<ProfileSpec>,
        /// How much may be used in a window of time.
        "budgets" => budgets: Vec<BudgetSpec>,
        /// The currency of all prices and of `money`, by its code of ISO 4217.
        "currency" => currency: Option<Currency>,
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
        /// What says whose account a request is for, besides the names that are known.
        "accounts" => accounts: AccountsSpec = Document::EMPTY,
        /// What may name a model or a server besides the body's `model`.
        "steering" => steering: SteeringSpec = Document::EMPTY,
        /// What is read of answers: tokens, their cost, how they end. Default: nothing.
        "usage" => usage: Option<UsageSpec>,
        /// What the proxy counts of requests and answers. Default: nothing but what Envoy counts itself.
        "metrics" => metrics: Option<MetricsSpec>,
        /// What decision records hold. `decision`: what was decided. `facts`: also what it was made of, so that `pointsman replay`
        /// can decide again: numbers, yes and no, and hashes, and nothing of a prompt. Every request is then read to its end.
        "record" => record: RecordKind = "decision",
        /// What answers call the model. `provider`: what its provider calls it. `asked`: what the client has asked for.
        "answerModel" => answer_model: AnswerModel = "provider",
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
    /// What says whose account a request is for, besides the headers and query keys that are known. A request with one may
    /// not speak for others when its provider says that a limit is used up, and does not take it along to another provider.
    pub(crate) struct AccountsSpec {
        /// More request headers, in any case.
        "headers" => headers: Vec<HeaderName>,
        /// More keys of the query, in any case.
        "queryKeys" => query_keys: Vec<Plain>,
        /// Request headers that only look like it, such as `x-csrf-token`: answers to requests with them are believed. Those
        /// that are known by name stay known.
        "except" => except: Vec<HeaderName>,
    }
}

impl AccountsSpec {
    #[inline(never)]
    pub(super) fn compile(self) -> Accounts {
        let names = |headers: Vec<HeaderName>| headers.into_iter().map(|header| header.0).collect();
        Accounts {
            headers: names(self.headers),
            parameters: self.query_keys.into_iter().map(|key| key.0.to_ascii_lowercase()).collect(),
            except: names(self.except),
        }
    }
}

object! {
    /// What gateways and servers behind the proxy take for a model, a provider or a server, besides the body's `model`. A
    /// request with such a key is refused, and such a header is taken out, unless it is allowed here.
    pub(crate) struct SteeringSpec {
        /// Keys of the body that pass. The models that they name are held to the tenant's limits and written as their provider
        /// calls them; other things in them pass as they are.
        "allowKeys" => allow_keys: Vec<SteeringKey>,
        /// Request headers that pass.
        "allowHeaders" => allow_headers: Vec<SteeringHeader>,
    }
}

impl SteeringSpec {
    #[inline(never)]
    pub(super) fn compile(self) -> Allowed {
        let mut allowed = Allowed::default();
        self.allow_keys.into_iter().for_each(|key| allowed.allow_key(key.0));
        self.allow_headers.into_iter().for_each(|header| allowed.allow_header(header.0));
        allowed
    }
}

/// Declares a name out of a table.
macro_rules! listed {
    ($(#[doc = $doc:literal] $name:ident $table:path,)+) => {
        $(
            #[doc = $doc]
            #[derive(Clone, Copy, Debug, Default)]
            pub(crate) struct $name(&'static str);

            impl Read for $name {
                fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
                    let choices: Vec<_> = $table().iter().map(|name| (*name, Self(name))).collect();
                    choose(document, &choices, at, report)
                }

                fn schema(_: &mut Definitions) -> Value {
                    json!({ "enum": $table() })
                }
            }
        )+
    };
}

listed! {
    /// A key that steers.
    SteeringKey naming::keys,
    /// A header that steers.
    SteeringHeader naming::headers,
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
        /// Whether refusals that are about models name the caller's tenant and the models that it may use.
        "allowedModels" => allowed_models: bool = false,
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
    fn accounts_are_named_as_headers_are() {
        check(
            r#""accounts": {"headers": ["x y", "X-Pointsman-Cluster"], "queryKeys": [""], "cookies": []}"#,
            &[
                "accounts.cookies: unknown field",
                "accounts.headers[0]: `x y` is not a header name",
                "accounts.headers[1]: is reserved: Pointsman removes it from every request",
                "accounts.queryKeys[0]: is empty, expected a text of 1 to 256 characters without control characters",
            ],
        );
        let policy = valid(r#""accounts": {"headers": ["X-Badge"], "queryKeys": ["Badge"]}"#);
        assert_eq!(policy.account_headers().collect::<Vec<_>>(), ["x-badge"]);
        assert_eq!(policy.accounts().parameters, ["badge"]);
    }

    #[test]
    fn only_what_steers_can_be_allowed() {
        let errors =
            super::super::testing::read(r#""steering": {"allowKeys": ["fallback"], "allowHeaders": ["x-team"]}"#);
        let errors: Vec<_> = errors.err().into_iter().flatten().map(|error| error.to_string()).collect();
        assert!(errors[0].starts_with("steering.allowKeys[0]: unknown value `fallback`"), "{errors:?}");
        assert!(errors[1].starts_with("steering.allowHeaders[0]: unknown value `x-team`"), "{errors:?}");
        let policy = valid(r#""steering": {"allowKeys": ["fallbacks"], "allowHeaders": ["x-litellm-tags"]}"#);
        assert!(!policy.takes_out(b"x-litellm-tags") && policy.takes_out(b"x-portkey-config"));
        assert_ne!(policy.wanted().allowed, valid("").wanted().allowed);
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
