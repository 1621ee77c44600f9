//! The headers of an attempt, written over those of the one before.

use super::mark::{MARK, Mark};
use crate::attempt::{Attempt, Plan, Tried};
use crate::names::{ATTEMPT_PROPERTY, PLAN_HEADER, PLAN_PROPERTY, PROVIDER_HEADER};
use crate::splice::Splice;
use crate::stream::installation::{BODY_DOES_NOT_FIT, ENDPOINT_UNMARKED, MODEL_NOT_IN_PLAN, NO_PLAN};
use crate::stream::letter::{self, HeaderEdit};
use crate::stream::{Command, Failure, HostAction, View};

const PATH: &[u8] = b":path";
const AUTHORITY: &str = ":authority";
const CONTENT_LENGTH: &[u8] = b"content-length";

/// How many attempts there have been, this one included.
const ATTEMPT_COUNT: &[u8] = b"upstream\0request_attempt_count";
/// Filter state that keeps the client's `:authority`, for an endpoint that has none of its own.
const CLIENT_AUTHORITY: &str = "pointsman_authority";

/// An attempt whose headers are known.
pub(super) struct Begun {
    pub(super) model: String,
    pub(super) owner: String,
    pub(super) hears: bool,
    pub(super) splices: Vec<Splice>,
    pub(super) opening: Opening,
}

/// The headers of an attempt that are still to be written.
#[derive(Debug)]
pub(super) struct Opening {
    /// All edits in the form in which a gate gets them, and how far they have been made.
    edits: Vec<u8>,
    at: usize,
    /// A copy's plan goes first.
    takes_plan: bool,
    /// The client's own `:authority`, to be kept before it is written over.
    authority: Option<Vec<u8>>,
    /// What the router shall find of the attempt, last.
    tried: Option<String>,
}

/// Reads all that says how this attempt is made.
pub(super) fn open<V: View>(view: &V, end_of_stream: bool) -> Result<Begun, &'static str> {
    let (plan, takes_plan) = plan(view);
    let plan = plan.ok_or(NO_PLAN)?;
    let metadata = view.property(MARK).ok_or(ENDPOINT_UNMARKED)?;
    let mark = Mark::read(&metadata).ok_or(ENDPOINT_UNMARKED)?;
    let attempt = plan.attempt(mark.model.as_bytes(), mark.provider).ok_or(MODEL_NOT_IN_PLAN)?;
    if end_of_stream {
        return Err(BODY_DOES_NOT_FIT);
    }
    let number = view
        .property(ATTEMPT_COUNT)
        .and_then(|number| number.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)))
        .unwrap_or(1);
    let tried = Tried { number, model: mark.model.to_owned() };
    let (edits, authority) = edits(view, &attempt, &mark);
    let opening = Opening { edits, at: 0, takes_plan, authority, tried: Some(tried.to_json()) };
    Ok(Begun {
        model: tried.model,
        owner: plan.owner().to_owned(),
        hears: plan.hears(),
        splices: attempt.splices,
        opening,
    })
}

/// The plan of this request, and whether a header holds it. A copy has no filter state of the request it was made from and
/// brings its plan in a header, which ends here.
fn plan<V: View>(view: &V) -> (Option<Plan>, bool) {
    if let Some(plan) = view.property(PLAN_PROPERTY.as_bytes()).filter(|plan| !plan.is_empty()) {
        return (Plan::read(&plan), false);
    }
    let plan = view.header(PLAN_HEADER);
    (plan.as_deref().and_then(Plan::read), plan.is_some())
}

/// The edits, and the client's `:authority` if it is still to be kept.
fn edits<V: View>(view: &V, attempt: &Attempt, mark: &Mark<'_>) -> (Vec<u8>, Option<Vec<u8>>) {
    let mut edits = Vec::new();
    attempt.headers.iter().for_each(|header| letter::push(&mut edits, letter::of(header)));
    letter::push(&mut edits, HeaderEdit::Set(PATH, attempt.path.as_bytes()));
    if let Some(length) = attempt.content_length {
        letter::push(&mut edits, HeaderEdit::Set(CONTENT_LENGTH, length.to_string().as_bytes()));
    }
    let provider = PROVIDER_HEADER.as_bytes();
    letter::push(
        &mut edits,
        mark.provider.map_or(HeaderEdit::Remove(provider), |value| HeaderEdit::Set(provider, value)),
    );
    // An endpoint may have no host of its own, the one after it again none. Whatever stands there at the first attempt is
    // the client's; that need not be the attempt that Envoy counts as the first.
    let clients = view.property(CLIENT_AUTHORITY.as_bytes());
    if let Some(authority) = mark.authority.or(clients.as_deref()) {
        letter::push(&mut edits, HeaderEdit::Set(AUTHORITY.as_bytes(), authority));
    }
    let kept = if clients.is_none() { view.header(AUTHORITY).map(|own| own.to_vec()) } else { None };
    (edits, kept)
}

impl Opening {
    /// The step that is to be taken now, `None` when all have been.
    pub(super) fn command(&self) -> Option<Command<'_>> {
        Some(Command::Do(if self.takes_plan {
            HostAction::Edit(HeaderEdit::Remove(PLAN_HEADER.as_bytes()))
        } else if let Some(authority) = &self.authority {
            HostAction::SetProperty { name: CLIENT_AUTHORITY, value: authority }
        } else if let Some((edit, _)) = self.edit() {
            HostAction::Edit(edit)
        } else {
            HostAction::SetProperty { name: ATTEMPT_PROPERTY, value: self.tried.as_ref()?.as_bytes() }
        }))
    }

    fn edit(&self) -> Option<(HeaderEdit<'_>, &[u8])> {
        letter::take(self.edits.get(self.at..)?)
    }

    /// The step has been taken, or could not be: then this says what could not be done.
    pub(super) fn done(&mut self, result: Result<(), Failure>) -> Result<(), (&'static str, Failure)> {
        let what = "change the headers of an attempt";
        if std::mem::take(&mut self.takes_plan) {
            return result.map_err(|status| ("take the plan out of a copy", status));
        }
        if self.authority.take().is_some() {
            return result.map_err(|status| (what, status));
        }
        match self.edit().map(|(_, rest)| rest.len()) {
            Some(rest) => {
                self.at = self.edits.len() - rest;
                result.map_err(|status| (what, status))
            }
            // The router does without what it cannot find.
            None => {
                self.tried = None;
                Ok(())
            }
        }
    }
}
