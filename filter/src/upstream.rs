//! One attempt to send a request: the model of the endpoint that Envoy has chosen is written into it.
//!
//! Runs among the upstream filters of a cluster, once for each attempt. The endpoint's metadata says which model it stands
//! for; the plan that the router has left says what that model needs, and which models the request may go to at all.
//! Every attempt starts from the plan: Envoy hands all attempts the same header map, so what one has set, the next finds.
//!
//! This role asks for headers by name, never for all of them, and the names are the constants of this file and of the
//! engine. None of them holds a key: those of clients are removed in front of it, those of providers are added behind it.
//!
//! Nothing is ever paused at the headers. Place and length are known from the plan, so the headers are right at once, and
//! the value is replaced when its bytes come by.

use crate::feedback;
use crate::host::{self, Action, Headers, Status};
use crate::installation::{
    self, BODY_DOES_NOT_FIT, Complaints, ENDPOINT_UNMARKED, MODEL_NOT_IN_PLAN, NO_PLAN, OTHER_VM_ID,
};
use crate::splice::{some, splice};
use pointsman_engine::Splice;
use pointsman_engine::attempt::{Attempt, Plan, Tried};
use pointsman_engine::names::{ATTEMPT_PROPERTY, PLAN_HEADER, PLAN_PROPERTY, PROVIDER_HEADER};
use std::rc::Rc;

const PATH: &str = ":path";
const AUTHORITY: &str = ":authority";
const CONTENT_LENGTH: &str = "content-length";

/// The endpoint's metadata.
const MARK: &[u8] = b"xds\0upstream_host_metadata\0filter_metadata\0pointsman";
/// How many attempts there have been, this one included.
const ATTEMPT_COUNT: &[u8] = b"upstream\0request_attempt_count";
/// Filter state that keeps the client's `:authority`, for an endpoint that has none of its own.
const CLIENT_AUTHORITY: &str = "pointsman_authority";

/// A configured instance on one worker.
pub(crate) struct Upstream {
    complaints: Complaints,
}

impl Upstream {
    pub(crate) const fn new() -> Self {
        Self { complaints: Complaints::new() }
    }

    /// Ends the request, not only this attempt: another one would meet the same installation.
    fn refuse(&self, path: &[u8], mistake: &str) -> Action {
        self.complaints.log(mistake);
        let _ = host::set_property(ATTEMPT_PROPERTY, installation::REFUSED_ATTEMPT);
        installation::answer(pointsman_engine::reply::installation(path, mistake))
    }
}

/// An attempt under way.
pub(crate) struct Stream {
    plugin: Rc<Upstream>,
    model: String,
    /// What the provider says about its limits is about everybody's requests, and not about one client's key, or copies.
    hears: bool,
    phase: Phase,
}

enum Phase {
    /// The model's place is still to come. So many bytes have gone by; they are not shown again.
    Before { attempt: Attempt, passed: usize },
    /// The model is written; the rest passes.
    Through,
}

/// What metadata says of an endpoint.
struct Mark<'a> {
    model: &'a str,
    provider: Option<&'a [u8]>,
    authority: Option<&'a [u8]>,
}

impl<'a> Mark<'a> {
    fn read(metadata: &'a [u8]) -> Option<Self> {
        let pairs = host::map(metadata)?;
        let value = |wanted: &[u8]| {
            pairs.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value).filter(|value| !value.is_empty())
        };
        let model = std::str::from_utf8(value(b"model")?).ok()?;
        Some(Self { model, provider: value(b"provider"), authority: value(b"authority") })
    }
}

pub(crate) fn on_request_headers(plugin: &Rc<Upstream>, end_of_stream: bool) -> (Action, Option<Box<Stream>>) {
    match begin(plugin, end_of_stream) {
        Ok(stream) => (Action::Continue, Some(Box::new(stream))),
        Err(mistake) => {
            let path = host::header(Headers::Request, PATH);
            (plugin.refuse(path.as_deref().unwrap_or_default(), &mistake), None)
        }
    }
}

fn begin(plugin: &Rc<Upstream>, end_of_stream: bool) -> Result<Stream, String> {
    let plan = plan()?.ok_or(NO_PLAN)?;
    let metadata = host::property(MARK).ok_or(ENDPOINT_UNMARKED)?;
    let mark = Mark::read(&metadata).ok_or(ENDPOINT_UNMARKED)?;
    let attempt = plan.attempt(mark.model.as_bytes(), mark.provider).ok_or(MODEL_NOT_IN_PLAN)?;
    if end_of_stream {
        return Err(BODY_DOES_NOT_FIT.to_owned());
    }
    let number = host::property(ATTEMPT_COUNT)
        .and_then(|number| number.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)))
        .unwrap_or(1);
    write_headers(&attempt, &mark)
        .map_err(|status| format!("Envoy did not let Pointsman change the headers of an attempt: {status}"))?;
    let tried = Tried { number, model: mark.model.to_owned() };
    let _ = host::set_property(ATTEMPT_PROPERTY, tried.to_json().as_bytes());
    let phase = Phase::Before { attempt, passed: 0 };
    Ok(Stream { plugin: Rc::clone(plugin), model: tried.model, hears: plan.hears(), phase })
}

