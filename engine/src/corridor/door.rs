//! What the headers settle: whether it is an LLM call at all, whose, and whether its body can be read.

use super::reading::Reading;
use crate::api::{Api, Family};
use crate::claim::Claim;
use crate::decide::attributes::Attributes;
use crate::decide::kept::Kept;
use crate::live::Knowledge;
use crate::models;
use crate::names;
use crate::policy::{OnUnknownTenant, OnUnread, OnUnsigned, Policy};
use crate::reason::{Reason, Refusal};
use crate::record::{Disposition, Record};
use crate::reply::{self, Reply};
use crate::request::Violation;
use crate::request::endpoint::{self, Endpoint, Stored};
use crate::request::envelope::{self, HeaderList};
use crate::request::named::Named;
use std::sync::Arc;

/// Who is calling, as the proxy itself has proved it. Asked only when the policy's tenants, rules or budgets need it.
pub trait Caller {
    /// The URI SAN of the verified client certificate (the SPIFFE ID), if any.
    fn principal(&self) -> Option<Vec<u8>>;

    /// A claim of the verified JWT, as Envoy's `jwt_authn` left it in dynamic metadata.
    fn claim(&self, path: &[String]) -> Option<Claim<'_>>;
}

/// What the headers alone settle.
#[derive(Debug)]
pub enum Received {
    /// Leave the request untouched; the record says why if it is an LLM call.
    Pass(Option<Box<Record>>),
    /// Answered or refused without an upstream.
    Reply(Box<Reply>),
    /// An LLM call: feed its body to it.
    Read(Box<Reading>),
}

/// Looks at the request headers. `live` is asked at most once, and only where it can change the decision.
#[must_use]
pub fn receive(
    policy: &Arc<Policy>,
    headers: &HeaderList<'_>,
    caller: &dyn Caller,
    live: &dyn Knowledge,
    end_of_stream: bool,
) -> Received {
    let header = |wanted: &[u8]| headers.iter().find(|(name, _)| *name == wanted).map_or(&[][..], |(_, value)| *value);
    let (method, path) = (header(b":method"), header(b":path"));
    let door = Door { policy, headers, caller, live, path };
    // A preflight says nothing of who asks, and asks for nothing.
    if policy.signs_ids()
        && method != b"OPTIONS"
        && let Some(stored) = Stored::of(path, policy.path_prefixes())
    {
        return door.stored(&stored, end_of_stream);
    }
    let endpoint = endpoint::recognise(path, policy.path_prefixes());
    if let Some(name) = door.looked_up(&endpoint, method) {
        return door.models(Some(&name), door.family());
    }
    match endpoint {
        Endpoint::Other => Received::Pass(None),
        Endpoint::Models if method == b"GET" => door.models(None, door.family()),
        Endpoint::Tags if method == b"GET" => door.models(None, Api::OllamaChat),
        Endpoint::Models | Endpoint::Tags | Endpoint::Model(_) => Received::Pass(None),
        Endpoint::Elsewhere(api) if (method == b"POST" && !end_of_stream) || door.is_websocket() => {
            door.call(api, Ok(Body::Elsewhere))
        }
        Endpoint::Elsewhere(_) => Received::Pass(None),
        // A preflight never reaches a model.
        _ if method == b"OPTIONS" && end_of_stream => Received::Pass(None),
        Endpoint::Ambiguous(api) => door.call(api, Err(Violation::PathSpelling)),
        Endpoint::Named(named) if door.is_websocket() => door.call_named(named.api, Some(&named), Ok(Body::Frames)),
        Endpoint::Named(_) if method != b"POST" && end_of_stream => Received::Pass(None),
        Endpoint::Named(named) => door.named(&named, method, end_of_stream),
        // Reading back what an earlier call left (a batch, say) names no model; a socket does.
        Endpoint::Api(api) if api.is_routable() && door.is_websocket() => door.call(api, Ok(Body::Frames)),
        Endpoint::Api(api) if door.is_websocket() => door.call(api, Ok(Body::Unread)),
        Endpoint::Api(api) if method != b"POST" && end_of_stream && api != Api::Realtime => Received::Pass(None),
        Endpoint::Api(api) if !api.names_in_body() => door.call(api, Ok(Body::Unread)),
        Endpoint::Api(api) if method != b"POST" => door.call(api, Err(Violation::UnexpectedBody)),
        Endpoint::Api(api) if end_of_stream => door.call(api, Err(Violation::NoBody)),
        Endpoint::Api(api) if endpoint::query_names_model(path) => door.call(api, Err(Violation::QueryModel)),
        Endpoint::Api(api) => door.call(api, Ok(Body::Read)),
    }
}

