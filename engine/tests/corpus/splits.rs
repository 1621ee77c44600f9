//! Ways to cut a body into chunks. Not random: a failure comes again.

/// A body longer than this is cut into fewer and larger chunks.
const LONG: usize = 4096;

/// The chunks between these positions.
pub(crate) fn cut<'a>(body: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let starts = [0].into_iter().chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain([body.len()]);
    starts.zip(ends).map(|(start, end)| &body[start..end]).filter(|chunk| !chunk.is_empty()).collect()
}

/// Positions for a body of this length: whole, byte for byte, and at places that depend on `seed`.
pub(crate) fn cuts(length: usize, seed: u64) -> Vec<Vec<usize>> {
    let mut random = Random(seed);
    let mut some = |most: usize| {
        let mut cuts: Vec<usize> = (0..random.below(most)).map(|_| random.below(length)).collect();
        cuts.sort_unstable();
        cuts
    };
    if length > LONG {
        return vec![Vec::new(), some(40)];
    }
    vec![Vec::new(), (1..length).collect(), some(3), some(8), some(60)]
}

/// A linear congruential generator, Knuth's constants.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % (bound + 1)
    }
}

#[test]
fn every_split_is_the_whole() {
    let body: Vec<u8> = (0..200).collect();
    for cuts in cuts(body.len(), 7) {
        assert_eq!(cut(&body, &cuts).concat(), body);
    }
}
