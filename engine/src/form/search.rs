//! Where the content of a part ends: the next boundary, in any split.
//!
//! A file is long and holds anything, so nearly every byte of a form passes here. What is looked for is `--` and the boundary,
//! a block of the file at a time; that it stands at the beginning of a line is looked at where it has been found.

use super::Fault;
use super::boundary::Boundary;
use memchr::memmem::Finder;

/// In front of a boundary, a line's end and two hyphens.
const BEFORE: &[u8] = b"\r\n--";

/// The most bytes of a boundary with what stands in front of it.
const LONGEST: usize = Boundary::LONGEST + BEFORE.len();

/// Looks for boundaries in content that comes in chunks.
pub(super) struct Search {
    /// The line's end in front of a boundary, and the boundary with its hyphens.
    line: Held,
    /// Of the latter.
    finder: Finder<'static>,
    /// What has come and may be the beginning of that line.
    held: Held,
}

/// A boundary has been found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// How much of the chunk has been used up, the boundary included.
    pub(super) used: usize,
    /// Whether it stands at the beginning of a line.
    pub(super) is_line: bool,
}

/// Who gets what is content.
type Emit<'e> = &'e mut dyn FnMut(&[u8]) -> Result<(), Fault>;

/// Bytes in place.
#[derive(Clone, Copy)]
struct Held {
    bytes: [u8; LONGEST],
    len: usize,
}

impl Held {
    const EMPTY: Self = Self { bytes: [0; LONGEST], len: 0 };

    fn of(bytes: &[u8]) -> Self {
        let mut held = Self::EMPTY;
        if let Some(space) = held.bytes.get_mut(..bytes.len()) {
            space.copy_from_slice(bytes);
            held.len = bytes.len();
        }
        held
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

impl Search {
    pub(super) fn new(boundary: &Boundary) -> Self {
        let line = Held::of(&[BEFORE, boundary.as_bytes()].concat());
        let finder = Finder::new(line.as_bytes().get(2..).unwrap_or_default()).into_owned();
        Self { line, finder, held: Held::EMPTY }
    }

    /// `--` and the boundary.
    pub(super) fn boundary(&self) -> &[u8] {
        self.finder.needle()
    }

    /// Whether some bytes hold a boundary.
    pub(super) fn is_in(&self, bytes: &[u8]) -> bool {
        self.finder.find(bytes).is_some()
    }

    /// Looks at the next chunk, and hands on what is sure to be content.
    pub(super) fn feed(&mut self, chunk: &[u8], emit: Emit<'_>) -> Result<Option<Found>, Fault> {
        let held = self.held.len;
        if held == 0 {
            return self.look(chunk, emit);
        }
        // What was kept back, and as much as can belong to the same boundary.
        let head = chunk.get(..self.line.len).unwrap_or(chunk);
        let mut joint = [0; 2 * LONGEST];
        for (slot, byte) in joint.iter_mut().zip(self.held.as_bytes().iter().chain(head)) {
            *slot = *byte;
        }
        let joint = joint.get(..held + head.len()).unwrap_or_default();
        if head.len() < chunk.len() && !self.is_in(joint) {
            // Nothing that began there goes on here.
            self.held = Held::EMPTY;
            emit(joint.get(..held).unwrap_or_default())?;
            return self.look(chunk, emit);
        }
        let found = self.look(joint, emit)?;
        Ok(found.map(|found| Found { used: found.used.saturating_sub(held), ..found }))
    }

    fn look(&mut self, bytes: &[u8], emit: Emit<'_>) -> Result<Option<Found>, Fault> {
        let at = self.finder.find(bytes);
        let content = bytes.get(..at.unwrap_or(bytes.len())).unwrap_or_default();
        let Some(at) = at else {
            let (content, held) = content.split_at_checked(content.len() - self.beginning(content)).unwrap_or_default();
            self.held = Held::of(held);
            emit(content)?;
            return Ok(None);
        };
        self.held = Held::EMPTY;
        let line = content.strip_suffix(b"\r\n");
        emit(line.unwrap_or(content))?;
        Ok(Some(Found { used: at + self.boundary().len(), is_line: line.is_some() }))
    }

    /// How many bytes at the end may be the beginning of a boundary, with or without the line's end in front of it.
    fn beginning(&self, bytes: &[u8]) -> usize {
        let may_begin = |length: &usize| {
            let end = bytes.get(bytes.len() - length..).unwrap_or_default();
            self.line.as_bytes().starts_with(end) || self.boundary().starts_with(end)
        };
        (1..=bytes.len().min(self.line.len - 1)).rev().find(may_begin).unwrap_or_default()
    }
}
