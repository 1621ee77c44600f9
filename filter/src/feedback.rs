//! What providers say about their rate limits, in data that all workers share.
//!
//! Shared data belongs to a `vm_id`: the upstream role writes what its router reads only if both have the same. Several routers
//! may share it, too, so each policy of each plugin has a table of its own: models of one name need not be the same.

use crate::host::{self, Headers, Status};
use crate::view::Envoy;
use pointsman_engine::Policy;
use pointsman_engine::live::{Demotions, Live};
use pointsman_engine::response::limits;
use pointsman_engine::stream::router::is_providers_answer;

/// The table of models that are left out for a while, of one policy.
fn table(owner: &str) -> String {
    format!("pointsman.demotions/{owner}")
}

/// How often a change is tried while others change the table, too. A notice that is lost comes again with the next answer.
const TRIES: u32 = 8;

const MILLISECOND: u64 = 1_000_000;

/// Milliseconds since 1970.
pub(crate) fn now() -> u64 {
    host::now() / MILLISECOND
}

/// Makes the table. Whoever does not find it shares no data with a router.
pub(crate) fn open(policy: &Policy) {
    let key = table(policy.owner());
    if host::shared(&key).is_none() {
        let _ = host::set_shared(&key, &Demotions::default().write(), 0);
    }
}

/// Reads the response headers of a model's answer, and notes it if its provider wants to be left alone. Fails when there is
/// no table to note it in. Whose answer it is, is asked only then: one of the proxy itself says nothing about a provider.
pub(crate) fn listen(envoy: &Envoy, owner: &str, model: &str, proven: bool) -> Result<(), Status> {
    let pause = limits::pause(|name| host::header(Headers::ResponseHeaders, name), now);
    match pause {
        Some(pause) if proven || is_providers_answer(envoy) => note(owner, model, pause),
        _ => Ok(()),
    }
}

fn note(owner: &str, model: &str, pause: u64) -> Result<(), Status> {
    let key = table(owner);
    for _ in 0..TRIES {
        let (table, cas) = host::shared(&key).ok_or(Status::NOT_FOUND)?;
        let mut table = Demotions::read(&table);
        if !table.note(model, pause, now()) || host::set_shared(&key, &table.write(), cas) != Err(Status::CAS_MISMATCH)
        {
            break;
        }
    }
    Ok(())
}

/// What is known of models now.
pub(crate) fn live(policy: &Policy) -> Live {
    let key = table(policy.owner());
    let Some((bytes, cas)) = host::shared(&key) else {
        return Live::NOTHING;
    };
    let table = Demotions::read(&bytes);
    if table.is_empty() {
        return Live::NOTHING;
    }
    let now = now();
    if table.is_over(now) {
        // From here on a request need not even ask for the time.
        let _ = host::set_shared(&key, &Demotions::default().write(), cas);
        return Live::NOTHING;
    }
    table.in_force(now, policy.max_feedback_seconds().saturating_mul(1_000))
}
