//! The APIs that are recognised: their names in policies and decision records, and whose they are.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::fmt;

/// Where a request names its model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// In its body, which is JSON.
    Body,
    /// In its body, which is a form (`multipart/form-data`), or JSON by its own word.
    Form,
    /// In its path: the body is JSON and names no model.
    Path,
    /// Where it is not looked for: the API is not routed.
    Unread,
}

/// Declares every API once: variant, name, family, where its requests name the model.
macro_rules! apis {
    ($($(#[doc = $doc:literal])* $api:ident $name:literal $family:ident $naming:ident,)*) => {
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

            /// Where its requests name the model.
            pub(crate) const fn naming(self) -> Naming {
                match self { $(Api::$api => Naming::$naming,)* }
            }
        }
    };
}

apis! {
    /// OpenAI `/v1/chat/completions`.
    ChatCompletions "chatCompletions" OpenAi Body,
    /// OpenAI `/v1/completions`.
    Completions "completions" OpenAi Body,
    /// OpenAI `/v1/embeddings`.
    Embeddings "embeddings" OpenAi Body,
    /// OpenAI `/v1/responses`.
    Responses "responses" OpenAi Body,
    /// OpenAI `/v1/responses/input_tokens`.
    CountInputTokens "countInputTokens" OpenAi Body,
    /// OpenAI `/v1/moderations`.
    Moderations "moderations" OpenAi Body,
    /// OpenAI `/v1/images/generations`.
    ImageGenerations "imageGenerations" OpenAi Body,
    /// OpenAI `/v1/audio/speech`.
    Speech "speech" OpenAi Body,
    /// `/v1/rerank`, as Jina, Cohere and vLLM serve it.
    Rerank "rerank" OpenAi Body,
    /// Anthropic `/v1/messages`.
    Messages "messages" Anthropic Body,
    /// Anthropic `/v1/messages/count_tokens`.
    CountTokens "countTokens" Anthropic Body,
    /// Ollama `/api/chat`.
    OllamaChat "ollamaChat" Ollama Body,
    /// Ollama `/api/generate`.
    OllamaGenerate "ollamaGenerate" Ollama Body,
    /// Ollama `/api/embed`.
    OllamaEmbed "ollamaEmbed" Ollama Body,
    /// Ollama `/api/show`: what a model is and can do.
    OllamaShow "ollamaShow" Ollama Body,
    /// Gemini `/v1beta/models/{model}:{verb}`.
    Gemini "gemini" Gemini Path,
    /// Vertex AI `/v1/projects/…/models/{model}:{verb}`.
    Vertex "vertex" Gemini Path,
    /// Bedrock `/model/{id}/{verb}`.
    Bedrock "bedrock" Bedrock Path,
    /// OpenAI `/v1/audio/transcriptions`: the model is a multipart field.
    Transcriptions "transcriptions" OpenAi Form,
    /// OpenAI `/v1/audio/translations`: the model is a multipart field.
    Translations "translations" OpenAi Form,
    /// OpenAI `/v1/images/edits`: the model is a multipart field.
    ImageEdits "imageEdits" OpenAi Form,
    /// OpenAI `/v1/images/variations`: the model is a multipart field.
    ImageVariations "imageVariations" OpenAi Form,
    /// OpenAI `/v1/realtime`: the model is in the query.
    Realtime "realtime" OpenAi Unread,
    /// OpenAI `/v1/batches`: the requests are in a file.
    Batches "batches" OpenAi Unread,
    /// Anthropic `/v1/messages/batches`: one body, many models.
    MessageBatches "messageBatches" Anthropic Unread,
    /// OpenAI `/v1/assistants…`, `/v1/threads…`: the model is in the body or kept by the provider.
    Assistants "assistants" OpenAi Unread,
    /// OpenAI `/v1/engines/{model}/…`, as it was before the model moved into the body.
    Engines "engines" OpenAi Unread,
    /// OpenAI `/v1/videos`: the model is a multipart field.
    Videos "videos" OpenAi Unread,
    /// Anthropic `/v1/complete`, the API before messages.
    TextCompletions "textCompletions" Anthropic Unread,
    /// Cohere `/v1/chat`, `/v2/chat`, `/v2/embed`.
    Cohere "cohere" OpenAi Unread,
    /// Ollama `/api/pull`, `/api/push`, `/api/create`, `/api/copy`, `/api/delete`: which models a server has.
    OllamaModels "ollamaModels" Ollama Unread,
    /// What is Azure OpenAI's own and none of OpenAI's APIs.
    AzureOpenai "azureOpenai" Azure Unread,
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
        Self::Gemini,
        Self::Vertex,
        Self::Bedrock,
    ];

    /// The APIs whose requests are forms.
    pub(crate) const FORMS: &'static [Self] =
        &[Self::Transcriptions, Self::Translations, Self::ImageEdits, Self::ImageVariations];

    /// Whether its requests name the model in their bodies.
    pub(crate) const fn names_in_body(self) -> bool {
        matches!(self.naming(), Naming::Body | Naming::Form)
    }

    /// Whether nothing is generated: the request is only counted.
    pub const fn only_counts(self) -> bool {
        matches!(self, Self::CountTokens | Self::CountInputTokens)
    }

    /// Whether the model can be read and written. Other APIs are recognised, so that `onFailure.unsupportedApi` decides
    /// about them and not the default route.
    pub const fn is_routable(self) -> bool {
        !matches!(self.naming(), Naming::Unread)
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
pub struct ApiSet(u64);

impl ApiSet {
    /// What a model serves if the policy does not say: not the APIs whose paths name the model, since no server speaks
    /// these and the others.
    pub(crate) fn usual() -> Self {
        Api::ALL.iter().copied().filter(|api| api.is_routable() && api.naming() != Naming::Path).collect()
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
        assert!(Api::ALL.len() <= 64);
        for api in Api::ALL {
            assert_eq!(Api::from_name(api.name()), Some(*api));
            let is_usual = api.is_routable() && !matches!(api, Api::Gemini | Api::Vertex | Api::Bedrock);
            assert_eq!(ApiSet::usual().contains(*api), is_usual, "{api}");
        }
        assert_eq!(Api::from_name("chatcompletions"), None);
    }
}
