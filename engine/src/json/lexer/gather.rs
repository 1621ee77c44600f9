//! Text with one-letter escapes, put together.
//!
//! Prose has a `\n` or a `\"` in every other line. Who listens to text works on blocks of it, and so hears a few long pieces
//! instead of many short ones.

use super::super::Sink;
use super::super::escape;
use super::super::skim::{self, Stop, Stretch};

/// How much is put together.
const ROOM: usize = 1024;

/// How much of a chunk must be left for it to be worth the room.
pub(super) const WORTH: usize = 128;

/// Whether the stretch ends in an escape of one letter that is all there.
pub(super) fn begins(rest: &[u8], stretch: Stretch) -> bool {
    stretch.stop == Stop::Escape && decoded(rest, stretch).is_some()
}

/// Hands on text up to what else there is to decide.
#[inline(never)]
pub(super) fn text<S: Sink>(rest: &mut &[u8], first: Stretch, sink: &mut S) {
    let mut pieces = Pieces { bytes: [0; ROOM], len: 0 };
    let mut stretch = first;
    loop {
        let (plain, behind) = rest.split_at_checked(stretch.len).unwrap_or((rest, &[]));
        let decoded = decoded(rest, stretch);
        *rest = behind;
        if plain.len() >= ROOM - pieces.len {
            pieces.emit(sink);
        }
        if plain.len() < ROOM {
            pieces.push(plain);
        } else {
            sink.text(plain);
        }
        let (Stop::Escape, Some(decoded)) = (stretch.stop, decoded) else { break };
        pieces.push(&[decoded]);
        *rest = rest.get(2..).unwrap_or_default();
        stretch = skim::plain(rest);
    }
    pieces.emit(sink);
}

/// What the escape behind the stretch stands for, if it is one of one letter.
fn decoded(rest: &[u8], stretch: Stretch) -> Option<u8> {
    rest.get(stretch.len + 1).and_then(|letter| escape::simple(*letter))
}

struct Pieces {
    bytes: [u8; ROOM],
    len: usize,
}

impl Pieces {
    /// There is room for it: who pushes makes some.
    fn push(&mut self, piece: &[u8]) {
        if let Some(slot) = self.bytes.get_mut(self.len..).and_then(|free| free.get_mut(..piece.len())) {
            slot.copy_from_slice(piece);
            self.len += piece.len();
        }
    }

    #[inline(always)]
    fn emit<S: Sink>(&mut self, sink: &mut S) {
        if self.len > 0 {
            sink.text(self.bytes.get(..self.len).unwrap_or_default());
            self.len = 0;
        }
    }
}
