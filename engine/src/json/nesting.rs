//! The containers that are open: one bit for each.

use super::{Container, Fault};

/// The deepest nesting that can be followed.
pub(crate) const MAX_DEPTH: usize = 512;

/// A stack of containers, as deep as it was told to become.
#[derive(Debug)]
pub(super) struct Nesting {
    depth: usize,
    max_depth: usize,
    /// Set for objects.
    objects: [u64; MAX_DEPTH / 64],
}

impl Nesting {
    pub(super) fn new(max_depth: usize) -> Self {
        Self { depth: 0, max_depth: max_depth.min(MAX_DEPTH), objects: [0; MAX_DEPTH / 64] }
    }

    pub(super) fn open(&mut self, container: Container) -> Result<(), Fault> {
        if self.depth >= self.max_depth {
            return Err(Fault::TooDeep);
        }
        let word = self.objects.get_mut(self.depth / 64).ok_or(Fault::TooDeep)?;
        let bit = 1 << (self.depth % 64);
        match container {
            Container::Object => *word |= bit,
            Container::Array => *word &= !bit,
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.depth == 0
    }

    /// Whether the innermost container is an object.
    pub(super) fn in_object(&self) -> bool {
        let innermost = self.depth.saturating_sub(1);
        self.objects.get(innermost / 64).is_some_and(|word| word >> (innermost % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_container_is_remembered_down_to_the_limit() {
        let kind = |depth: usize| if depth.is_multiple_of(3) { Container::Object } else { Container::Array };
        let mut nesting = Nesting::new(usize::MAX);
        for depth in 0..MAX_DEPTH {
            assert_eq!(nesting.open(kind(depth)), Ok(()));
        }
        assert_eq!(nesting.open(Container::Array), Err(Fault::TooDeep));
        for depth in (0..MAX_DEPTH).rev() {
            assert_eq!(nesting.in_object(), kind(depth) == Container::Object, "{depth}");
            nesting.close();
        }
        assert!(nesting.is_closed());
    }
}
