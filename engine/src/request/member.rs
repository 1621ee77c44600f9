//! The keys below the top level that say something: roles, part types, media, and strings that are no text.

use crate::json::Name;

/// What the key of a nested member means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    Role,
    Type,
    /// Text, a part, or a list of parts.
    Content,
    /// An image or a video by its key alone: vLLM accepts parts without a `type`.
    Image,
    /// Audio by its key alone.
    Audio,
    /// Ollama's list of base64 images.
    Images,
    /// A string that is no text: identifiers, links.
    Silent,
    /// A string that may be base64, or the text of a document.
    Data,
    CacheControl,
    Format,
    Effort,
    Enabled,
    NumPredict,
    /// Anything else; its strings are text.
    Other,
}

impl Member {
    /// Case is ignored, as Go servers do: a rule about images must not be dodged by `"Type"`.
    pub(super) fn of(key: &Name) -> Self {
        match key.folded().as_bytes() {
            b"role" => Member::Role,
            b"type" => Member::Type,
            b"content" | b"source" | b"output" => Member::Content,
            b"image_url" | b"input_image" | b"image" | b"image_pil" | b"image_embeds" | b"video_url" => Member::Image,
            b"input_audio" | b"audio_url" | b"audio" => Member::Audio,
            b"images" => Member::Images,
            b"cache_control" => Member::CacheControl,
            b"format" => Member::Format,
            b"effort" => Member::Effort,
            b"enabled" => Member::Enabled,
            b"num_predict" => Member::NumPredict,
            b"id" | b"call_id" | b"tool_call_id" | b"tool_use_id" | b"status" | b"detail" | b"media_type"
            | b"file_id" | b"file_url" | b"filename" | b"url" | b"signature" | b"encrypted_content" => Member::Silent,
            b"data" | b"file_data" | b"b64_json" => Member::Data,
            _ => Member::Other,
        }
    }
}

/// The output that a part's `type` or a `modalities` entry stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Medium {
    Image,
    Audio,
}

/// The medium of a content part, by its `type`.
pub(super) fn medium(part_type: &[u8]) -> Option<Medium> {
    match part_type {
        b"image"
        | b"image_url"
        | b"input_image"
        | b"image_pil"
        | b"image_embeds"
        | b"video_url"
        | b"video"
        | b"computer_screenshot" => Some(Medium::Image),
        b"audio" | b"input_audio" | b"audio_url" => Some(Medium::Audio),
        _ => None,
    }
}
