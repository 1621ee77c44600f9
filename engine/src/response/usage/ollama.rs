//! Ollama's own API: the last object has the counts.
//!
//! <https://github.com/ollama/ollama/blob/main/docs/api.md>

use super::figures::Figure::{Input, Output};
use super::figures::Rule;
use super::openai::ERROR;
use super::place::{Dialect, Place};
use Place::{Arguments, Count, Done, Finish, Model, Text, Within};

pub(super) static GENERATED: Dialect = Dialect {
    root: Within(&[
        ("model", Model),
        (
            "message",
            Within(&[
                ("content", Text(&[])),
                ("thinking", Text(&[])),
                ("tool_calls", Within(&[("function", Within(&[("name", Text(&[])), ("arguments", Arguments)]))])),
            ]),
        ),
        ("response", Text(&[])),
        ("thinking", Text(&[])),
        ("done", Done),
        ("done_reason", Finish),
        ("prompt_eval_count", Count(Input)),
        ("eval_count", Count(Output)),
        ("error", ERROR),
    ]),
    rule: Rule::ZerosOmitted,
};

pub(super) static EMBEDDED: Dialect = Dialect {
    root: Within(&[("model", Model), ("prompt_eval_count", Count(Input)), ("error", ERROR)]),
    rule: Rule::InputOnly,
};
