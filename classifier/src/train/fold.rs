//! Documents in folds, and work side by side.

use crate::hash;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Which of `folds` a group of documents is in: the same on every machine.
pub fn fold_of(group: &str, folds: u32) -> u32 {
    let running = group.chars().map(u32::from).fold(0, hash::push);
    ((u64::from(hash::finish(running, 0xF01D)) * u64::from(folds.max(1))) >> 32) as u32
}

/// The numbers of the documents outside one fold.
pub fn outside(folds: &[u32], fold: u32) -> Vec<u32> {
    (0_u32..).zip(folds).filter(|(_, found)| **found != fold).map(|(document, _)| document).collect()
}

/// Does work on all processors. What comes out stands in the order of what went in.
pub(super) fn side_by_side<T: Sync, R: Send>(work: &[T], does: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(work.len()));
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(work.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = work.get(at) else { return };
                    let result = does(item);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
