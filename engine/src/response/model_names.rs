//! The model's name in an answer, as the client has asked for it.
//!
//! Written over what the provider says, where its API says that: once in each document, and nowhere else.

use super::amending::{Amender, Change};
use super::documents::{Listener, Shape, Stop};
use crate::api::Api;
use crate::json::{Container, Literal, Name, Numeral, Sink, Want};
use crate::splice::quoted;

/// The longest name that is written over. A longer one stays.
const LONGEST: usize = 256;

/// Where answers of an API name the model.
#[derive(Debug)]
struct Place {
    /// At the top level.
    keys: &'static [&'static str],
    /// In the object at this key, as `model`.
    inside: Option<&'static str>,
    /// The `type` of events that have none.
    is_without: fn(&[u8]) -> bool,
}

impl Place {
    const fn at(keys: &'static [&'static str]) -> Self {
        Self { keys, inside: None, is_without: |_| false }
    }
}

const MODEL: Place = Place::at(&["model"]);
const VERSION: Place = Place::at(&["modelVersion"]);
const EITHER: Place = Place::at(&["modelVersion", "model"]);
const RESPONSE: Place = Place { keys: &[], inside: Some("response"), is_without: |event| event.ends_with(b".delta") };
const MESSAGE: Place = Place { keys: &[], inside: Some("message"), is_without: |event| event != b"message_start" };
/// Vertex AI serves Anthropic's models, which answer there as at home.
const VERSION_OR_MESSAGE: Place = Place { keys: &["modelVersion"], ..MESSAGE };

/// Where it stands; `None` where answers of this API do not say it.
fn place(api: Api, shape: Shape) -> Option<&'static Place> {
    let is_whole = shape == Shape::Whole;
    Some(match api {
        Api::ChatCompletions | Api::Completions | Api::Embeddings | Api::Moderations | Api::Rerank => &MODEL,
        Api::OllamaChat | Api::OllamaGenerate | Api::OllamaEmbed => &MODEL,
        Api::Responses | Api::Messages if is_whole => &MODEL,
        Api::Responses => &RESPONSE,
        Api::Messages => &MESSAGE,
        Api::Gemini => &VERSION,
        Api::Vertex if is_whole => &EITHER,
        Api::Vertex => &VERSION_OR_MESSAGE,
        // What Anthropic's models answer there. Its own API says nothing, and its streams are no JSON.
        Api::Bedrock if is_whole => &MODEL,
        _ => return None,
    })
}

/// Whether answers of an API name the model.
pub(crate) fn are_in(api: Api) -> bool {
    place(api, Shape::Whole).is_some()
}

/// What a key means where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Key {
    Model,
    /// The object that has it.
    Outer,
    Type,
    #[default]
    Other,
}

/// The names of an answer as it passes.
#[derive(Debug)]
pub(super) struct ModelNames {
    place: &'static Place,
    asked: Box<str>,
    depth: usize,
    /// Whether the object that is open one level below the top is the one that has it.
    is_inside: bool,
    key: Key,
    name: Name,
    text: Vec<u8>,
    shift: u64,
    /// Where the name in progress begins.
    open: Option<u64>,
    changes: Vec<Change>,
}

impl ModelNames {
    pub(super) fn new(api: Api, shape: Shape, asked: &str) -> Option<Self> {
        Some(Self {
            place: place(api, shape)?,
            asked: asked.into(),
            depth: 0,
            is_inside: false,
            key: Key::Other,
            name: Name::new(),
            text: Vec::new(),
            shift: 0,
            open: None,
            changes: Vec::new(),
        })
    }

    fn is_at_place(&self) -> bool {
        self.depth == 1 || self.depth == 2 && self.is_inside
    }

    /// Behind a name, whether it could be read or not.
    fn write_over(&mut self, end: u64) {
        if let Some(start) = self.open.take()
            && self.text != self.asked.as_bytes()
        {
            self.changes.push(Change { start, end, with: quoted(&self.asked).into_bytes() });
        }
    }
}

impl Sink for ModelNames {
    type Refusal = Stop;

    fn begin(&mut self, container: Container, _: u64) -> Result<(), Stop> {
        if self.depth == 1 {
            self.is_inside = self.key == Key::Outer && container == Container::Object;
        }
        self.depth += 1;
        self.key = Key::Other;
        Ok(())
    }

    fn end(&mut self, _: u64) -> Result<(), Stop> {
        self.key = Key::Other;
        self.depth = self.depth.saturating_sub(1);
        // An event has one such object.
        if self.depth == 1 && std::mem::take(&mut self.is_inside) { Err(Stop::Enough) } else { Ok(()) }
    }

    fn begin_key(&mut self, _: u64) -> Want {
        self.key = Key::Other;
        if !self.is_at_place() {
            return Want::Nothing;
        }
        self.name.clear();
        Want::Text
    }

    fn end_key(&mut self, _: u64) -> Result<(), Stop> {
        let is = |key: &&str| key.as_bytes() == self.name.as_bytes();
        self.key = match self.depth {
            1 if self.place.keys.iter().any(is) => Key::Model,
            1 if self.place.inside.as_ref().is_some_and(is) => Key::Outer,
            1 if self.place.inside.is_some() && is(&"type") => Key::Type,
            2 if self.is_inside && is(&"model") => Key::Model,
            _ => Key::Other,
        };
        Ok(())
    }

    fn begin_string(&mut self, at: u64) -> Result<Want, Stop> {
        if !self.is_at_place() || !matches!(self.key, Key::Model | Key::Type) {
            return Ok(Want::Nothing);
        }
        self.text.clear();
        if self.key == Key::Model {
            self.open = Some(at.wrapping_add(self.shift));
        }
        Ok(Want::Text)
    }

    fn text(&mut self, text: &[u8]) {
        // Called for keys, too: what is at a key is its name.
        if self.key == Key::Other {
            self.name.push(text);
        } else if self.text.len() + text.len() <= LONGEST {
            self.text.extend_from_slice(text);
        } else {
            self.open = None;
        }
    }

    fn lone_surrogate(&mut self, _: bool) -> Result<(), Stop> {
        Ok(())
    }

    fn end_string(&mut self, end: u64) -> Result<(), Stop> {
        match std::mem::take(&mut self.key) {
            Key::Model => {
                self.write_over(end.wrapping_add(self.shift));
                Err(Stop::Enough)
            }
            Key::Type if (self.place.is_without)(&self.text) => Err(Stop::Enough),
            _ => Ok(()),
        }
    }

    fn number(&mut self, _: Numeral, _: u64, _: u64) -> Result<(), Stop> {
        Ok(())
    }

    fn literal(&mut self, _: Literal, _: u64) -> Result<(), Stop> {
        Ok(())
    }
}

impl Listener for ModelNames {
    fn begin_document(&mut self) {
        (self.depth, self.is_inside, self.key, self.open) = (0, false, Key::Other, None);
    }

    fn shift(&mut self, by: u64) {
        self.shift = by;
    }

    fn end_document(&mut self) {
        self.open = None;
    }
}

impl Amender for ModelNames {
    fn listener(&mut self) -> &mut dyn Listener {
        self
    }

    fn open(&self) -> Option<u64> {
        self.open
    }

    fn take(&mut self, changes: &mut Vec<Change>) {
        changes.append(&mut self.changes);
    }
}