/// What the body of a call is to Pointsman.
enum Body {
    /// What is read: JSON, or a form.
    Read,
    /// Of an API that is recognised and not routed.
    Unread,
    /// Of what looks like an API, where none is known to be.
    Elsewhere,
    /// A websocket.
    Frames,
}

/// The headers of one request, at the door.
struct Door<'a> {
    policy: &'a Arc<Policy>,
    headers: &'a HeaderList<'a>,
    caller: &'a dyn Caller,
    live: &'a dyn Knowledge,
    path: &'a [u8],
}

impl Door<'_> {
    /// An LLM call. Who is calling comes first: what is let through unread is for known callers only.
    fn call(&self, api: Api, body: Result<Body, Violation>) -> Received {
        self.call_named(api, None, body)
    }

    /// A call whose path names the model.
    fn named(&self, named: &Named, method: &[u8], end_of_stream: bool) -> Received {
        let violation = if method != b"POST" {
            Violation::UnexpectedBody
        } else if named.family == Family::Bedrock && envelope::is_signed(self.headers, self.path) {
            Violation::Signed
        } else if end_of_stream {
            Violation::NoBody
        } else if endpoint::query_names_model(self.path) {
            Violation::QueryModel
        } else {
            return self.call_named(named.api, Some(named), Ok(Body::Read));
        };
        self.call_named(named.api, Some(named), Err(violation))
    }

    fn call_named(&self, api: Api, named: Option<&Named>, body: Result<Body, Violation>) -> Received {
        let attributes = Attributes::new(self.policy, api, self.path, self.headers, self.caller).named(named);
        if let Some(refusal) = self.unknown_tenant(&attributes) {
            return refusal;
        }
        match body {
            Ok(Body::Read) => self.read(attributes, named),
            Ok(Body::Unread) => self.unsupported(&attributes),
            Ok(Body::Elsewhere) => {
                let refusal = Reason::UnknownPath.refuse_for(api.name());
                self.pass_or_refuse(&attributes, self.policy.on_failure().unknown_path, &refusal)
            }
            Ok(Body::Frames) => self.refuse(&attributes, &Reason::Websocket.refuse()),
            Err(violation) => self.unread(&attributes, violation),
        }
    }

    /// The model that a client asks about. Its name may look like a method of Google's, which nobody gets.
    fn looked_up(&self, endpoint: &Endpoint, method: &[u8]) -> Option<String> {
        let may_be = match endpoint {
            Endpoint::Model(_) => true,
            Endpoint::Api(api) | Endpoint::Ambiguous(api) => *api == Api::Gemini,
            Endpoint::Named(named) => named.api == Api::Gemini,
            _ => false,
        };
        let is_asked = may_be && method == b"GET" && !self.is_websocket();
        is_asked.then(|| endpoint::looked_up(self.path, self.policy.path_prefixes())).flatten()
    }

    /// Whether the client wants to speak another protocol than HTTP, in HTTP/1.1 or in HTTP/2.
    fn is_websocket(&self) -> bool {
        self.headers.iter().any(|(name, value)| {
            matches!(*name, b"upgrade" | b":protocol")
                && value.to_ascii_lowercase().windows(9).any(|it| it == b"websocket")
        })
    }

    /// An API of the family that asks for the list of models: only Anthropic's clients send this header, and Google's
    /// these, or use a version that only Gemini has.
    fn family(&self) -> Api {
        let sends = |header: &[u8]| self.headers.iter().any(|(name, _)| *name == header);
        if sends(b"anthropic-version") {
            Api::Messages
        } else if sends(b"x-goog-api-key") || sends(b"x-goog-api-client") || endpoint::has_version_of_gemini(self.path)
        {
            Api::Gemini
        } else {
            Api::ChatCompletions
        }
    }

    fn read(&self, attributes: Attributes, named: Option<&Named>) -> Received {
        let envelope = match envelope::read(self.headers, attributes.family, attributes.api) {
            Ok(envelope) => envelope,
            Err(violation) => return self.unread(&attributes, violation),
        };
        if envelope.content_length.is_some_and(|length| length > self.policy.max_body_bytes()) {
            return self.unread(&attributes, Violation::Oversize);
        }
        Received::Read(Box::new(Reading::new(
            self.policy,
            attributes.knowing(self.policy, self.caller, self.live),
            named,
            envelope,
            self.headers,
            self.path,
        )))
    }

    /// A stored response. Nothing but its id can say where it is: one that does not is somebody else's business, as all of them
    /// are where ids are not signed. No rule is asked, for no model is.
    #[inline(never)]
    fn stored(&self, stored: &Stored<'_>, end_of_stream: bool) -> Received {
        let attributes = Attributes::new(self.policy, Api::Responses, self.path, self.headers, self.caller);
        let denies = self.policy.provider_state().unsigned() == Some(OnUnsigned::Deny);
        let kept = Kept::read(self.policy, attributes.tenants.main(), &stored.id);
        if kept == Ok(None) && !denies {
            return Received::Pass(None);
        }
        if let Some(refusal) = self.unknown_tenant(&attributes) {
            return refusal;
        }
        let kept = match kept {
            Ok(Some(kept)) => kept,
            Ok(None) => return self.refuse(&attributes, &Reason::UnsignedResponse.refuse()),
            Err(_) => return self.refuse(&attributes, &Reason::ForeignResponse.refuse()),
        };
        if !end_of_stream {
            return self.refuse(&attributes, &Violation::UnexpectedBody.refuse());
        }
        match kept.model_for(self.policy, &attributes.tenants) {
            Some(model) => Received::Read(Box::new(Reading::recalling(self.policy, attributes, model, &kept, stored))),
            None => self.refuse(&attributes, &Reason::NoCandidateForTenant.refuse()),
        }
    }

    /// The refusal of a caller that is nobody's, if the policy refuses such callers.
    fn unknown_tenant(&self, attributes: &Attributes) -> Option<Received> {
        let unknown = self.policy.has_tenants() && attributes.tenants.main().is_none();
        let allows = self.policy.on_failure().unknown_tenant == OnUnknownTenant::Allow;
        if !unknown || (allows && !attributes.is_caller_unclear) {
            return None;
        }
        Some(self.refuse(attributes, &Reason::UnknownTenant.refuse()))
    }

    /// A request that cannot be read.
    fn unread(&self, attributes: &Attributes, violation: Violation) -> Received {
        self.pass_or_refuse(attributes, self.policy.on_failure().on(violation), &violation.refuse())
    }

    /// A call of an API that is recognised and not routed.
    fn unsupported(&self, attributes: &Attributes) -> Received {
        let routed = attributes.api.is_routable();
        let reason = if routed { Reason::UnsupportedMethod } else { Reason::UnsupportedApi };
        let refusal = reason.refuse_for(attributes.api.name());
        self.pass_or_refuse(attributes, self.policy.on_failure().unsupported_api, &refusal)
    }

    fn pass_or_refuse(&self, attributes: &Attributes, on: OnUnread, refusal: &Refusal) -> Received {
        match on {
            OnUnread::Pass => {
                Received::Pass(Some(Box::new(attributes.record(self.policy, Disposition::Pass, refusal.reason))))
            }
            OnUnread::Deny => self.refuse(attributes, refusal),
        }
    }

    fn refuse(&self, attributes: &Attributes, refusal: &Refusal) -> Received {
        let record = attributes.record(self.policy, Disposition::Deny, refusal.reason);
        Received::Reply(Box::new(reply::refuse(self.policy, attributes.family, record, refusal)))
    }

    fn models(&self, name: Option<&str>, api: Api) -> Received {
        let attributes = Attributes::new(self.policy, api, self.path, self.headers, self.caller);
        if let Some(refusal) = self.unknown_tenant(&attributes) {
            return refusal;
        }
        let record = Record::under(self.policy, &attributes.tenants, Disposition::Models, Reason::Models);
        let body = match name {
            None => Some(models::list(self.policy, &attributes)),
            Some(name) => models::one(self.policy, &attributes, name),
        };
        Received::Reply(Box::new(match body {
            Some(body) => {
                let headers = vec![(names::POLICY_HEADER, self.policy.version().to_owned())];
                Reply { status: 200, headers, body, record }
            }
            None => reply::refuse(self.policy, api.family(), record, &Reason::UnlistedModel.refuse()),
        }))
    }
}
