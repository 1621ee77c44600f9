//! The response that a request goes on from: the id, and where it stands in the body.

use crate::api::Api;

/// The key whose value it is.
pub(super) const KEY: &str = "previous_response_id";

/// The longest id that is read. A longer one is nothing that was signed here.
const LONGEST: usize = 512;

/// An id, and where its value stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Empty where it is too long to be known.
    pub(crate) id: String,
    /// The offset of the opening quote.
    pub(crate) start: u64,
    /// The offset behind the closing quote.
    pub(crate) end: u64,
}

/// The one reference of a body, as it passes.
#[derive(Debug, Default)]
pub(super) struct References {
    found: Option<Reference>,
    current: Reference,
}

impl References {
    pub(super) fn begin_string(&mut self, at: u64) {
        self.current = Reference { start: at, ..Reference::default() };
    }

    pub(super) fn text(&mut self, text: &[u8]) {
        // One byte more than allowed is kept, so that the end sees that it was too long.
        let room = (LONGEST + 1).saturating_sub(self.current.id.len());
        self.current.id.extend(std::str::from_utf8(text).unwrap_or_default().chars().take(room));
    }

    pub(super) fn end_string(&mut self, end: u64) {
        let mut reference = std::mem::take(&mut self.current);
        if reference.id.len() > LONGEST {
            reference.id.clear();
        }
        self.found = Some(Reference { end, ..reference });
    }

    /// What has been found so far. A second one is refused as a key that stands twice.
    pub(super) fn found(&self) -> Option<&Reference> {
        self.found.as_ref()
    }
}

/// Whether requests of an API can refer to a response.
pub(crate) fn has(api: Api) -> bool {
    matches!(api, Api::Responses | Api::CountInputTokens)
}
