//! The changes in a body: ranges of bytes that other texts take the place of.
//!
//! What changes in one body is a list: in the order of the body, and no two of them overlap. Of two that touch, the first
//! stands first.

use serde::{Deserialize, Serialize};

/// What stands in front of a value that is added.
const KEY: &str = "\"model\":";

/// `body[keep..until]` is replaced by `with`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    /// Where the replaced range begins.
    pub keep: usize,
    /// Where it ends.
    pub until: usize,
    /// What takes its place.
    pub with: Vec<u8>,
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
    for Splice { keep, until, with } in splices {
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

    /// Whether the bytes that are about to be replaced can be what the router saw there: a JSON string, `null`, or
    /// nothing where the model is added. A filter between the two that changes the body would move it.
    pub(crate) fn fits(&self, replaced: &[u8]) -> bool {
        match replaced {
            [] => self.keep == self.until,
            b"null" => true,
            [b'"', inside @ .., b'"'] => !inside.contains(&b'\n'),
            _ => false,
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
}

/// A name as JSON. Nearly all are written as they are.
fn quoted(name: &str) -> String {
    let is_plain = name.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\');
    if is_plain { ["\"", name, "\""].concat() } else { serde_json::Value::from(name).to_string() }
}

impl Place {
    /// The splice that puts the model there.
    pub(crate) fn write(self, model: &str) -> Splice {
        let value = quoted(model);
        let with = match (self.start == self.end, self.more) {
            (false, _) => value,
            // The API lets clients leave the model out: it becomes the first member.
            (true, true) => format!("{KEY}{value},"),
            (true, false) => format!("{KEY}{value}"),
        };
        Splice { keep: self.start, until: self.end, with: with.into_bytes() }
    }

    /// Where the value stands once [`Self::write`] has been applied.
    pub(crate) fn written(self, model: &str) -> Self {
        let value = quoted(model);
        let start = if self.start == self.end { self.start + KEY.len() } else { self.start };
        Self { start, end: start + value.len(), more: false }
    }

    /// Where it is once these changes, of which none touches it, have been made.
    pub(crate) fn after(self, changes: &[Splice]) -> Self {
        let in_front = changes.iter().filter(|change| change.until <= self.start);
        let moved = |at: usize| in_front.clone().fold(at, |at, change| at + change.with.len() - change.replaced());
        Self { start: moved(self.start), end: moved(self.end), ..self }
    }

    /// Whether what stands there is as long as the model's plain spelling.
    pub(crate) fn holds(self, model: &str) -> bool {
        self.end - self.start == quoted(model).len()
    }
}
