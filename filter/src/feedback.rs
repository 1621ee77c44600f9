//! What providers say about their rate limits, in data that all workers share.
//!
//! Shared data belongs to a `vm_id`: the upstream role writes what its router reads only if both have the same.

use crate::host::{self, Headers, Status};
use crate::view::Envoy;
use pointsman_engine::Policy;
use pointsman_engine::live::{Demotions, Live};
use pointsman_engine::response::limits;
use pointsman_engine::stream::router::is_providers_answer;

/// The table of models that are left out for a while.
const DEMOTIONS: &str = "pointsman.demotions";

/// How often a change is tried while others change the table, too. A notice that is lost comes again with the next answer.
const TRIES: u32 = 8;

const MILLISECOND: u64 = 1_000_000;

fn now() -> u64 {
    host::now() / MILLISECOND
}

/// Makes the table. Whoever does not find it shares no data with a router.
pub(crate) fn open() {
    if host::shared(DEMOTIONS).is_none() {
        let _ = host::set_shared(DEMOTIONS, &Demotions::default().write(), 0);
    }
}

/// Reads the response headers of a model's answer, and notes it if its provider wants to be left alone. Fails when there is
/// no table to note it in. Whose answer it is, is asked only then: one of the proxy itself says nothing about a provider.
pub(crate) fn listen(envoy: &Envoy, model: &str, proven: bool) -> Result<(), Status> {
    let pause = limits::pause(|name| host::header(Headers::ResponseHeaders, name), now);
    match pause {
        Some(pause) if proven || is_providers_answer(envoy) => note(model, pause),
        _ => Ok(()),
    }
}

fn note(model: &str, pause: u64) -> Result<(), Status> {
    for _ in 0..TRIES {
        let (table, cas) = host::shared(DEMOTIONS).ok_or(Status::NOT_FOUND)?;
        let mut table = Demotions::read(&table);
        if !table.note(model, pause, now())
            || host::set_shared(DEMOTIONS, &table.write(), cas) != Err(Status::CAS_MISMATCH)
        {
            break;
        }
    }
    Ok(())
}

/// What is known of models now.
pub(crate) fn live(policy: &Policy) -> Live {
    let Some((bytes, cas)) = host::shared(DEMOTIONS) else {
        return Live::NOTHING;
    };
    let table = Demotions::read(&bytes);
    if table.is_empty() {
        return Live::NOTHING;
    }
    let now = now();
    if table.is_over(now) {
        // From here on a request need not even ask for the time.
        let _ = host::set_shared(DEMOTIONS, &Demotions::default().write(), cas);
        return Live::NOTHING;
    }
    table.in_force(now, policy.max_feedback_seconds().saturating_mul(1_000))
}
