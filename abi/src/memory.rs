//! Memory the host hands values over in.
//!
//! A host call that returns bytes first asks this module for a block (`proxy_on_memory_allocate`), fills it, and then
//! says where it is. The blocks are used again, so that a chunk of a body costs no allocation once the VM is warm; large
//! ones are given back, so that one large value does not stay for ever.

use crate::status::{Status, done};
use std::cell::Cell;
use std::ops::Deref;
use std::ptr::null_mut;

/// Blocks below this size are not worth telling apart.
const SMALLEST: usize = 4 << 10;
/// Blocks above this size are not kept.
const LARGEST_KEPT: usize = 80 << 10;
/// Blocks kept. At most this many loans live at the same time on the request path.
const KEPT: usize = 4;

thread_local! {
    /// What `allocate` gave the host and nobody has claimed yet.
    static HANDED_OUT: Cell<Option<Vec<u8>>> = const { Cell::new(None) };
    /// Blocks at rest.
    static SPARE: Cell<Vec<Vec<u8>>> = const { Cell::new(Vec::new()) };
}

/// Bytes the host wrote. Its memory is used again when it is dropped.
#[derive(Debug)]
pub struct Loan(Vec<u8>);

impl Deref for Loan {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        keep(std::mem::take(&mut self.0));
    }
}

/// A block for the host to write `size` bytes to. Null when there is none: the host call then fails with a status.
#[must_use]
pub fn allocate(size: usize) -> *mut u8 {
    let spare = HANDED_OUT.take().filter(|block| block.capacity() >= size).or_else(|| fitting(size));
    let mut block = spare.unwrap_or_default();
    block.clear();
    if block.try_reserve_exact(size.max(SMALLEST)).is_err() {
        return null_mut();
    }
    let start = block.as_mut_ptr();
    HANDED_OUT.set(Some(block));
    start
}

/// Makes a host call that returns bytes, and takes them.
#[expect(unsafe_code, reason = "takes what the host has written")]
pub(crate) fn receive(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Result<Loan, Status> {
    let mut start: *mut u8 = null_mut();
    let mut size = 0;
    done(call(&raw mut start, &raw mut size))?;
    if size == 0 {
        return Ok(Loan(Vec::new()));
    }
    let mut block = HANDED_OUT.take().ok_or(Status::INVALID_MEMORY)?;
    if !std::ptr::eq(block.as_ptr(), start) || size > block.capacity() {
        return Err(Status::INVALID_MEMORY);
    }
    // SAFETY: `size` is within the capacity, and the host has just written that many bytes from the block's start on.
    unsafe { block.set_len(size) };
    Ok(Loan(block))
}

fn fitting(size: usize) -> Option<Vec<u8>> {
    let mut spare = SPARE.take();
    let found = spare.iter().position(|block| block.capacity() >= size).map(|at| spare.swap_remove(at));
    SPARE.set(spare);
    found
}

fn keep(block: Vec<u8>) {
    if !(SMALLEST..=LARGEST_KEPT).contains(&block.capacity()) {
        return;
    }
    let mut spare = SPARE.take();
    if spare.len() < KEPT {
        spare.push(block);
    } else if let Some(smaller) = spare.iter_mut().find(|kept| kept.capacity() < block.capacity()) {
        *smaller = block;
    }
    SPARE.set(spare);
}
