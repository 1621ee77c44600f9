//! Anthropic's messages, whole and in events.
//!
//! <https://docs.anthropic.com/en/api/messages>, <https://docs.anthropic.com/en/docs/build-with-claude/streaming>

use super::figures::Figure::{CacheWrite, Cached, Output, Uncached};
use super::figures::Rule;
use super::openai::ERROR;
use super::place::{Dialect, Member, Place};
use Place::{Arguments, Count, Finish, FirstUsage, Model, Text, Usage, Within};

pub(super) const COUNTS: &[Member] = &[
    ("input_tokens", Count(Uncached)),
    ("output_tokens", Count(Output)),
    ("cache_read_input_tokens", Count(Cached)),
    ("cache_creation_input_tokens", Count(CacheWrite)),
];

pub(super) const BLOCK: Place =
    Text(&[("text", Text(&[])), ("thinking", Text(&[])), ("name", Text(&[])), ("input", Arguments)]);

/// An event that begins a message has its input and the first of its output; those that end it tell all output, and sometimes
/// all the rest again.
pub(super) const MESSAGE: Place = Within(&[("model", Model), ("usage", FirstUsage(COUNTS))]);

pub(super) const DELTA: Place =
    Within(&[("text", Text(&[])), ("thinking", Text(&[])), ("partial_json", Text(&[])), ("stop_reason", Finish)]);

pub(super) static MESSAGES: Dialect = Dialect {
    root: Within(&[
        ("model", Model),
        ("content", BLOCK),
        ("stop_reason", Finish),
        ("usage", Usage(COUNTS)),
        ("message", MESSAGE),
        ("content_block", BLOCK),
        ("delta", DELTA),
        ("error", ERROR),
    ]),
    rule: Rule::Both,
};
