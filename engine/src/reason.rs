//! Why a request became what it became: one table of every reason, with the code that records hold, and for a refusal the
//! status and the sentence that the client gets.
//!
//! Other code compares reasons, never their codes. Two reasons may share a code where clients and log queries need no
//! difference, and differ in status or sentence.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::fmt;

/// The status of a reason that refuses nobody by itself.
const NO_REFUSAL: u16 = 403;

/// Declares each reason once: variant, code, then for refusals the status and the sentence. `{}` stands for what it is about.
macro_rules! reasons {
    ($($(#[doc = $doc:literal])* $reason:ident $code:literal $($status:literal $sentence:literal)?,)*) => {
        /// Why a request became what it became.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[doc = $doc])* $reason,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$reason),*];

            /// What records, response headers and error objects say.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$reason => $code,)* }
            }

            /// The status and the sentence of a refusal.
            const fn refusal(self) -> Option<(u16, &'static str)> {
                match self { $($(Self::$reason => Some(($status, $sentence)),)?)* _ => None }
            }
        }
    };
}

reasons! {
    // Why a model was chosen.

    /// A rule applied.
    Rule "rule",
    /// No rule applied, and the client asked for a model of the catalog.
    Default "default",
    /// No rule applied, and the client asked for an alias that stands for a model.
    Alias "alias",
    /// The id in the path says who keeps the response.
    Kept "kept",
    /// The policy names a model for requests that cannot be decided otherwise.
    OnFailure "onFailure",

    // Why there was nothing to choose.

    /// The client asked for the list of models.
    Models "models",

    // Why a model could not be chosen.

    /// The tenant may not use it.
    Tenant "tenant",
    /// It lacks a label that the tenant requires.
    Label "label",
    /// It does not serve the API.
    Api "api",
    /// It cannot call tools.
    Tools "tools",
    /// It cannot see.
    Vision "vision",
    /// It cannot hear or speak.
    Audio "audio",
    /// It cannot keep to an output format.
    StructuredOutput "structuredOutput",
    /// It cannot reason.
    Reasoning "reasoning",
    /// The input is longer than it can take.
    ContextWindow "contextWindow",
    /// Its provider has said that a rate limit is used up.
    RateLimited "rateLimited",
    /// The request refers to what another provider keeps.
    Held "held",
    /// A budget that its requests count for is used up.
    Budget "budget",
    /// The body names other models as well, which are another provider's. Of a refusal: the caller may not use one of these.
    NamedBesides "namedBesides" 403 "the request also names the model `{}`, which this tenant may not use",

    // Why a request was refused by the policy.

    /// A rule refuses it; the rule has a status and a sentence of its own.
    Denied "denied" 403 "the policy refuses this request",
    /// No rule applied, and the policy's default refuses.
    DefaultDeny "defaultDeny" 403 "no rule of the policy allows this request",
    /// The caller is nobody's.
    UnknownTenant "unknownTenant" 403 "the caller belongs to no tenant of the policy",
    /// Where an API lets clients leave the model out, this one did.
    MissingModel "missingModel" 400 "the request names no model",
    /// A name that is neither a model nor an alias.
    UnknownModel "unknownModel" 404 "the policy knows no model of that name",
    /// The same, of a model whose entry in the list was asked for.
    UnlistedModel "unknownModel" 404 "the model does not exist or this tenant may not use it",
    /// Of the models that the request was meant for, none can serve it.
    NoCandidate "noCandidate" 400 "no model can serve the request; excluded by {}",
    /// Of the models that the request was meant for, the tenant may use none.
    NoCandidateForTenant "noCandidate" 403 "this tenant may not use any model that could serve the request",
    /// An alias that only rules give a model, and none did.
    AliasWithoutModel "noCandidate" 404 "no rule of the policy gives this alias a model",
    /// An API that is recognised and not routed.
    UnsupportedApi "unsupportedApi" 400 "the API `{}` is not routed by this gateway",
    /// The same, of a method or a publisher that is not routed at an API that is.
    UnsupportedMethod "unsupportedApi" 400 "this method of the API `{}` is not routed by this gateway",
    /// What looks like an API, under a base that the policy does not name.
    UnknownPath "unknownPath" 404
        "the path ends like the API `{}`, and the policy names no such base in `pathPrefixes`",
    /// A websocket where an API is called by HTTP.
    Websocket "websocket" 426 "websockets are not served at this path; send the request by HTTP",

    /// A budget that the request counts for is used up, or has less left than the request can take.
    BudgetExceeded "budgetExceeded" 429 "the budget `{}` is used up, or has less left than this request can take",

    // Why a request was not read: what two servers could understand differently.

    /// Not JSON by RFC 8259, or cut off.
    Syntax "syntax" 400 "the request body is not valid JSON",
    /// A byte-order mark, another encoding, invalid UTF-8 or a lone surrogate.
    Encoding "encoding" 400
        "the request body is not plain UTF-8 (byte-order marks, invalid bytes and lone surrogates are refused)",
    /// A NUL, where C strings end.
    Nul "nul" 400 "a key or the model's name holds a NUL character",
    /// Something stands behind the JSON value.
    TrailingData "trailingData" 400 "the request body goes on behind the JSON value",
    /// Nested deeper than the policy's limit.
    TooDeep "tooDeep" 400 "the request body is nested too deeply",
    /// A key that matters stands twice.
    DuplicateKey "duplicateKey" 400 "the key `{}` stands more than once in the request body",
    /// A key that differs from one that matters only in case, in what cannot be seen, or in how its letters are written.
    KeyCase "keyCase" 400 "the request body has a key that differs from `{}` only in case, spaces or forms of letters",
    /// The same, of a key that the policy drops, renames or caps.
    RepeatedParameter "duplicateKey" 400 "a key that the policy limits or changes stands more than once in the request body",
    /// The same as `keyCase`, of such a key.
    ParameterCase "keyCase" 400
        "the request body has a key that differs from one that the policy limits or changes only in case, spaces or forms of \
         letters",
    /// No limit of the output where the tenant has one, and the API has many spellings.
    OutputLimit "outputLimit" 400
        "this tenant's answers have at most {} tokens: say so in the request, as its model spells it",
    /// A value of the wrong type for its key.
    WrongType "wrongType" 400 "the value of `{}` has the wrong type",
    /// A model's name that is none.
    ModelName "modelName" 400 "the model's name is too long or holds control characters",
    /// A key that names other models, or another server.
    ModelList "modelList" 400 "the key `{}` names other models or servers, which only the policy may do",
    /// A model in the path, and another one in the body.
    TwoModels "twoModels" 400
        "the path names the model, and the body names one where another or none belongs",
    /// Signed as AWS's requests are.
    Signed "signedRequest" 400
        "a signed request (AWS SigV4) cannot be routed: its signature covers the host, the path and with it the model; \
         send a bearer key or no key at all, and let the gateway sign",
    /// A model in the query.
    QueryModel "queryModel" 400 "a model in the query is refused; name it in the body",
    /// A signed id of a response that somebody has made up, changed, or got from another tenant.
    ForeignId "foreignId" 400
        "`previous_response_id` is signed, and not by this gateway for this caller",
    /// The same, of an id in the path.
    ForeignResponse "foreignId" 404 "the id of the response is signed, and not by this gateway for this caller",
    /// An id of a response without a signature, where the policy wants one.
    UnsignedId "unsignedId" 400 "`previous_response_id` is not one that this gateway has given out",
    /// The same, of an id in the path.
    UnsignedResponse "unsignedId" 404 "the id of the response is not one that this gateway has given out",
    /// A length that is none.
    ContentLength "contentLength" 400 "the content-length is not a number",
    /// Larger than the policy allows.
    Oversize "oversize" 413 "the request body is larger than the policy allows",
    /// Not JSON by its own word.
    ContentType "contentType" 415 "the content-type must be application/json",
    /// Neither a form nor JSON by its own word.
    FormType "contentType" 415 "the content-type must be multipart/form-data or application/json",
    /// Not one boundary.
    Boundary "boundary" 400
        "the content-type of a form needs exactly one boundary of 1 to 70 characters (letters, digits and `'()+_,-./:=?`), \
         and no other parameter but charset=utf-8",
    /// Not one form to every server.
    Form "form" 400 "the form is not one that every server reads alike: {}",
    /// Not text to every server.
    PartType "partType" 400 "the part `{}` must be plain text in UTF-8, without a file name",
    /// Not UTF-8 by its own word.
    Charset "charset" 415 "the charset must be utf-8",
    /// Compressed.
    ContentEncoding "contentEncoding" 415 "a compressed request body cannot be read; send it uncompressed",
    /// No body where the API needs one.
    NoBody "noBody" 400 "the request has no body",
    /// A body where the method promises none.
    UnexpectedBody "unexpectedBody" 400 "a request body is not allowed with this method",
    /// A path that servers read differently.
    PathSpelling "pathSpelling" 404 "this spelling of the path is not served; use the plain path of the API",

    // Why nothing could be asked.

    /// The requests that are open on this worker keep as much as they may.
    Overloaded "overloaded" 503 "the gateway holds as many requests as it can; try again in a moment",
    /// The filter is not installed as it must be; the sentence says how.
    Installation "installation" 500 "{}",
}

