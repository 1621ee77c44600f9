//! What the body reader promises as a whole: facts per API, refusals, and agreement with another parser.

mod apis;
mod flags;
mod forms;
mod properties;
mod refusals;
mod text;

use super::facts::{Bounds, Facts};
use super::flag::{Flag, FlagSet};
use super::reader::{Sought, Wanted};
use super::session::FieldPath;
use super::text::WantedText;
use super::text::keywords::KeywordSearch;
use super::violation::Violation;
use crate::api::Api;
use crate::naming::Allowed;
use crate::tests::splits;
use proptest::prelude::*;
use std::sync::Arc;

fn everything() -> Wanted {
    Wanted {
        allowed: Allowed::default(),
        names_besides: false,
        flags: Flag::ALL.iter().copied().collect(),
        text: WantedText { length: true, identity: true, excerpt: true },
        lone_surrogates: false,
        references: true,
    }
}

fn facts(api: Api) -> Facts {
    let keywords = KeywordSearch::new(&["secret".to_owned()]).map(Arc::new);
    let path = |key: &str, inner: Option<&str>| FieldPath { key: key.to_owned(), inner: inner.map(str::to_owned) };
    let session = [path("user", None), path("metadata", Some("user_id")), path("prompt_cache_key", None)];
    Facts::new(api, everything(), Sought { keywords, session: Some(session.into()) }, 128, 1 << 20)
}

fn read(api: Api, body: &[u8]) -> Result<Facts, Violation> {
    let mut facts = facts(api);
    facts.push(body)?;
    facts.finish()?;
    Ok(facts)
}

/// A byte of a body that is another one, or one more.
type Damage = Option<(prop::sample::Index, u8, bool)>;

fn damage() -> impl Strategy<Value = Damage> {
    prop::option::weighted(0.4, (any::<prop::sample::Index>(), any::<u8>(), any::<bool>()))
}

fn damaged(mut body: Vec<u8>, damage: Damage) -> Vec<u8> {
    if let Some((at, byte, insert)) = damage {
        let at = at.index(body.len());
        if insert { body.insert(at, byte) } else { body[at] = byte }
    }
    body
}

/// Everything that a decision can look at, as one comparable text.
fn summary(facts: &Facts) -> String {
    format!(
        "model={:?} stream={:?} max={:?} messages={} tokens={} tools={:?} images={:?} audio={:?} structured={:?} reasoning={:?} cached={:?} held={:?} secret={:?}",
        facts.asked().flatten(),
        facts.flag(Flag::Stream).unwrap_or_default(),
        facts.max_output_tokens().unwrap_or_default(),
        facts.messages().low,
        facts.input_tokens().low,
        facts.flag(Flag::Tools).unwrap_or_default(),
        facts.flag(Flag::Images).unwrap_or_default(),
        facts.flag(Flag::Audio).unwrap_or_default(),
        facts.flag(Flag::StructuredOutput).unwrap_or_default(),
        facts.flag(Flag::Reasoning).unwrap_or_default(),
        facts.flag(Flag::Cached).unwrap_or_default(),
        facts.flag(Flag::Held).unwrap_or_default(),
        facts.keyword(0).unwrap_or_default(),
    )
}

/// Says which facts a body has: the words in `expected` must all be in the summary.
fn check(api: Api, body: &str, expected: &str) {
    let facts = read(api, body.as_bytes()).unwrap_or_else(|violation| panic!("{body}: {violation:?}"));
    let summary = summary(&facts);
    for word in expected.split(' ') {
        assert!(summary.contains(word), "{body}\n  lacks {word}\n  has {summary}");
    }
}

fn refused(body: impl AsRef<[u8]>, expected: Violation) {
    let body = body.as_ref();
    assert_eq!(read(Api::ChatCompletions, body).err(), Some(expected), "{}", String::from_utf8_lossy(body));
}