/// The plan of this request. A copy has no filter state of the request it was made from and brings its plan in a header,
/// which ends here.
fn plan() -> Result<Option<Plan>, String> {
    if let Some(plan) = host::property(PLAN_PROPERTY.as_bytes()).filter(|plan| !plan.is_empty()) {
        return Ok(Plan::read(&plan));
    }
    let Some(plan) = host::header(Headers::Request, PLAN_HEADER) else {
        return Ok(None);
    };
    host::remove_header(Headers::Request, PLAN_HEADER.as_bytes())
        .map_err(|status| format!("Envoy did not let Pointsman take the plan out of a copy: {status}"))?;
    Ok(Plan::read(&plan))
}

/// Sets the headers of this attempt over those of the one before.
fn write_headers(attempt: &Attempt, mark: &Mark<'_>) -> Result<(), Status> {
    let set = |name: &str, value: &[u8]| host::set_header(Headers::Request, name.as_bytes(), value);
    set(PATH, attempt.path.as_bytes())?;
    if let Some(length) = attempt.content_length {
        set(CONTENT_LENGTH, length.to_string().as_bytes())?;
    }
    match mark.provider {
        Some(provider) => set(PROVIDER_HEADER, provider)?,
        None => host::remove_header(Headers::Request, PROVIDER_HEADER.as_bytes())?,
    }
    // An endpoint may have no host of its own, the one after it again none. Whatever stands there at the first attempt is
    // the client's; that need not be the attempt that Envoy counts as the first.
    let clients = host::property(CLIENT_AUTHORITY.as_bytes());
    if clients.is_none()
        && let Some(own) = host::header(Headers::Request, AUTHORITY)
    {
        host::set_property(CLIENT_AUTHORITY, &own)?;
    }
    match (mark.authority, clients) {
        (Some(authority), _) => set(AUTHORITY, authority),
        (None, Some(clients)) => set(AUTHORITY, &clients),
        (None, None) => Ok(()),
    }
}

impl Stream {
    pub(crate) fn on_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        let Phase::Before { attempt, passed } = &mut self.phase else {
            return Action::Continue;
        };
        let Splice { keep, until, .. } = attempt.splice;
        let seen = passed.saturating_add(size);
        if until <= seen {
            let change = Splice {
                keep: keep.saturating_sub(*passed),
                until: until.saturating_sub(*passed),
                with: std::mem::take(&mut attempt.splice.with),
            };
            return match write_model(attempt, size, &change) {
                Ok(true) => {
                    self.phase = Phase::Through;
                    Action::Continue
                }
                Ok(false) => self.refuse(BODY_DOES_NOT_FIT),
                Err(status) => {
                    self.refuse(&format!("Envoy did not let Pointsman write the model of an attempt: {status}"))
                }
            };
        }
        if end_of_stream {
            return self.refuse(BODY_DOES_NOT_FIT);
        }
        if keep >= seen {
            *passed = seen;
            return Action::Continue;
        }
        // The value lies across two chunks. Envoy keeps this one and shows it again in front of the next.
        Action::Pause
    }

    /// Trailers end a body whose callbacks did not.
    pub(crate) fn on_request_trailers(&mut self) -> Action {
        match self.phase {
            Phase::Before { .. } => self.refuse(BODY_DOES_NOT_FIT),
            Phase::Through => Action::Continue,
        }
    }

    pub(crate) fn on_response_headers(&self) {
        if self.hears && feedback::listen(&self.model, || true).is_err() {
            self.plugin.complaints.log(OTHER_VM_ID);
        }
    }

    fn refuse(&mut self, mistake: &str) -> Action {
        let path = match std::mem::replace(&mut self.phase, Phase::Through) {
            Phase::Before { attempt, .. } => attempt.path,
            Phase::Through => String::new(),
        };
        self.plugin.refuse(path.as_bytes(), mistake)
    }
}

/// Replaces the value, unless what stands there cannot be one.
fn write_model(attempt: &Attempt, size: usize, change: &Splice) -> Result<bool, Status> {
    let mut replaced = Vec::new();
    while change.keep + replaced.len() < change.until {
        replaced.extend_from_slice(&some(host::body(change.keep + replaced.len(), change.until)?)?);
    }
    if !attempt.fits(&replaced) {
        return Ok(false);
    }
    splice(size, b"", change).map(|()| true)
}