impl Reason {
    /// The first reason of that code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.code() == code)
    }

    /// Whether it is the caller that keeps a model out, and not the request.
    pub(crate) const fn is_about_rights(self) -> bool {
        matches!(self, Self::Tenant | Self::Label)
    }

    /// The refusal that it stands for, about nothing in particular.
    pub(crate) fn refuse(self) -> Refusal {
        self.refuse_for("")
    }

    /// The refusal that it stands for; `what` goes where its sentence leaves a place.
    pub(crate) fn refuse_for(self, what: &str) -> Refusal {
        let (status, sentence) = self.refusal().unwrap_or((NO_REFUSAL, ""));
        let message = if sentence.contains("{}") { sentence.replacen("{}", what, 1).into() } else { sentence.into() };
        Refusal { reason: self, status, message }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = Cow::<str>::deserialize(deserializer)?;
        Self::from_code(&code).ok_or_else(|| de::Error::custom(format_args!("no reason has the code `{code}`")))
    }
}

/// What a client is told when its request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// The HTTP status.
    pub status: u16,
    /// A sentence. It never quotes what the client sent.
    pub message: Cow<'static, str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_lead_back_to_themselves() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()).map(Reason::code), Some(reason.code()));
            let written = serde_json::to_string(reason).expect("a string");
            assert_eq!(serde_json::from_str::<Reason>(&written).map(Reason::code).ok(), Some(reason.code()));
        }
        assert!(serde_json::from_str::<Reason>(r#""sorcery""#).is_err());
    }

    #[test]
    fn a_refusal_fills_the_place_in_its_sentence() {
        let refusal = Reason::DuplicateKey.refuse_for("model");
        assert_eq!(refusal.message, "the key `model` stands more than once in the request body");
        assert_eq!((refusal.status, Reason::Oversize.refuse().status), (400, 413));
        // What is filled in is not filled again.
        assert_eq!(Reason::Installation.refuse_for("a {} b").message, "a {} b");
    }

    #[test]
    fn every_refusal_is_an_error_and_says_so() {
        for (status, sentence) in Reason::ALL.iter().filter_map(|reason| reason.refusal()) {
            assert!((400..600).contains(&status) && !sentence.is_empty() && !sentence.ends_with('.'));
        }
    }
}
