//! The changes in a body: ranges of bytes that other texts take the place of.
//!
//! What changes in one body is a list: in the order of the body, and no two of them overlap. Of two that touch, the first
//! stands first.

use crate::form::Boundary;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What stands in front of a value that is added.
pub(crate) const KEY: &str = "\"model\":";

/// What stands around the content of a form's part. It is written anew with the content, so that whoever replaces it sees that
/// it is one.
const BEFORE: &str = "\r\n\r\n";
const BEHIND: &str = "\r\n--";

/// `body[keep..until]` is replaced by `with`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    /// Where the replaced range begins.
    pub keep: usize,
    /// Where it ends.
    pub until: usize,
    /// What takes its place.
    pub with: Vec<u8>,
    /// What stood there.
    pub what: Replaced,
}

/// What a splice replaces, as far as it can be told when it is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// A name: a JSON string, `null`, or nothing.
    Name,
    /// Some part of an object, however long, or nothing.
    Part,
    /// The rest of one.
    Rest,
}

/// The new length of a body of `length` bytes.
pub(crate) fn new_length(splices: &[Splice], length: u64) -> u64 {
    splices.iter().fold(length, |length, splice| {
        length.saturating_sub(splice.replaced() as u64).saturating_add(splice.with.len() as u64)
    })
}

/// A whole body with its changes.
#[must_use]
pub fn spliced(body: &[u8], splices: &[Splice]) -> Vec<u8> {
    let mut at = 0;
    let mut after = Vec::with_capacity(body.len());
    for Splice { keep, until, with, .. } in splices {
        after.extend_from_slice(body.get(at..*keep).unwrap_or_default());
        after.extend_from_slice(with);
        at = *until;
    }
    after.extend_from_slice(body.get(at..).unwrap_or_default());
    after
}

impl Splice {
    /// How many bytes go.
    pub(crate) fn replaced(&self) -> usize {
        self.until.saturating_sub(self.keep)
    }

    /// How many of the bytes that go have to be seen for [`Self::fits`].
    pub(crate) fn compared(&self) -> usize {
        match self.what {
            Replaced::Name => self.replaced(),
            Replaced::Part => self.replaced().min(1),
            Replaced::Rest => 0,
        }
    }

    /// Whether the bytes that are about to be replaced can be what the router saw there: a JSON string, `null`, the content of
    /// a form's part, or nothing where the model is added; of a part of an object, how one begins. A filter between the two
    /// that changes the body would move it.
    pub(crate) fn fits(&self, compared: &[u8]) -> bool {
        match compared {
            _ if self.what == Replaced::Rest => true,
            [b'"' | b',' | b' ' | b'\t' | b'\r' | b'\n' | b'{' | b'[' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n']
                if self.what == Replaced::Part =>
            {
                true
            }
            [] => self.keep == self.until,
            b"null" => true,
            [b'"', inside @ .., b'"'] => !inside.contains(&b'\n'),
            _ => {
                let content =
                    compared.strip_prefix(BEFORE.as_bytes()).and_then(|it| it.strip_suffix(BEHIND.as_bytes()));
                // One that is blank may have been a line's end.
                content.is_some_and(|content| !content.trim_ascii().contains(&b'\n'))
            }
        }
    }
}

/// Where a model's name goes in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    /// The first byte of the value.
    pub(crate) start: usize,
    /// The first byte behind it. Nothing stands there yet when it is `start`.
    pub(crate) end: usize,
    /// Whether other members follow a value that does not stand there yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) more: bool,
    /// How it is written there.
    #[serde(default, skip_serializing_if = "Spelling::is_json")]
    pub(crate) spelling: Spelling,
}

/// How a model's name is written in a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Spelling {
    /// As a JSON string.
    #[default]
    Json,
    /// As it is: the content of a form's part. No name holds a line's end, and so none a boundary's line.
    Content,
    /// As a whole part of a form with this boundary, in front of all others: the client has left it out.
    Part(Boundary),
}

impl Spelling {
    fn is_json(&self) -> bool {
        *self == Self::Json
    }
}

/// A text as JSON. Nearly all are written as they are.
pub(crate) fn quoted(text: &str) -> String {
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\');
    if is_plain { ["\"", text, "\""].concat() } else { serde_json::Value::from(text).to_string() }
}

impl Place {
    /// The splice that puts the model there.
    pub(crate) fn write(self, model: &str) -> Splice {
        let (before, behind) = self.around();
        let (keep, until) = match self.spelling {
            Spelling::Content => (self.start.saturating_sub(BEFORE.len()), self.end.saturating_add(BEHIND.len())),
            Spelling::Json | Spelling::Part(_) => (self.start, self.end),
        };
        let with = [&*before, &*self.value(model), behind].concat().into_bytes();
        Splice { keep, until, with, what: Replaced::Name }
    }

    /// Where the value stands once [`Self::write`] has been applied.
    pub(crate) fn written(self, model: &str) -> Self {
        let (keep, spelling) = match self.spelling {
            Spelling::Json => (self.start, Spelling::Json),
            Spelling::Content => (self.start.saturating_sub(BEFORE.len()), Spelling::Content),
            Spelling::Part(_) => (self.start, Spelling::Content),
        };
        let start = keep + self.around().0.len();
        Self { start, end: start + self.value(model).len(), more: false, spelling }
    }

    /// Where it stands once these have been applied, this model among them.
    pub(crate) fn among(self, splices: &[Splice], model: &str) -> Self {
        let written = if self.start == self.end { self } else { self.after(splices) };
        written.written(model)
    }

    /// Where it is once these changes, of which none touches it, have been made.
    pub(crate) fn after(self, changes: &[Splice]) -> Self {
        let in_front = changes.iter().filter(|change| change.until <= self.start);
        let moved = |at: usize| in_front.clone().fold(at, |at, change| at + change.with.len() - change.replaced());
        Self { start: moved(self.start), end: moved(self.end), ..self }
    }

    /// Whether what stands there is as long as the model's plain spelling.
    pub(crate) fn holds(self, model: &str) -> bool {
        self.end - self.start == self.value(model).len()
    }

    fn value(&self, model: &str) -> String {
        match self.spelling {
            Spelling::Json => quoted(model),
            Spelling::Content | Spelling::Part(_) => model.to_owned(),
        }
    }

    /// What is written in front of the value and behind it.
    fn around(&self) -> (Cow<'static, str>, &'static str) {
        match self.spelling {
            Spelling::Json if self.start < self.end => ("".into(), ""),
            // The API lets clients leave the model out: it becomes the first member.
            Spelling::Json => (KEY.into(), if self.more { "," } else { "" }),
            Spelling::Content => (BEFORE.into(), BEHIND),
            Spelling::Part(boundary) => {
                let before =
                    format!("--{}\r\nContent-Disposition: form-data; name=\"model\"{BEFORE}", boundary.as_str());
                (before.into(), "\r\n")
            }
        }
    }
}
