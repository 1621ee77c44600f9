//! Bedrock's Converse, and what models answer who are invoked by it: Anthropic's and Llama. Its streams are not JSON and not read.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>

use super::anthropic;
use super::figures::Figure::{CacheWrite, Cached, Input, Output, Uncached};
use super::figures::Rule;
use super::openai::ERROR;
use super::place::{Dialect, Place};
use Place::{Arguments, Count, Finish, Model, Text, Usage, Within};

pub(super) static BEDROCK: Dialect = Dialect {
    root: Within(&[
        (
            "output",
            Within(&[(
                "message",
                Within(&[(
                    "content",
                    Text(&[
                        ("text", Text(&[])),
                        ("toolUse", Within(&[("name", Text(&[])), ("input", Arguments)])),
                        ("reasoningContent", Within(&[("reasoningText", Text(&[("text", Text(&[]))]))])),
                    ]),
                )]),
            )]),
        ),
        ("stopReason", Finish),
        (
            "usage",
            Usage(&[
                ("inputTokens", Count(Uncached)),
                ("outputTokens", Count(Output)),
                ("cacheReadInputTokens", Count(Cached)),
                ("cacheWriteInputTokens", Count(CacheWrite)),
                ("input_tokens", Count(Uncached)),
                ("output_tokens", Count(Output)),
                ("cache_read_input_tokens", Count(Cached)),
                ("cache_creation_input_tokens", Count(CacheWrite)),
            ]),
        ),
        ("model", Model),
        ("content", anthropic::BLOCK),
        ("stop_reason", Finish),
        ("generation", Text(&[])),
        ("prompt_token_count", Count(Input)),
        ("generation_token_count", Count(Output)),
        ("error", ERROR),
    ]),
    rule: Rule::Both,
};
