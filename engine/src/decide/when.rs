//! Expressions, asked like every other condition: yes, no, or not known yet.

use super::Need;
use super::attributes::Attributes;
use crate::claim::Claim;
use crate::corridor::Caller;
use crate::policy::{Asked, HeaderText, Policy, Range, TenantId, When};
use crate::request::facts::{Bounds, Facts};
use crate::request::flag::FlagSet;
use crate::request::limit::Limit;
use pointsman_expression::{self as expression, Answer, Fault, Items, Outcome, Value, Wait, Waits};
use std::borrow::Cow;
use std::sync::Arc;

/// Whether the expression is true of the request, or why that cannot be said.
pub(super) fn ask(
    when: &When,
    attributes: &Attributes,
    facts: &Facts,
    asked: Option<&str>,
) -> Result<Result<bool, Fault>, Need> {
    match when.evaluate(&Request { when, attributes, facts, asked }) {
        Outcome::Is(holds) => Ok(Ok(holds)),
        Outcome::Fault(fault) => Ok(Err(fault)),
        Outcome::Waits(waits) => Err(Need::Any(Needs::of(when, &waits))),
    }
}

/// Who is calling: what expressions ask of it, kept for as long as they are asked.
#[derive(Debug)]
pub(super) struct Proved {
    tenant: Option<Arc<str>>,
    principal: Option<Vec<u8>>,
    claims: Vec<Answer<'static>>,
}

impl Proved {
    /// `None` where no rule asks.
    pub(super) fn of(policy: &Policy, tenant: Option<TenantId>, caller: &dyn Caller) -> Option<Box<Self>> {
        let asks = policy.asks_of_callers();
        asks.any.then(|| {
            Box::new(Self {
                tenant: policy.tenant_name(tenant).cloned(),
                principal: if asks.principal { caller.principal() } else { None },
                claims: policy.claims_in_rules().iter().map(|path| claim(caller.claim(path))).collect(),
            })
        })
    }

    fn read(&self, asked: Asked) -> Answer<'_> {
        match asked {
            Asked::Tenant => self.tenant.as_ref().map_or(Answer::Absent, |name| text(name.as_bytes())),
            Asked::Principal => self.principal.as_deref().map_or(Answer::Absent, text),
            Asked::Claim(place) => match self.claims.get(place) {
                Some(Answer::Is(value)) => Answer::Is(value.borrowed()),
                Some(other) => other.clone(),
                None => Answer::Absent,
            },
            _ => Answer::Absent,
        }
    }

    /// How many bytes it takes.
    pub(super) fn size(&self) -> usize {
        let text = |value: &Value<'_>| match value {
            Value::Text(text) => text.len(),
            _ => 0,
        };
        let claim = |claim: &Answer<'_>| match claim {
            Answer::Is(Value::List(items)) => {
                items.all().iter().map(|item| size_of::<Value<'_>>() + text(item)).sum::<usize>()
            }
            Answer::Is(value) => text(value),
            _ => 0,
        };
        size_of::<Self>()
            + self.principal.as_ref().map_or(0, Vec::len)
            + size_of_val(self.claims.as_slice())
            + self.claims.iter().map(claim).sum::<usize>()
    }
}

