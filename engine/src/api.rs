//! The APIs that are recognised: their names in policies and decision records, and whose they are.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::fmt;

/// Declares every API once: variant, name, family, whether it can be routed.
macro_rules! apis {
    ($($(#[doc = $doc:literal])* $api:ident $name:literal $family:ident $routable:literal,)*) => {
        /// An API that a request is addressed to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Api {
            $($(#[doc = $doc])* $api,)*
        }

        impl Api {
            /// Every API, routable ones first.
            pub const ALL: &'static [Api] = &[$(Api::$api),*];

            /// The name in `match.apis` and in the decision record.
            pub const fn name(self) -> &'static str {
                match self { $(Api::$api => $name,)* }
            }

            /// Whose error objects and conventions the clients of this API expect.
            pub const fn family(self) -> Family {
                match self { $(Api::$api => Family::$family,)* }
            }

            /// Whether the model can be read and written. Other APIs are recognised, so that
            /// `onFailure.unsupportedApi` decides about them and not the default route.
            pub const fn is_routable(self) -> bool {
                match self { $(Api::$api => $routable,)* }
            }
        }
    };
}

apis! {
    /// OpenAI `/v1/chat/completions`.
    ChatCompletions "chatCompletions" OpenAi true,
    /// OpenAI `/v1/completions`.
    Completions "completions" OpenAi true,
    /// OpenAI `/v1/embeddings`.
    Embeddings "embeddings" OpenAi true,
    /// OpenAI `/v1/responses`.
    Responses "responses" OpenAi true,
    /// OpenAI `/v1/responses/input_tokens`.
    CountInputTokens "countInputTokens" OpenAi true,
    /// OpenAI `/v1/moderations`.
    Moderations "moderations" OpenAi true,
    /// OpenAI `/v1/images/generations`.
    ImageGenerations "imageGenerations" OpenAi true,
    /// OpenAI `/v1/audio/speech`.
    Speech "speech" OpenAi true,
    /// `/v1/rerank`, as Jina, Cohere and vLLM serve it.
    Rerank "rerank" OpenAi true,
    /// Anthropic `/v1/messages`.
    Messages "messages" Anthropic true,
    /// Anthropic `/v1/messages/count_tokens`.
    CountTokens "countTokens" Anthropic true,
    /// Ollama `/api/chat`.
    OllamaChat "ollamaChat" Ollama true,
    /// Ollama `/api/generate`.
    OllamaGenerate "ollamaGenerate" Ollama true,
    /// Ollama `/api/embed`.
    OllamaEmbed "ollamaEmbed" Ollama true,
    /// OpenAI `/v1/audio/transcriptions`: the model is a multipart field.
    Transcriptions "transcriptions" OpenAi false,
    /// OpenAI `/v1/audio/translations`: the model is a multipart field.
    Translations "translations" OpenAi false,
    /// OpenAI `/v1/images/edits`: the model is a multipart field.
    ImageEdits "imageEdits" OpenAi false,
    /// OpenAI `/v1/images/variations`: the model is a multipart field.
    ImageVariations "imageVariations" OpenAi false,
    /// OpenAI `/v1/realtime`: the model is in the query.
    Realtime "realtime" OpenAi false,
    /// OpenAI `/v1/batches`: the requests are in a file.
    Batches "batches" OpenAi false,
    /// Anthropic `/v1/messages/batches`: one body, many models.
    MessageBatches "messageBatches" Anthropic false,
    /// OpenAI `/v1/assistants…`, `/v1/threads…`: the model is in the body or kept by the provider.
    Assistants "assistants" OpenAi false,
    /// OpenAI `/v1/engines/{model}/…`, as it was before the model moved into the body.
    Engines "engines" OpenAi false,
    /// OpenAI `/v1/videos`: the model is a multipart field.
    Videos "videos" OpenAi false,
    /// Anthropic `/v1/complete`, the API before messages.
    TextCompletions "textCompletions" Anthropic false,
    /// Cohere `/v1/chat`, `/v2/chat`, `/v2/embed`.
    Cohere "cohere" OpenAi false,
    /// Azure OpenAI `/openai/deployments/{deployment}/…`: the model is in the path.
    AzureOpenai "azureOpenai" Azure false,
    /// Gemini `/v1beta/models/{model}:{verb}`: the model is in the path.
    Gemini "gemini" Gemini false,
    /// Vertex AI `/v1/projects/…/models/{model}:{verb}`: the model is in the path.
    Vertex "vertex" Gemini false,
    /// Bedrock `/model/{id}/{verb}`: the model is in the signed path.
    Bedrock "bedrock" Bedrock false,
}

impl Api {
    /// The routable APIs in which a model answers a conversation or a prompt, or would.
    pub(crate) const GENERATING: &'static [Self] = &[
        Self::ChatCompletions,
        Self::Completions,
        Self::Responses,
        Self::CountInputTokens,
        Self::Messages,
        Self::CountTokens,
        Self::OllamaChat,
        Self::OllamaGenerate,
    ];

    /// Whether nothing is generated: the request is only counted.
    pub const fn only_counts(self) -> bool {
        matches!(self, Self::CountTokens | Self::CountInputTokens)
    }

    /// The API of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|api| api.name() == name)
    }
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Api {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Api {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<str>::deserialize(deserializer)?;
        Self::from_name(&name).ok_or_else(|| de::Error::custom(format_args!("no API has the name `{name}`")))
    }
}

/// Whose API it is, which is what an error answer must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// `{"error":{"message","type","param","code"}}`
    OpenAi,
    /// `{"type":"error","error":{"type","message"}}`
    Anthropic,
    /// `{"error":"…"}`
    Ollama,
    /// OpenAI's object with Azure's codes.
    Azure,
    /// Google's `{"error":{"code","message","status"}}`, Vertex AI included.
    Gemini,
    /// `{"message":"…"}`
    Bedrock,
}

/// A set of APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ApiSet(u32);

impl ApiSet {
    /// Every API that can be routed.
    pub fn routable() -> Self {
        Api::ALL.iter().copied().filter(|api| api.is_routable()).collect()
    }

    /// The same set and `api`.
    #[must_use]
    pub const fn with(self, api: Api) -> Self {
        Self(self.0 | 1 << api as u32)
    }

    /// Whether `api` is in the set.
    pub const fn contains(self, api: Api) -> bool {
        self.0 >> (api as u32) & 1 == 1
    }

    /// Whether some API is in both.
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether nothing is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Api> for ApiSet {
    fn from_iter<I: IntoIterator<Item = Api>>(apis: I) -> Self {
        apis.into_iter().fold(Self::default(), Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_api_and_fits_the_set() {
        assert!(Api::ALL.len() <= 32);
        for api in Api::ALL {
            assert_eq!(Api::from_name(api.name()), Some(*api));
            assert_eq!(ApiSet::routable().contains(*api), api.is_routable(), "{api}");
        }
        assert_eq!(Api::from_name("chatcompletions"), None);
    }
}
