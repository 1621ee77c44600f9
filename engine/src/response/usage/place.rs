//! Where things stand in an answer.

use super::super::documents::Shape;
use super::figures::{Figure, Rule};
use super::{anthropic, bedrock, gemini, ollama, openai};
use crate::api::Api;

/// A key, and what stands there.
pub(super) type Member = (&'static str, Place);

/// What stands somewhere in an answer. An array of such values stands for each of them. What has no place is passed unread.
#[derive(Debug, PartialEq)]
pub(super) enum Place {
    /// An object that matters for what is in it.
    Within(&'static [Member]),
    /// All counts of an answer, or all so far: what came before is replaced.
    Usage(&'static [Member]),
    /// The counts with which an answer begins, and which later ones are laid over.
    FirstUsage(&'static [Member]),
    Count(Figure),
    /// Counts by modality, of which sound is this figure.
    Modalities(Figure),
    /// The modality of such a count, and the count itself.
    Modality,
    OfModality,
    /// Generated text, or objects that hold it.
    Text(&'static [Member]),
    /// Generated, but no text: an image or sound in base 64.
    Data,
    /// The arguments of a call, whatever JSON they are.
    Arguments,
    /// The type of an item of the output.
    Item,
    Model,
    Finish,
    /// `true` at the end.
    Done,
    /// Why nothing was generated.
    Block,
    /// An error, if it is not null.
    Error(&'static [Member]),
    /// The type, code or status of an error.
    Code,
    /// The code of an event that is an error itself.
    EventCode,
    /// The type of an event.
    Event,
}

impl Place {
    /// What stands in an object there; `None` where no object is looked into.
    pub(super) fn members(&self) -> Option<&'static [Member]> {
        match self {
            Self::Within(members)
            | Self::Usage(members)
            | Self::FirstUsage(members)
            | Self::Text(members)
            | Self::Error(members) => Some(members),
            Self::Modalities(_) => Some(gemini::MODALITY),
            _ => None,
        }
    }
}

/// How the answers of an API are read.
#[derive(Debug)]
pub(super) struct Dialect {
    pub(super) root: Place,
    pub(super) rule: Rule,
}

/// How answers of this API are read; `None` for an API that is not routed.
pub(super) fn dialect(api: Api, shape: Shape) -> Option<&'static Dialect> {
    let is_whole = shape == Shape::Whole;
    Some(match api {
        Api::ChatCompletions | Api::Completions => &openai::COMPLETIONS,
        Api::Responses if is_whole => &openai::RESPONSE,
        Api::Responses => &openai::RESPONSE_EVENTS,
        Api::Embeddings | Api::Rerank => &openai::INPUT_ONLY,
        Api::ImageGenerations | Api::ImageEdits | Api::ImageVariations => &openai::IMAGES,
        Api::Transcriptions | Api::Translations if is_whole => &openai::TRANSCRIPT,
        Api::Speech | Api::Transcriptions | Api::Translations => &openai::SOUND_EVENTS,
        // What is only counted, classified or described takes no tokens that anybody would tell.
        Api::Moderations | Api::CountInputTokens | Api::CountTokens | Api::OllamaShow => &openai::NO_USAGE,
        Api::Messages => &anthropic::MESSAGES,
        Api::OllamaChat | Api::OllamaGenerate => &ollama::GENERATED,
        Api::OllamaEmbed => &ollama::EMBEDDED,
        Api::Gemini => &gemini::GEMINI,
        Api::Vertex => &gemini::VERTEX,
        Api::Bedrock => &bedrock::BEDROCK,
        _ => return None,
    })
}
