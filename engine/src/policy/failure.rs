//! What happens when a request cannot be decided the normal way, cause by cause.

use super::catalog::{Catalog, ModelId};
use super::error::Report;
use super::text::Name;
use crate::request::Violation;
use pointsman_document::{Definitions, Document, Path, Read, choose, names, object, wrong_type};
use serde_json::{Value, json};

object! {
    /// What happens when a request cannot be decided the normal way. Everything is refused by default.
    pub(crate) struct FailureSpec {
        /// A body that is not understood exactly. `pass` forwards it unread, to the default route.
        "unparseable" => unparseable: OnUnread = "deny",
        /// Half a character in a text, as JavaScript leaves it when it cuts an emoji (`"\ud83d"`). `pass` reads it as U+FFFD,
        /// and routes it as it is. In keys and in the model's name it is refused all the same.
        "loneSurrogate" => lone_surrogate: OnUnread = "deny",
        /// A body larger than `limits.maxBodyBytes`. `pass` forwards it unread, to the default route.
        "oversize" => oversize: OnUnread = "deny",
        /// An API that is recognised but cannot be routed. `pass` forwards it unread, to the default route.
        "unsupportedApi" => unsupported_api: OnUnread = "deny",
        /// A request with a body whose path ends like an LLM API's, under a base that is none of `pathPrefixes`. `pass`
        /// forwards it unread, to the default route.
        "unknownPath" => unknown_path: OnUnread = "deny",
        /// A caller that is none of the tenants. `allow` lets it use every model. Irrelevant without tenants.
        "unknownTenant" => unknown_tenant: OnUnknownTenant = "deny",
        /// A name that is neither a model nor an alias, and that no rule routes.
        "unknownModel" => unknown_model: FallbackSpec = "deny",
        /// A request that names no model, for an API where it may, and that no rule routes.
        "missingModel" => missing_model: FallbackSpec = "deny",
        /// A request that none of the models it was meant for can serve.
        "noCandidate" => no_candidate: FallbackSpec = "deny",
    }
}

names! {
    /// What happens to a request that is not read.
    pub(crate) enum OnUnread {
        /// It is refused.
        Deny => "deny",
        /// It is forwarded as it is.
        Pass => "pass",
    }
}

names! {
    /// What happens to a caller that is none of the tenants.
    pub(crate) enum OnUnknownTenant {
        /// It is refused.
        Deny => "deny",
        /// It may use every model.
        Allow => "allow",
    }
}

/// `deny`, or a model to use.
#[derive(Clone, Debug, Default)]
pub(crate) struct FallbackSpec(Option<FallbackModel>);

object! {
    /// A model to use instead. The tenant must be allowed to use it, and it must be able to serve the request.
    pub(crate) struct FallbackModel {
        /// The model.
        "model" => model: Name,
    }
}

impl Read for FallbackSpec {
    fn read(document: &Document, at: &Path<'_>, report: &mut Report) -> Self {
        match document {
            Document::Object(_) => Self(Some(FallbackModel::read(document, at, report))),
            Document::String(_) => {
                choose(document, &[("deny", ())], at, report);
                Self(None)
            }
            other => wrong_type("`deny` or an object with `model`", other, at, report),
        }
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({ "oneOf": [{ "const": "deny" }, FallbackModel::schema(definitions)] })
    }
}

/// What happens when a request cannot be decided the normal way.
#[derive(Clone, Debug)]
pub(crate) struct OnFailure {
    pub(crate) unparseable: OnUnread,
    pub(crate) lone_surrogate: OnUnread,
    pub(crate) oversize: OnUnread,
    pub(crate) unsupported_api: OnUnread,
    pub(crate) unknown_path: OnUnread,
    pub(crate) unknown_tenant: OnUnknownTenant,
    /// A model to use, or `None`: refuse. So below.
    pub(crate) unknown_model: Option<ModelId>,
    pub(crate) missing_model: Option<ModelId>,
    pub(crate) no_candidate: Option<ModelId>,
}

impl OnFailure {
    /// What happens to a request that cannot be read for this reason.
    pub(crate) fn on(&self, violation: Violation) -> OnUnread {
        match violation {
            Violation::Oversize => self.oversize,
            _ => self.unparseable,
        }
    }
}

impl FailureSpec {
    #[inline(never)]
    pub(super) fn compile(self, catalog: &Catalog, at: &Path<'_>, report: &mut Report) -> OnFailure {
        let mut model = |key: &'static str, fallback: FallbackSpec| {
            let at = at.key(key);
            fallback.0.and_then(|fallback| catalog.resolve(&fallback.model, &at.key("model"), report))
        };
        OnFailure {
            unparseable: self.unparseable,
            lone_surrogate: self.lone_surrogate,
            oversize: self.oversize,
            unsupported_api: self.unsupported_api,
            unknown_path: self.unknown_path,
            unknown_tenant: self.unknown_tenant,
            unknown_model: model("unknownModel", self.unknown_model),
            missing_model: model("missingModel", self.missing_model),
            no_candidate: model("noCandidate", self.no_candidate),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::policy::testing::{check, valid};
    use crate::policy::{ModelId, OnUnknownTenant, OnUnread};

    #[test]
    fn everything_is_refused_by_default() {
        let policy = valid("");
        let on_failure = policy.on_failure();
        assert!(
            [
                on_failure.unparseable,
                on_failure.lone_surrogate,
                on_failure.oversize,
                on_failure.unsupported_api,
                on_failure.unknown_path,
            ]
            .iter()
            .all(|on| *on == OnUnread::Deny)
        );
        assert!(
            [on_failure.unknown_model, on_failure.missing_model, on_failure.no_candidate].iter().all(Option::is_none)
        );
        assert_eq!(on_failure.unknown_tenant, OnUnknownTenant::Deny);
    }

    #[test]
    fn a_model_can_stand_in() {
        let policy = valid(
            r#""onFailure": {"unknownModel": {"model": "llama-small"}, "missingModel": "deny", "oversize": "pass"}"#,
        );
        assert_eq!(policy.on_failure().unknown_model, Some(ModelId(1)));
        assert_eq!(policy.on_failure().missing_model, None);
        assert_eq!(policy.on_failure().oversize, OnUnread::Pass);
    }

    #[test]
    fn anything_else_is_an_error() {
        check(
            r#""onFailure": {"unknownModel": "allow", "missingModel": {"model": "gpt-4"}, "noCandidate": {"modl": "gpt-4o"},
                "oversize": "allow", "unparseable": true, "unknownTenant": "pass"}"#,
            &[
                "onFailure.unparseable: expected a string, found true or false",
                "onFailure.oversize: unknown value `allow`, expected one of `deny`, `pass`",
                "onFailure.unknownTenant: unknown value `pass`, expected one of `deny`, `allow`",
                "onFailure.unknownModel: unknown value `allow`, expected one of `deny`",
                "onFailure.noCandidate.modl: unknown field; did you mean `model`?",
                "onFailure.noCandidate.model: is required",
                "onFailure.missingModel.model: no model `gpt-4` in the catalog; did you mean `gpt-4o`?",
            ],
        );
        check(
            r#""onFailure": {"noCandidate": 1}"#,
            &["onFailure.noCandidate: expected `deny` or an object with `model`, found a number"],
        );
    }
}
