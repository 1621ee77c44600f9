//! What the top-level keys of the APIs mean to a router. One table per API, what the flags add to it, and the keys of all
//! other APIs: a body in the shape of another API shows its text, images and tools all the same.

use super::flag::Flag;
use crate::api::Api;
use crate::json::Name;
use crate::naming::Holds;

/// What a top-level key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// The model asked for.
    Model,
    /// The model, where it is the path that names it.
    NamedInPath,
    /// What holds requests that name models themselves.
    Requests,
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
    /// An object that holds tool definitions.
    ToolConfig,
    /// Text that counts as input and says nothing else.
    Text,
    /// A prompt that the provider keeps: its name, and the text that is filled in.
    Template,
    /// Content beside the conversation: documents, a prediction. Text, parts, or a list of them.
    Documents,
    /// An array of base64 images.
    Images,
    /// Settings, the most output tokens among them: Ollama's `options`, Gemini's `generationConfig`, Bedrock's
    /// `inferenceConfig`.
    Options,
    /// What sets a flag and says nothing else.
    Flag(Flag),
    /// What names models besides `model`, where the policy lets it.
    Steers(Holds),
}

/// Keys and their meaning. The position in the list is the key's bit in the set of keys seen.
pub(super) type Fields = &'static [(&'static str, Field)];

/// The keys of an API, those of flags included. Empty for APIs whose bodies are not read.
pub(super) fn fields(api: Api) -> Fields {
    match api {
        Api::ChatCompletions => const { &Table::of(Api::ChatCompletions, CHAT_COMPLETIONS) }.fields(),
        Api::Completions => const { &Table::of(Api::Completions, COMPLETIONS) }.fields(),
        Api::Embeddings => const { &Table::of(Api::Embeddings, EMBEDDINGS) }.fields(),
        Api::Responses | Api::CountInputTokens => const { &Table::of(Api::Responses, RESPONSES) }.fields(),
        Api::Moderations => const { &Table::of(Api::Moderations, MODERATIONS) }.fields(),
        Api::ImageGenerations => const { &Table::of(Api::ImageGenerations, IMAGE_GENERATIONS) }.fields(),
        Api::Speech => const { &Table::of(Api::Speech, SPEECH) }.fields(),
        Api::Rerank => const { &Table::of(Api::Rerank, RERANK) }.fields(),
        Api::Messages => const { &Table::of(Api::Messages, MESSAGES) }.fields(),
        Api::CountTokens => const { &Table::of(Api::CountTokens, MESSAGES) }.fields(),
        Api::OllamaChat => const { &Table::of(Api::OllamaChat, OLLAMA_CHAT) }.fields(),
        Api::OllamaGenerate => const { &Table::of(Api::OllamaGenerate, OLLAMA_GENERATE) }.fields(),
        Api::OllamaEmbed => const { &Table::of(Api::OllamaEmbed, OLLAMA_EMBED) }.fields(),
        Api::OllamaShow => const { &Table::of(Api::OllamaShow, OLLAMA_SHOW) }.fields(),
        Api::Gemini => const { &Table::of(Api::Gemini, GEMINI) }.fields(),
        Api::Vertex => const { &Table::of(Api::Vertex, GEMINI) }.fields(),
        Api::Bedrock => const { &Table::of(Api::Bedrock, BEDROCK) }.fields(),
        Api::Transcriptions | Api::Translations | Api::ImageEdits | Api::ImageVariations => {
            const { &Table::of(Api::Transcriptions, FORMS) }.fields()
        }
        _ => &[],
    }
}

/// Whether a top-level key holds something that rules read, at some API, besides numbers and switches.
pub(crate) fn is_read(key: &str) -> bool {
    Api::ALL.iter().flat_map(|api| fields(*api)).any(|(known, field)| {
        known.eq_ignore_ascii_case(key) && !matches!(field, Field::MaxOutputTokens | Field::Flag(_))
    })
}

/// Whether a top-level key limits the output, at some API.
pub(super) fn limits_output(key: &str) -> bool {
    Api::ALL.iter().flat_map(|api| fields(*api)).any(|(known, field)| *known == key && *field == Field::MaxOutputTokens)
}

/// Whether a top-level key holds an object in which some API has such a limit.
pub(super) fn holds_limits(key: &str) -> bool {
    Api::ALL.iter().flat_map(|api| fields(*api)).any(|(known, field)| *known == key && *field == Field::Options)
}

/// The most keys of one API: the set of keys seen has so many bits.
const MOST: usize = u128::BITS as usize;

