//! The keys below the top level that say something: roles, types, marks, and strings that are no text.

use super::flag::{Flag, FlagSet};
use super::place::Place;
use crate::naming::Holds;

/// What the key of a nested member means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    Role,
    Type,
    /// Text, a part, or a list of parts.
    Content,
    /// What sets flags by its key alone.
    Mark(FlagSet),
    /// Gemini's data with their type, or OpenAI's as a text.
    Attached,
    /// A list of tools: Bedrock's, that of an input item, or that of a tool which holds others.
    Tools,
    /// Ollama's list of base64 images.
    Images,
    /// Where a tool of the provider runs: an object, or the name of a container that the provider keeps.
    Container,
    /// What a tool of the provider works with or on: an object that can refer to what the provider keeps.
    Surroundings,
    /// What is filled in a prompt that the provider keeps.
    Variables,
    /// The id of an item: what refers to one that the provider keeps may hold nothing else.
    Id,
    /// The definition inside of OpenAI's tools.
    Function,
    /// A string that is no text: identifiers, links.
    Silent,
    /// A string that may be base64, or the text of a document.
    Data,
    NumPredict,
    /// A setting that says something of a flag.
    Setting(Flag),
    /// Settings of one provider, in what servers merge into the body.
    Settings,
    /// A key that the flag knows to which its object belongs.
    Own,
    /// What names models besides `model`.
    Steers(Holds),
    /// Anything else; its strings are text.
    Other,
}

impl Member {
    /// The meaning of a key in lower case: servers in Go ignore case, and a rule about images must not be dodged by
    /// `"Type"`.
    pub(super) fn of(place: Place, key: &[u8]) -> Self {
        let flags = Flag::of_member(place, key);
        if !flags.is_empty() {
            return Member::Mark(flags);
        }
        if place == Place::Options
            && let Some(flag) = Flag::of_setting(key)
        {
            return Member::Setting(flag);
        }
        match key {
            b"role" => Member::Role,
            b"type" => Member::Type,
            b"content" | b"source" | b"output" | b"parts" => Member::Content,
            // Gemini's data in a part, and its spelling of types.
            b"inlinedata" | b"inline_data" | b"filedata" | b"file_data" if place == Place::Part => Member::Attached,
            b"mimetype" | b"mime_type" | b"media_type" if place == Place::Part => Member::Type,
            b"thoughtsignature" | b"thought_signature" => Member::Silent,
            b"tools" if place.holds_tools() => Member::Tools,
            // Bedrock's.
            b"bytes" => Member::Data,
            // OpenAI's part for a file holds an object of that name.
            b"file" if place == Place::Part => Member::Content,
            b"container" if place == Place::Tool => Member::Container,
            b"environment" | b"skills" | b"input_image_mask" | b"filesearch" | b"file_search"
                if place == Place::Tool =>
            {
                Member::Surroundings
            }
            b"variables" if place == Place::Template => Member::Variables,
            b"id" if place == Place::Turn => Member::Id,
            // llama.cpp's images beside a prompt.
            b"multimodal_data" if matches!(place, Place::Turn | Place::Prompt) => Member::Images,
            // A result of a tool, at Bedrock and Gemini, holds parts of its own.
            b"toolresult" | b"functionresponse" | b"function_response" if place == Place::Part => Member::Content,
            b"images" => Member::Images,
            b"function" => Member::Function,
            b"num_predict" | b"maxoutputtokens" | b"max_output_tokens" | b"maxtokens" | b"maxtokencount"
            | b"max_tokens" | b"max_new_tokens" => Member::NumPredict,
            b"id" | b"call_id" | b"tool_call_id" | b"tool_use_id" | b"tooluseid" | b"status" | b"detail"
            | b"media_type" | b"file_id" | b"file_url" | b"filename" | b"url" | b"signature" | b"encrypted_content" => {
                Member::Silent
            }
            b"data" | b"file_data" | b"b64_json" => Member::Data,
            _ => Member::Other,
        }
    }
}
