//! Changes in the middle of a body. Envoy can replace a prefix of what a callback sees and append to it, nothing else.

use crate::host::{self, Loan, Status};
use pointsman_engine::Splice;

/// A prefix up to this size is replaced in one piece; above it the body is turned over piece by piece.
const LARGEST_PREFIX: usize = 1 << 20;

/// Splices the `size` bytes that this callback can see, whose `head` is at hand if it has been read.
pub(crate) fn splice(size: usize, head: &[u8], change: &Splice) -> Result<(), Status> {
    let Splice { keep, until, with } = change;
    if *keep > LARGEST_PREFIX {
        return turn_over(size, *keep, *until, with);
    }
    let mut prefix = Vec::with_capacity(keep + with.len());
    prefix.extend_from_slice(head.get(..*keep).unwrap_or(head));
    while prefix.len() < *keep {
        prefix.extend_from_slice(&some(host::body(prefix.len(), *keep)?)?);
    }
    prefix.extend_from_slice(with);
    host::replace_body_prefix(*until, &prefix)
}

/// Splices far behind the start without taking all that stands in front into the VM: what is cut off at the front is
/// appended at the end, piece by piece, until the whole body has gone round.
fn turn_over(size: usize, keep: usize, until: usize, with: &[u8]) -> Result<(), Status> {
    move_to_end(keep)?;
    host::append_body(with)?;
    host::replace_body_prefix(until.saturating_sub(keep), b"")?;
    move_to_end(size.saturating_sub(until))
}

fn move_to_end(mut length: usize) -> Result<(), Status> {
    while length > 0 {
        let piece = some(host::body(0, length)?)?;
        host::replace_body_prefix(piece.len(), b"")?;
        host::append_body(&piece)?;
        length = length.saturating_sub(piece.len());
    }
    Ok(())
}

/// The body ends before the place where the engine saw something: never silently go on.
pub(crate) fn some(piece: Loan) -> Result<Loan, Status> {
    if piece.is_empty() { Err(Status::INVALID_MEMORY) } else { Ok(piece) }
}