/// The keys of an API, put together by the compiler.
struct Table {
    keys: [(&'static str, Field); MOST],
    len: usize,
}

impl Table {
    const fn of(api: Api, own: Own) -> Self {
        let mut table = Self { keys: [("", Field::Model); MOST], len: 0 };
        table.add_all(own);
        let mut flags = Flag::ALL;
        while let [flag, rest @ ..] = flags {
            let mut keys = flag.keys();
            while let [(key, apis), rest @ ..] = keys {
                if contains(apis, api) {
                    table.add(key, Field::Flag(*flag));
                }
                keys = rest;
            }
            flags = rest;
        }
        table.add_all(SHARED);
        table
    }

    const fn add_all(&mut self, fields: Own) {
        let mut fields = fields;
        while let [(key, field), rest @ ..] = fields {
            self.add(key, *field);
            fields = rest;
        }
    }

    /// What a key means already it goes on to mean.
    const fn add(&mut self, key: &'static str, field: Field) {
        let mut known = self.fields();
        while let [(other, _), rest @ ..] = known {
            if is_same(other.as_bytes(), key.as_bytes()) {
                return;
            }
            known = rest;
        }
        assert!(self.len < MOST && key.len() <= Name::CAPACITY);
        let (_, free) = self.keys.split_at_mut(self.len);
        if let [slot, ..] = free {
            *slot = (key, field);
        }
        self.len += 1;
    }

    const fn fields(&self) -> &[(&'static str, Field)] {
        self.keys.split_at(self.len).0
    }
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let (mut one, mut other) = (one, other);
    while let ([first, one_rest @ ..], [second, other_rest @ ..]) = (one, other) {
        if *first != *second {
            return false;
        }
        (one, other) = (one_rest, other_rest);
    }
    one.is_empty() && other.is_empty()
}

const fn contains(apis: &[Api], api: Api) -> bool {
    let mut apis = apis;
    while let [first, rest @ ..] = apis {
        if *first as u8 == api as u8 {
            return true;
        }
        apis = rest;
    }
    false
}

/// The keys of an API that are no flag's.
type Own = &'static [(&'static str, Field)];

/// What a key means where the API itself does not have it. Servers that translate one API into another, and those that
/// speak several at one path, may read it.
const SHARED: Own = &[
    ("messages", Field::Messages),
    ("input", Field::Input),
    ("prompt", Field::Prompt),
    ("system", Field::System),
    ("instructions", Field::System),
    ("systemInstruction", Field::System),
    ("system_instruction", Field::System),
    ("query", Field::Prompt),
    ("inputs", Field::Input),
    ("contents", Field::Input),
    ("documents", Field::Documents),
    ("texts", Field::Documents),
    ("prediction", Field::Documents),
    ("suffix", Field::Text),
    ("template", Field::Text),
    ("chat_template", Field::Text),
    ("tools", Field::Tools),
    ("functions", Field::Tools),
    ("plugins", Field::Tools),
    ("mcp_servers", Field::Tools),
    ("images", Field::Images),
    ("image_data", Field::Images),
    ("options", Field::Options),
    ("google", Field::Options),
    ("max_tokens", Field::MaxOutputTokens),
    ("max_completion_tokens", Field::MaxOutputTokens),
    ("max_output_tokens", Field::MaxOutputTokens),
    ("max_tokens_to_sample", Field::MaxOutputTokens),
    ("max_new_tokens", Field::MaxOutputTokens),
    ("n_predict", Field::MaxOutputTokens),
    ("num_predict", Field::MaxOutputTokens),
];

const CHAT_COMPLETIONS: Own = &[
    ("model", Field::Model),
    ("messages", Field::Messages),
    ("max_tokens", Field::MaxOutputTokens),
    ("max_completion_tokens", Field::MaxOutputTokens),
    ("tools", Field::Tools),
    ("functions", Field::Tools),
    ("prediction", Field::Documents),
    ("documents", Field::Documents),
    ("chat_template", Field::Text),
    ("plugins", Field::Tools),
];

const COMPLETIONS: Own = &[
    ("model", Field::Model),
    ("prompt", Field::Prompt),
    ("suffix", Field::Text),
    ("max_tokens", Field::MaxOutputTokens),
    ("max_completion_tokens", Field::MaxOutputTokens),
];

const EMBEDDINGS: Own = &[("model", Field::Model), ("input", Field::Input), ("messages", Field::Messages)];

const RESPONSES: Own = &[
    ("model", Field::Model),
    ("input", Field::Input),
    ("instructions", Field::System),
    ("prompt", Field::Template),
    ("max_output_tokens", Field::MaxOutputTokens),
    ("tools", Field::Tools),
];

const MODERATIONS: Own = &[("model", Field::Model), ("input", Field::Input)];

const IMAGE_GENERATIONS: Own = &[("model", Field::Model), ("prompt", Field::Prompt)];

/// The parts of forms. Where an image or a file stands, there is nothing to read.
const FORMS: Own = &[("model", Field::Model), ("prompt", Field::Prompt)];

const SPEECH: Own = &[("model", Field::Model), ("input", Field::Input), ("instructions", Field::System)];

const RERANK: Own =
    &[("model", Field::Model), ("query", Field::Prompt), ("documents", Field::Documents), ("texts", Field::Documents)];

const MESSAGES: Own = &[
    ("model", Field::Model),
    ("messages", Field::Messages),
    ("system", Field::System),
    ("max_tokens", Field::MaxOutputTokens),
    ("tools", Field::Tools),
    ("mcp_servers", Field::Tools),
];

const OLLAMA_CHAT: Own =
    &[("model", Field::Model), ("messages", Field::Messages), ("tools", Field::Tools), ("options", Field::Options)];

const OLLAMA_GENERATE: Own = &[
    ("model", Field::Model),
    ("prompt", Field::Prompt),
    ("suffix", Field::Text),
    ("system", Field::System),
    ("template", Field::Text),
    ("images", Field::Images),
    ("options", Field::Options),
];

const OLLAMA_EMBED: Own = &[("model", Field::Model), ("input", Field::Input), ("prompt", Field::Prompt)];

const OLLAMA_SHOW: Own = &[("model", Field::Model), ("system", Field::System), ("options", Field::Options)];

/// `generateContent`, `countTokens` and `embedContent`. Protobuf's JSON has two spellings of each name, and where it wants
/// a list, Google's servers take one element as well.
/// <https://ai.google.dev/api/generate-content>, <https://ai.google.dev/api/tokens>, <https://ai.google.dev/api/embeddings>
const GEMINI: Own = &[
    ("model", Field::NamedInPath),
    ("contents", Field::Messages),
    ("content", Field::Messages),
    ("systemInstruction", Field::System),
    ("system_instruction", Field::System),
    ("generationConfig", Field::Options),
    ("generation_config", Field::Options),
    ("tools", Field::Tools),
    ("generateContentRequest", Field::Requests),
    ("generate_content_request", Field::Requests),
    ("requests", Field::Requests),
];

/// Converse, and what models take whose own bodies go through `invoke`: Anthropic's, Nova, Titan, Llama, Mistral, Cohere.
/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>,
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html>
const BEDROCK: Own = &[
    ("model", Field::NamedInPath),
    ("messages", Field::Messages),
    ("system", Field::System),
    ("inferenceConfig", Field::Options),
    ("additionalModelRequestFields", Field::Options),
    ("toolConfig", Field::ToolConfig),
    ("tools", Field::Tools),
    ("max_tokens", Field::MaxOutputTokens),
    ("max_gen_len", Field::MaxOutputTokens),
    ("textGenerationConfig", Field::Options),
    ("prompt", Field::Prompt),
    ("promptVariables", Field::Text),
    ("inputText", Field::Prompt),
    ("message", Field::Prompt),
    ("preamble", Field::System),
    ("textToImageParams", Field::Documents),
    ("singleEmbeddingParams", Field::Documents),
    ("texts", Field::Documents),
    ("chat_history", Field::Documents),
    ("documents", Field::Documents),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Naming;
    use crate::naming;

    #[test]
    fn every_routable_api_has_a_model_and_no_key_twice() {
        for api in Api::ALL.iter().filter(|api| api.is_routable()) {
            let fields = fields(*api);
            assert_eq!(fields.first().map(|field| field.0), Some("model"), "{}", api.name());
            let is_refused = fields.first().map(|field| field.1) == Some(Field::NamedInPath);
            assert_eq!(is_refused, api.naming() == Naming::Path);
            let mut keys: Vec<_> = fields.iter().map(|field| field.0).collect();
            keys.sort_unstable();
            assert!(keys.is_sorted_by(|a, b| a < b), "{}: {keys:?}", api.name());
            assert!(keys.iter().all(|key| !naming::keys().contains(key)), "{}", api.name());
        }
    }

    #[test]
    fn flags_add_their_keys_where_they_exist() {
        let has = |api, key: &str| fields(api).iter().any(|field| field.0 == key);
        assert!(has(Api::Responses, "prompt_cache_key") && !has(Api::Embeddings, "prompt_cache_key"));
        assert!(has(Api::OllamaChat, "think") && !has(Api::Speech, "think"));
    }
}
