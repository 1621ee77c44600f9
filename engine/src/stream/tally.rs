//! What is kept of a request until it has ended, where the policy wants to know how: when it came, what was decided, what its
//! answer says.
//!
//! It watches and changes nothing. Whatever ends a request ends its tally, once: the end of the answer, or of the stream.

use super::router::is_providers_answer;
use super::{PIECE, View};
use crate::budget::Tokens;
use crate::metric::Counts;
use crate::policy::Policy;
use crate::record::{Disposition, Ending, Outcome, Record};
use crate::response::usage::{Unread, Usage, UsageReader};
use std::sync::Arc;

/// A request whose end matters.
#[derive(Debug)]
pub struct Tally {
    policy: Arc<Policy>,
    /// When it came. Times are nanoseconds since 1970.
    started: u64,
    /// What is known of it so far; nothing until it is decided.
    record: Option<Box<Record>>,
    answer: Option<Answer>,
}

/// Its answer.
#[derive(Debug)]
struct Answer {
    status: u16,
    by_provider: bool,
    /// Who reads it, or why nobody can. Nobody wants to where that is none either.
    reader: Option<Result<UsageReader, Unread>>,
    first_token: Option<u64>,
}

/// What there is to say of a request that has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The whole record.
    pub record: Box<Record>,
    policy: Arc<Policy>,
}

impl Ended {
    /// What is counted, if anything is.
    #[must_use]
    pub fn counts(&self) -> Option<Counts<'_>> {
        Counts::of(&self.policy, &self.record)
    }

    /// The tokens that the answer took, where they are known.
    #[must_use]
    pub fn tokens(&self) -> Option<Tokens> {
        let usage = self.record.answer.as_ref()?.usage?;
        let Usage { input, output, cached, cache_write, .. } = usage;
        Some(Tokens { input, cached, cache_write, output })
    }
}

impl Tally {
    /// A request has come. `None` where the policy does not want to know how requests end.
    #[must_use]
    pub fn open(policy: &Arc<Policy>, now: impl FnOnce() -> u64) -> Option<Self> {
        policy.watches_ends().then(|| Self { policy: Arc::clone(policy), started: now(), record: None, answer: None })
    }

    /// This is known of it now.
    pub fn note(&mut self, record: &Record) {
        match &mut self.record {
            Some(known) => record.clone_into(known),
            None => self.record = Some(Box::new(record.clone())),
        }
    }

    /// The headers of its answer.
    pub fn answered<V: View>(&mut self, view: &V) {
        let status = view.answer_header(":status");
        let status = status.and_then(|status| std::str::from_utf8(&status).ok()?.parse().ok()).unwrap_or_default();
        // Interim answers are none.
        if (100..200).contains(&status) {
            return;
        }
        let by_provider = self.is_sent() && is_providers_answer(view);
        let is_read = by_provider && self.policy.reads_usage() && (200..300).contains(&status);
        let reader = is_read.then(|| self.reader(view));
        self.answer = Some(Answer { status, by_provider, reader, first_token: None });
    }

    fn reader<V: View>(&self, view: &V) -> Result<UsageReader, Unread> {
        let api = self.record.as_ref().and_then(|record| record.api).ok_or(Unread::Api)?;
        let [content_type, encoding] = ["content-type", "content-encoding"].map(|name| view.answer_header(name));
        UsageReader::of(api, content_type.as_deref().unwrap_or_default(), encoding.as_deref().unwrap_or_default())
    }

    fn is_sent(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.action == Disposition::Route)
    }

    /// Whether somebody reads the body of its answer.
    #[must_use]
    pub fn reads(&self) -> bool {
        let reader = self.answer.as_ref().and_then(|answer| answer.reader.as_ref()?.as_ref().ok());
        reader.is_some_and(|reader| !reader.is_over())
    }

    /// Bytes of its answer, at most [`PIECE`] at once.
    pub fn read(&mut self, piece: &[u8], now: impl FnOnce() -> u64) {
        debug_assert!(piece.len() <= PIECE);
        let Some(Answer { reader: Some(Ok(reader)), first_token, .. }) = &mut self.answer else { return };
        reader.push(piece);
        if first_token.is_none() && reader.is_stream() && reader.has_first_token() {
            *first_token = Some(now());
        }
    }

    /// It has ended. `None` where nothing was decided by then: the client has gone before its request was there.
    #[must_use]
    pub fn end(self, is_complete: bool, now: u64) -> Option<Ended> {
        let mut record = self.record?;
        let is_sent = record.action == Disposition::Route;
        let duration = now.saturating_sub(self.started);
        let mut ending = Ending {
            status: self.answer.as_ref().map(|answer| answer.status).filter(|status| *status != 0),
            ..Ending::new(outcome(&record, self.answer.as_ref(), is_complete), duration / 1_000_000)
        };
        if let Some(Answer { reader: Some(reader), first_token, .. }) = self.answer {
            match reader.map(|reader| reader.finish(is_complete)) {
                Ok(reading) => {
                    if reading.error.is_some() {
                        ending.outcome = Outcome::ProviderError;
                    }
                    ending.first_token_ms = first_token.map(|at| at.saturating_sub(self.started) / 1_000_000);
                    ending.learn(reading);
                    ending.per_output_token_micros = per_token(&ending, first_token, now);
                }
                Err(why) => ending.unknown = Some(why),
            }
        } else if is_sent && self.answer.as_ref().is_none_or(|answer| answer.by_provider && answer.status < 300) {
            ending.unknown = self.policy.reads_usage().then_some(Unread::Cut);
        }
        if let Some(usage) = &ending.usage {
            let model = record.answering().and_then(|model| self.policy.model_named(model));
            ending.cost_micros =
                model.and_then(|model| model.cost_of(usage.input, usage.cached, usage.cache_write, usage.output));
        }
        record.answer = Some(Box::new(ending));
        Some(Ended { record, policy: self.policy })
    }
}

/// The average time of a token after the first; nothing where there is only one, or no stream of them.
fn per_token(ending: &Ending, first_token: Option<u64>, now: u64) -> Option<u64> {
    let more = ending.usage?.output.checked_sub(1).filter(|more| *more > 0)?;
    let time = now.saturating_sub(first_token?) / 1_000;
    (time > 0).then_some(time / more)
}

fn outcome(record: &Record, answer: Option<&Answer>, is_complete: bool) -> Outcome {
    match (record.action, answer) {
        (Disposition::Deny, _) => Outcome::Deny,
        (Disposition::Pass, _) => Outcome::Pass,
        (Disposition::Models, _) => Outcome::Models,
        (Disposition::Route, None) => Outcome::Abandoned,
        (Disposition::Route, Some(Answer { by_provider: false, .. })) => Outcome::ProxyError,
        (Disposition::Route, Some(Answer { status: 429 | 500.., .. })) => Outcome::ProviderError,
        (Disposition::Route, Some(Answer { status: 400..500, .. })) => Outcome::ClientError,
        (Disposition::Route, Some(_)) if !is_complete => Outcome::Abandoned,
        (Disposition::Route, Some(_)) => Outcome::Served,
    }
}
