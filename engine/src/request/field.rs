//! What the top-level keys of the APIs mean to a router. One table per API; the reader does the rest.

use crate::api::Api;

/// What a top-level key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// The model asked for.
    Model,
    /// Whether the answer streams.
    Stream,
    /// The most output tokens that the client wants.
    MaxOutputTokens,
    /// The conversation: an array of messages.
    Messages,
    /// A string, or an array of strings, token numbers or conversation items.
    Input,
    /// Text that stands for the first user turn.
    Prompt,
    /// Instructions in front of the conversation.
    System,
    /// Tool definitions.
    Tools,
    /// Text that counts as input and says nothing else.
    Text,
    /// Content beside the conversation: documents, a prediction. Text, parts, or a list of them.
    Documents,
    /// The wanted output format, as an object with a `type`.
    Structured,
    /// Ollama's `format`: `"json"` or a schema.
    Format,
    /// A reasoning switch: a boolean, an effort, or an object with either.
    Reasoning,
    /// An array of base64 images.
    Images,
    /// The kinds of output wanted.
    Modalities,
    /// Settings of audio output.
    Audio,
    /// Ollama's `options`, which hold `num_predict`.
    Options,
}

/// Keys that name other models, or another server, than `model` and the policy do: fallbacks that OpenRouter and
/// LiteLLM try by themselves, overrides that LiteLLM and SGLang prefer. None belongs into a request at any API here.
pub(super) const OVERRIDES: [&str; 15] = [
    "models",
    "fallbacks",
    "context_window_fallbacks",
    "content_policy_fallbacks",
    "deployment_id",
    "engine",
    "model_list",
    "user_config",
    "extra_body",
    "api_base",
    "base_url",
    "custom_llm_provider",
    "preset",
    "lora_path",
    "route",
];

/// Keys and their meaning. The position in the table is the key's bit in the set of keys seen.
pub(super) type Fields = &'static [(&'static str, Field)];

/// The table of an API. Empty for APIs whose bodies are not read.
pub(super) fn fields(api: Api) -> Fields {
    match api {
        Api::ChatCompletions => CHAT_COMPLETIONS,
        Api::Completions => COMPLETIONS,
        Api::Embeddings => EMBEDDINGS,
        Api::Responses => RESPONSES,
        Api::Moderations => MODERATIONS,
        Api::ImageGenerations => IMAGE_GENERATIONS,
        Api::Speech => SPEECH,
        Api::Rerank => RERANK,
        Api::Messages | Api::CountTokens => MESSAGES,
        Api::OllamaChat => OLLAMA_CHAT,
        Api::OllamaGenerate => OLLAMA_GENERATE,
        Api::OllamaEmbed => OLLAMA_EMBED,
        _ => &[],
    }
}

/// Whether the answer streams when the request does not say.
pub(super) fn streams_by_default(api: Api) -> bool {
    matches!(api, Api::OllamaChat | Api::OllamaGenerate)
}

const CHAT_COMPLETIONS: Fields = &[
    ("model", Field::Model),
    ("messages", Field::Messages),
    ("stream", Field::Stream),
    ("max_tokens", Field::MaxOutputTokens),
    ("max_completion_tokens", Field::MaxOutputTokens),
    ("tools", Field::Tools),
    ("functions", Field::Tools),
    ("response_format", Field::Structured),
    ("reasoning_effort", Field::Reasoning),
    ("reasoning", Field::Reasoning),
    ("thinking", Field::Reasoning),
    ("modalities", Field::Modalities),
    ("audio", Field::Audio),
    ("prediction", Field::Documents),
    ("documents", Field::Documents),
    ("chat_template", Field::Text),
    ("plugins", Field::Tools),
    ("guided_json", Field::Format),
    ("structured_outputs", Field::Format),
];

const COMPLETIONS: Fields = &[
    ("model", Field::Model),
    ("prompt", Field::Prompt),
    ("suffix", Field::Text),
    ("stream", Field::Stream),
    ("max_tokens", Field::MaxOutputTokens),
    ("max_completion_tokens", Field::MaxOutputTokens),
    ("response_format", Field::Structured),
    ("guided_json", Field::Format),
    ("structured_outputs", Field::Format),
];

const EMBEDDINGS: Fields = &[("model", Field::Model), ("input", Field::Input), ("messages", Field::Messages)];

const RESPONSES: Fields = &[
    ("model", Field::Model),
    ("input", Field::Input),
    ("instructions", Field::System),
    ("prompt", Field::Text),
    ("stream", Field::Stream),
    ("max_output_tokens", Field::MaxOutputTokens),
    ("tools", Field::Tools),
    ("text", Field::Structured),
    ("reasoning", Field::Reasoning),
    ("modalities", Field::Modalities),
    ("audio", Field::Audio),
];

const MODERATIONS: Fields = &[("model", Field::Model), ("input", Field::Input)];

const IMAGE_GENERATIONS: Fields = &[("model", Field::Model), ("prompt", Field::Prompt), ("stream", Field::Stream)];

const SPEECH: Fields = &[("model", Field::Model), ("input", Field::Input), ("instructions", Field::System)];

const RERANK: Fields =
    &[("model", Field::Model), ("query", Field::Prompt), ("documents", Field::Documents), ("texts", Field::Documents)];

const MESSAGES: Fields = &[
    ("model", Field::Model),
    ("messages", Field::Messages),
    ("system", Field::System),
    ("stream", Field::Stream),
    ("max_tokens", Field::MaxOutputTokens),
    ("tools", Field::Tools),
    ("thinking", Field::Reasoning),
    ("output_format", Field::Structured),
    ("output_config", Field::Structured),
    ("mcp_servers", Field::Tools),
];

const OLLAMA_CHAT: Fields = &[
    ("model", Field::Model),
    ("messages", Field::Messages),
    ("stream", Field::Stream),
    ("tools", Field::Tools),
    ("format", Field::Format),
    ("think", Field::Reasoning),
    ("options", Field::Options),
];

const OLLAMA_GENERATE: Fields = &[
    ("model", Field::Model),
    ("prompt", Field::Prompt),
    ("suffix", Field::Text),
    ("system", Field::System),
    ("template", Field::Text),
    ("images", Field::Images),
    ("stream", Field::Stream),
    ("format", Field::Format),
    ("think", Field::Reasoning),
    ("options", Field::Options),
];

const OLLAMA_EMBED: Fields = &[("model", Field::Model), ("input", Field::Input), ("prompt", Field::Prompt)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_routable_api_has_a_model_and_fits_the_set_of_keys_seen() {
        for api in Api::ALL.iter().filter(|api| api.is_routable()) {
            let fields = fields(*api);
            assert_eq!(fields.first().map(|field| field.0), Some("model"), "{}", api.name());
            assert!(fields.len() <= 32, "{}", api.name());
            assert!(fields.iter().all(|field| field.0.len() <= crate::json::Name::CAPACITY), "{}", api.name());
        }
    }
}
