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
    /// The definition inside of OpenAI's tools.
    Function,
    /// A string that is no text: identifiers, links.
    Silent,
    /// A string that may be base64, or the text of a document.
    Data,
    /// No text whatever it is, and no mark in this place: clients move marks of the cache from turn to turn, which
    /// must not change what was said.
    Aside,
    NumPredict,
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
        match key {
            b"role" => Member::Role,
            b"type" => Member::Type,
            b"content" | b"source" | b"output" | b"parts" => Member::Content,
            // Gemini's data in a part, and its spelling of types.
            b"inlinedata" | b"inline_data" | b"filedata" | b"file_data" if place == Place::Part => Member::Attached,
            b"mimetype" | b"mime_type" if place == Place::Part => Member::Type,
            b"thoughtsignature" | b"thought_signature" => Member::Silent,
            b"tools" if place.holds_tools() => Member::Tools,
            // Bedrock's.
            b"bytes" => Member::Data,
            // OpenAI's part for a file holds an object of that name.
            b"file" if place == Place::Part => Member::Content,
            b"container" if place == Place::Tool => Member::Container,
            b"images" => Member::Images,
            b"function" => Member::Function,
            b"cache_control" | b"prompt_cache_breakpoint" => Member::Aside,
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