fn claim(claim: Option<Claim<'_>>) -> Answer<'static> {
    match claim {
        None => Answer::Absent,
        Some(Claim::List(items)) => {
            let items: Option<Vec<_>> = items.into_iter().map(scalar).collect();
            items.map_or(Answer::Unreadable, |items| Answer::Is(Value::List(Items::Owned(items))))
        }
        Some(claim) => scalar(claim).map_or(Answer::Unreadable, Answer::Is),
    }
}

/// An object is no value, and whoever asks for what is in it asks by the names that lead there.
fn scalar(claim: Claim<'_>) -> Option<Value<'static>> {
    match claim {
        Claim::Text(text) => Some(Value::Text(Cow::Owned(text.into_owned()))),
        Claim::Number(number) => Some(Value::Double(number)),
        Claim::Boolean(value) => Some(Value::Bool(value)),
        _ => None,
    }
}

/// What expressions ask of one request.
struct Request<'a> {
    when: &'a When,
    attributes: &'a Attributes,
    facts: &'a Facts,
    asked: Option<&'a str>,
}

impl expression::Facts for Request<'_> {
    fn read(&self, read: usize) -> Answer<'_> {
        let Some(asked) = self.when.asked(read) else { return Answer::Absent };
        match asked {
            Asked::Model => self.asked.map_or(Answer::Absent, |model| text(model.as_bytes())),
            Asked::Path => text(self.attributes.bare_path()),
            Asked::Api => text(self.attributes.api.name().as_bytes()),
            Asked::Tenant | Asked::Principal | Asked::Claim(_) => {
                self.attributes.proved.as_deref().map_or(Answer::Absent, |proved| proved.read(asked))
            }
            Asked::Header(slot) => self.attributes.header(slot).map_or(Answer::Absent, header),
            Asked::Flag(flag) if self.facts.is_unreadable(flag) => Answer::Unreadable,
            Asked::Flag(flag) => self.facts.flag(flag).map_or(Answer::NotYet, |is| Answer::Is(Value::Bool(is))),
            Asked::InputTokens => between(self.facts.input_tokens()),
            Asked::Messages => between(self.facts.messages()),
            Asked::MaxOutputTokens => match self.facts.max_output_tokens() {
                None => Answer::NotYet,
                Some(Limit::Tokens(tokens)) => Answer::Is(Value::Int(int(tokens))),
                Some(Limit::Open) => Answer::Absent,
                Some(Limit::Unreadable) => Answer::Unreadable,
            },
        }
    }
}

fn text(bytes: &[u8]) -> Answer<'_> {
    std::str::from_utf8(bytes).map_or(Answer::Unreadable, |text| Answer::Is(Value::Text(text.into())))
}

/// One that stands more than once has no value that all servers would agree on.
fn header(header: &HeaderText) -> Answer<'_> {
    if header.is_many() { Answer::Unreadable } else { text(header.as_bytes()) }
}

fn between(bounds: Bounds) -> Answer<'static> {
    Answer::Between(int(bounds.low), int(bounds.high))
}

fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What an expression waits for: any of it, or the end of the body, which tells everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    flags: FlagSet,
    /// Whether the estimate is at least this; 0 if nobody asks.
    input_tokens: u64,
    /// Whether there are at least so many messages; 0 if nobody asks.
    messages: u64,
}

impl Needs {
    fn of(when: &When, waits: &Waits) -> Self {
        let mut needs = Self::default();
        for Wait { read, at_least } in waits.iter() {
            let least = at_least.and_then(|least| u64::try_from(least).ok()).unwrap_or_default();
            match when.asked(read) {
                Some(Asked::Flag(flag)) => needs.flags.insert(flag),
                Some(Asked::InputTokens) => needs.input_tokens = first(needs.input_tokens, least),
                Some(Asked::Messages) => needs.messages = first(needs.messages, least),
                _ => {}
            }
        }
        needs
    }

    pub(super) fn is_one_met(&self, facts: &Facts) -> bool {
        facts.is_complete()
            || self.flags.iter().any(|flag| facts.flag(flag).is_some() || facts.is_unreadable(flag))
            || reaches(facts.input_tokens(), self.input_tokens)
            || reaches(facts.messages(), self.messages)
    }
}

/// Who asks first is answered first.
fn first(known: u64, new: u64) -> u64 {
    if known == 0 { new } else { known }
}

/// Whether it is known if a number is at least that.
fn reaches(bounds: Bounds, least: u64) -> bool {
    least > 0 && bounds.within(Range { min: least, max: u64::MAX }).is_some()
}
