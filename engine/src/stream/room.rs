//! What all open requests of a worker may keep together.
//!
//! A client decides how long its path and its headers are, and how long its request stays open. So what one request keeps is
//! bounded by the proxy, but not how many there are: without a bound on their sum, enough of them fill the VM, and a VM without
//! memory traps and takes every stream of the worker with it.

use std::cell::Cell;
use std::rc::Rc;

/// The sum, in bytes. A VM has 1 GiB, and what it has taken it never gives back to the proxy.
pub const MOST: usize = 64 << 20;

/// What a request takes besides what its client has sent: the machine, what is known of the body, the decision.
pub const EACH: usize = 9 << 8;

/// The room that there is on one worker.
#[derive(Debug, Default)]
pub struct Room {
    taken: Cell<usize>,
}

impl Room {
    /// Room for a request that keeps so many bytes of its client's, if there is any left.
    #[must_use]
    pub fn take(self: &Rc<Self>, kept: usize) -> Option<Share> {
        let bytes = kept.saturating_add(EACH);
        let taken = self.taken.get().saturating_add(bytes);
        (taken <= MOST).then(|| {
            self.taken.set(taken);
            Share { room: Rc::clone(self), bytes }
        })
    }
}

/// What one request has taken. Given back with it.
#[derive(Debug)]
pub struct Share {
    room: Rc<Room>,
    bytes: usize,
}

impl Share {
    /// The request keeps only so many bytes of its client's from here on.
    pub fn shrink(&mut self, kept: usize) {
        let bytes = kept.saturating_add(EACH).min(self.bytes);
        self.give_back(self.bytes - bytes);
        self.bytes = bytes;
    }

    fn give_back(&self, bytes: usize) {
        self.room.taken.set(self.room.taken.get().saturating_sub(bytes));
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corridor::Reading;
    use crate::stream::router::RouterStream;

    #[test]
    fn what_is_taken_is_given_back() {
        let room = Rc::new(Room::default());
        let mut share = room.take(MOST - EACH).expect("all of it");
        assert!(room.take(0).is_none());
        share.shrink(MOST);
        assert!(room.take(0).is_none(), "nothing grows, and nothing shrinks by growing");
        share.shrink(MOST - 3 * EACH);
        drop(room.take(EACH));
        assert!(room.take(EACH).is_some(), "what was dropped is there again");
        assert!(room.take(EACH + 1).is_none());
        drop(share);
        assert_eq!(room.taken.get(), 0);
        assert!(room.take(usize::MAX).is_none());
    }

    #[test]
    fn a_request_takes_no_more_than_is_counted_for_it() {
        assert!(size_of::<RouterStream>() + size_of::<Reading>() <= EACH);
    }
}
