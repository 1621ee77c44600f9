//! The containers of a document that are open.

use super::place::Place;
use crate::json::Container;

/// A container that is looked into.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) container: Container,
    pub(super) place: &'static Place,
}

/// No place is deeper, arrays counted: the parts of Gemini's candidates are seven deep.
const DEEPEST: usize = 12;

/// The containers that are open and looked into.
#[derive(Debug, Default)]
pub(super) struct Path {
    frames: [Option<Frame>; DEEPEST],
    len: usize,
    /// How many are open in the innermost that are not looked into.
    pub(super) skipped: usize,
}

impl Path {
    pub(super) fn innermost(&self) -> Option<&Frame> {
        self.frames.get(self.len.checked_sub(1)?)?.as_ref()
    }

    /// Whether there is room for one more.
    pub(super) fn push(&mut self, container: Container, place: &'static Place) -> bool {
        let slot = self.frames.get_mut(self.len);
        let has_room = slot.is_some();
        if let Some(slot) = slot {
            *slot = Some(Frame { container, place });
            self.len += 1;
        }
        has_room
    }

    pub(super) fn pop(&mut self) -> Option<Frame> {
        self.len = self.len.checked_sub(1)?;
        self.frames.get_mut(self.len)?.take()
    }

    /// Whether nothing is open.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn clear(&mut self) {
        (self.len, self.skipped) = (0, 0);
    }
}
