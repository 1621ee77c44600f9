//! Recorded answers: `corpus/answers`. The figures are what a reader of the files finds in them.

use super::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus/answers")
}

/// Input, output, cached, written to a cache, reasoning, sound in, sound out.
type Figures = [u64; 7];

fn usage([input, output, cached, cache_write, reasoning, audio_input, audio_output]: Figures) -> Usage {
    Usage { input, output, cached, cache_write, reasoning, audio_input, audio_output }
}

/// File, API, figures or why there are none, finish, model. An error stands where the model would.
type Row = (&'static str, Api, Result<Figures, Unread>, &'static str, &'static str);

const NANO: &str = "gpt-5-nano-2025-08-07";
const HAIKU: &str = "claude-haiku-4-5-20251001";
const OPUS: &str = "claude-opus-4-6";
const BABBAGE: &str = "babbage:2023-07-21-v2";
const SMALL: &str = "text-embedding-3-small";
const SEARCH: &str = "gpt-4o-mini-search-preview-2025-03-11";

use Api::*;

const AGENTGATEWAY: &[Row] = &[
    ("anthropic/basic.json", Messages, Ok([40, 21, 12, 13, 0, 0, 0]), "stop", HAIKU),
    ("anthropic/count_tokens.json", CountTokens, Err(Unread::None), "", ""),
    ("anthropic/multiple_text_blocks.json", Messages, Ok([15, 21, 0, 0, 0, 0, 0]), "stop", HAIKU),
    ("anthropic/stream_basic.json", Messages, Ok([15, 21, 0, 0, 0, 0, 0]), "stop", HAIKU),
    ("anthropic/stream_message_delta_usage.json", Messages, Ok([34347, 49, 30464, 0, 0, 0, 0]), "stop", "glm-5.2"),
    ("anthropic/stream_thinking.json", Messages, Ok([47, 264, 0, 0, 0, 0, 0]), "stop", OPUS),
    ("anthropic/stream_tool.json", Messages, Ok([15, 12, 0, 0, 0, 0, 0]), "tool_call", HAIKU),
    ("anthropic/stream_tool_empty_args.json", Messages, Ok([15, 8, 0, 0, 0, 0, 0]), "tool_call", HAIKU),
    ("anthropic/thinking.json", Messages, Ok([50, 251, 2, 1, 0, 0, 0]), "stop", OPUS),
    ("anthropic/tool.json", Messages, Ok([561, 48, 2, 1, 0, 0, 0]), "tool_call", OPUS),
    ("bedrock/basic.json", Bedrock, Ok([18, 46, 0, 0, 0, 0, 0]), "stop", ""),
    ("completions/audio.json", ChatCompletions, Ok([320, 180, 12, 0, 15, 240, 90]), "stop", "gpt-4o-audio-preview"),
    ("completions/basic.json", ChatCompletions, Ok([17, 23, 0, 0, 0, 0, 0]), "stop", "gpt-3.5-turbo-0125"),
    ("completions/cache_write.json", ChatCompletions, Ok([1000, 10, 300, 200, 0, 0, 0]), "stop", "gpt-5.6"),
    // The total has 383 tokens that stand nowhere else: thoughts, which are paid for as output.
    (
        "completions/gemini_with_completion_tokens.json",
        ChatCompletions,
        Ok([7, 395, 0, 0, 0, 0, 0]),
        "length",
        "gemini-2.5-flash",
    ),
    (
        "completions/gemini_zero_completion_tokens.json",
        ChatCompletions,
        Ok([7, 1, 0, 0, 0, 0, 0]),
        "length",
        "gemini-2.5-flash",
    ),
    ("completions/openrouter_reasoning.json", ChatCompletions, Ok([23, 796, 0, 0, 0, 0, 0]), "stop", "test"),
    ("completions/stream.json", ChatCompletions, Ok([18, 286, 0, 0, 192, 0, 0]), "stop", NANO),
    (
        "completions/stream_tool_empty_content.json",
        ChatCompletions,
        Ok([12, 8, 0, 0, 0, 0, 0]),
        "tool_call",
        "claude-opus-4-8",
    ),
    ("completions/tool_call.json", ChatCompletions, Ok([25, 18, 0, 0, 0, 0, 0]), "tool_call", "gpt-4-turbo"),
    ("completions/truncated_tool_call.json", ChatCompletions, Ok([20, 15, 0, 0, 0, 0, 0]), "length", "gpt-x"),
    ("detect/broken-sse", ChatCompletions, Err(Unread::None), "", ""),
    ("detect/non-json", ChatCompletions, Err(Unread::Unreadable), "", ""),
    ("detect/stream-image-generation", ImageGenerations, Ok([12, 4493, 0, 0, 0, 0, 0]), "", ""),
    ("openai/embeddings.json", Embeddings, Ok([8, 0, 0, 0, 0, 0, 0]), "", SMALL),
    ("openai/gemini-embeddings.json", Embeddings, Err(Unread::None), "", "gemini-embedding-001"),
    ("responses/basic.json", Responses, Ok([10, 10, 0, 0, 0, 0, 0]), "stop", "gpt-4o-2024-08-06"),
    ("responses/custom-tool.json", Responses, Ok([10, 5, 4, 0, 0, 0, 0]), "tool_call", "gpt-5.6-luna"),
    // The server says that 8 of 5 tokens were reasoning.
    ("responses/reasoning.json", Responses, Ok([18, 5, 0, 0, 5, 0, 0]), "stop", "qwen3-8b"),
    ("responses/stream-custom-tool.json", Responses, Ok([10, 5, 4, 0, 0, 0, 0]), "tool_call", "gpt-5.6-luna"),
    ("responses/stream-image.json", Responses, Ok([1755, 1314, 0, 0, 1152, 0, 0]), "stop", "gpt-5-2025-08-07"),
    ("responses/stream-refusal.json", Responses, Ok([5, 3, 0, 0, 0, 0, 0]), "stop", "gpt-4.1-mini"),
    ("responses/stream.json", Responses, Ok([12, 8, 0, 0, 0, 0, 0]), "tool_call", "gpt-4.1-mini"),
    ("responses/tool.json", Responses, Ok([30, 5, 4, 6, 0, 0, 0]), "tool_call", "gpt-4.1-mini"),
    ("responses/truncated_tool_call.json", Responses, Err(Unread::None), "other", "gpt-x"),
    ("vertex-gemini/basic.json", Vertex, Ok([8, 6, 0, 0, 0, 0, 0]), "stop", "gemini-2.5-pro"),
    ("vertex-gemini/blocked.json", Vertex, Ok([12, 0, 0, 0, 0, 0, 0]), "content_filter", "gemini-2.5-pro"),
    ("vertex-gemini/reasoning.json", Gemini, Ok([10, 17, 0, 0, 5, 0, 0]), "stop", "gemini-2.5-pro"),
    ("vertex-gemini/stream_tool.json", Gemini, Ok([15, 12, 0, 0, 0, 0, 0]), "tool_call", "gemini-2.5-pro"),
    ("vertex-gemini/tool.json", Vertex, Ok([20, 8, 0, 0, 0, 0, 0]), "tool_call", "gemini-2.5-pro"),
];

const AI_GATEWAY: &[Row] = &[
    ("audio-transcription-basic.response.json", Transcriptions, Err(Unread::None), "", ""),
    ("audio-translation-basic.response.json", Translations, Err(Unread::None), "", ""),
    ("azure-chat-basic.response.json", ChatCompletions, Ok([8, 271, 0, 0, 192, 0, 0]), "stop", NANO),
    (
        "chat-audio-to-text.response.json",
        ChatCompletions,
        Ok([28, 17, 0, 0, 0, 1, 0]),
        "stop",
        "gpt-4o-audio-preview-2025-06-03",
    ),
    ("chat-bad-request.response.json", ChatCompletions, Err(Unread::None), "error", "invalidRequest"),
    ("chat-basic.response.json", ChatCompletions, Ok([8, 377, 0, 0, 320, 0, 0]), "stop", NANO),
    ("chat-detailed-usage.response.json", ChatCompletions, Ok([12, 100, 0, 0, 100, 0, 0]), "length", NANO),
    ("chat-image-to-text.response.json", ChatCompletions, Ok([22, 719, 0, 0, 704, 0, 0]), "stop", NANO),
    ("chat-json-mode.response.json", ChatCompletions, Ok([21, 280, 0, 0, 256, 0, 0]), "stop", NANO),
    ("chat-multimodal.response.json", ChatCompletions, Ok([2245, 100, 0, 0, 100, 0, 0]), "length", NANO),
    ("chat-multiturn.response.json", ChatCompletions, Ok([50, 526, 0, 0, 512, 0, 0]), "stop", NANO),
    ("chat-no-messages.response.json", ChatCompletions, Err(Unread::None), "error", "invalidRequest"),
    ("chat-openai-agents-python.response.json", ChatCompletions, Ok([171, 1962, 0, 0, 1664, 0, 0]), "stop", NANO),
    ("chat-parallel-tools.response.json", ChatCompletions, Ok([162, 219, 0, 0, 192, 0, 0]), "tool_call", NANO),
    ("chat-reasoning.response.json", ChatCompletions, Ok([27, 267, 0, 0, 192, 0, 0]), "stop", NANO),
    ("chat-streaming-detailed-usage.response.sse", ChatCompletions, Ok([12, 100, 0, 0, 100, 0, 0]), "length", NANO),
    ("chat-streaming-web-search.response.sse", ChatCompletions, Err(Unread::None), "stop", SEARCH),
    ("chat-streaming.response.sse", ChatCompletions, Err(Unread::None), "stop", NANO),
    ("chat-text-to-image-tool.response.json", ChatCompletions, Ok([206, 150, 0, 0, 150, 0, 0]), "length", NANO),
    ("chat-tools.response.json", ChatCompletions, Ok([162, 287, 0, 0, 256, 0, 0]), "tool_call", NANO),
    ("chat-unknown-model.response.json", ChatCompletions, Err(Unread::None), "error", "notFound"),
    ("chat-web-search.response.json", ChatCompletions, Ok([26, 22, 0, 0, 0, 0, 0]), "stop", SEARCH),
    ("completion-bad-request.response.json", Completions, Err(Unread::None), "error", "invalidRequest"),
    ("completion-basic.response.json", Completions, Ok([31, 25, 0, 0, 0, 0, 0]), "length", BABBAGE),
    ("completion-streaming-usage.response.sse", Completions, Ok([31, 25, 0, 0, 0, 0, 0]), "length", BABBAGE),
    ("completion-streaming.response.sse", Completions, Err(Unread::None), "length", BABBAGE),
    (
        "completion-suffix.response.json",
        Completions,
        Ok([25, 30, 0, 0, 0, 0, 0]),
        "stop",
        "gpt-3.5-turbo-instruct:20230824-v2",
    ),
    ("completion-text-batch.response.json", Completions, Ok([49, 58, 0, 0, 0, 0, 0]), "stop", BABBAGE),
    ("completion-token-batch.response.json", Completions, Ok([49, 57, 0, 0, 0, 0, 0]), "length", BABBAGE),
    ("completion-token.response.json", Completions, Ok([31, 25, 0, 0, 0, 0, 0]), "length", BABBAGE),
    ("completion-unknown-model.response.json", Completions, Err(Unread::None), "error", "notFound"),
    ("embeddings-bad-request.response.json", Embeddings, Err(Unread::None), "error", "invalidRequest"),
    ("embeddings-base64.response.json", Embeddings, Ok([7, 0, 0, 0, 0, 0, 0]), "", SMALL),
    ("embeddings-basic.response.json", Embeddings, Ok([7, 0, 0, 0, 0, 0, 0]), "", SMALL),
    ("embeddings-dimensions.response.json", Embeddings, Ok([5, 0, 0, 0, 0, 0, 0]), "", SMALL),
    ("embeddings-tokens.response.json", Embeddings, Ok([7, 0, 0, 0, 0, 0, 0]), "", SMALL),
    ("embeddings-unknown-model.response.json", Embeddings, Err(Unread::None), "error", "notFound"),
    ("image-generation-basic.response.json", ImageGenerations, Err(Unread::None), "", ""),
];

fn rows() -> impl Iterator<Item = (PathBuf, &'static Row)> {
    let of =
        |name: &'static str, rows: &'static [Row]| rows.iter().map(move |row| (folder().join(name).join(row.0), row));
    of("agentgateway", AGENTGATEWAY).chain(of("ai-gateway", AI_GATEWAY))
}

#[test]
fn every_recorded_answer_gives_its_figures_in_every_split() {
    for (path, (name, api, figures, finish, model)) in rows() {
        let bytes = std::fs::read(&path).expect(name);
        let content_type = if name.contains("stream") || name.contains("sse") { EVENTS } else { JSON };
        let whole = read_pieces(*api, content_type, &[&bytes], true);
        let (reading, _) = &whole;
        assert_eq!(reading.usage, figures.map(usage), "{name}");
        assert_eq!(reading.finish.map_or("", |finish| finish.code()), *finish, "{name}");
        let said = reading.error.map(|error| error.code()).or(reading.model.as_deref());
        assert_eq!(said.unwrap_or_default(), *model, "{name}");
        for size in [1, 7, 100] {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            assert_eq!(read_pieces(*api, content_type, &pieces, true), whole, "{name} in pieces of {size}");
        }
    }
}

/// Whatever was recorded is in a table, but for AWS event streams, which are not JSON.
#[test]
fn no_recorded_answer_is_left_out() {
    fn files(folder: &Path, found: &mut BTreeSet<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { files(&path, found) } else { _ = found.insert(path) }
        }
    }
    let mut found = BTreeSet::new();
    files(&folder(), &mut found);
    found.retain(|path| path.extension().is_none_or(|extension| extension != "bin" && extension != "md"));
    assert_eq!(found, rows().map(|(path, _)| path).collect());
}
