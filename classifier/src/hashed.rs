//! Weights of n-grams: each n-gram has a row by its hash, and shares it with others.

use crate::file::{Broken, Parts};
use crate::grams::{Grams, Kinds};
use crate::root;

/// Columns are kept in groups of this many, what a vector of a processor or of WebAssembly holds.
pub(crate) const GROUP: usize = 16;

/// The fewest and the most bits of a hash that choose a row.
pub(crate) const BITS: std::ops::RangeInclusive<u8> = 4..=20;

/// A table of weights.
#[derive(Clone, Debug)]
pub(crate) struct Hashed {
    /// How far a hash is shifted for the number of its row.
    shift: u32,
    kinds: Kinds,
    table: Table,
}

#[derive(Clone, Debug)]
enum Table {
    /// One column, which says one of two classes.
    One(Vec<i8>),
    /// Of each group of columns all rows.
    Groups(Vec<Vec<[i8; GROUP]>>),
}

impl Hashed {
    pub(crate) fn read(parts: &mut Parts<'_>, columns: usize) -> Result<Self, Broken> {
        let bits = parts.u8("bits")?;
        if !BITS.contains(&bits) {
            return Err(Broken::new("bits: expected 4 to 20"));
        }
        let kinds = parts.u8("kinds")?;
        let kinds = Kinds::of(kinds).ok_or_else(|| Broken::new("kinds: no such n-grams"))?;
        let rows = 1_usize << bits;
        let table = if columns == 1 {
            Table::One(parts.list::<1>(rows, "weights")?.iter().map(|[weight]| weight.cast_signed()).collect())
        } else {
            let mut groups = Vec::new();
            for _ in 0..columns.div_ceil(GROUP) {
                let group = parts.list::<GROUP>(rows, "weights")?;
                groups.push(group.iter().map(|row| row.map(u8::cast_signed)).collect());
            }
            Table::Groups(groups)
        };
        Ok(Self { shift: 32 - u32::from(bits), kinds, table })
    }

    /// For each column the sum of the weights of all n-grams, and the square root of how many there are, in 1/256.
    pub(crate) fn sums(&self, grams: &Grams) -> (Vec<i32>, i64) {
        let mut short = Vec::new();
        let lists = grams.chosen(self.kinds, &mut short);
        let root = root::of_count(lists.iter().map(|list| list.len()).sum());
        let sums = match &self.table {
            Table::One(rows) => {
                let hashes = lists.into_iter().flatten();
                let weights = hashes.filter_map(|hash| rows.get((hash >> self.shift) as usize));
                vec![weights.map(|weight| i32::from(*weight)).sum()]
            }
            Table::Groups(groups) => groups.iter().flat_map(|rows| self.group(rows, &lists)).collect(),
        };
        (sums, root)
    }

    fn group(&self, rows: &[[i8; GROUP]], lists: &[&[u32]]) -> [i32; GROUP] {
        let mut sums = [0_i32; GROUP];
        // As many weights as certainly fit into 16 bits are summed there, twice as many at a time.
        for some in lists.iter().flat_map(|list| list.chunks(256)) {
            let mut short = [0_i16; GROUP];
            for row in some.iter().filter_map(|hash| rows.get((hash >> self.shift) as usize)) {
                for (sum, weight) in short.iter_mut().zip(row) {
                    *sum = sum.wrapping_add(i16::from(*weight));
                }
            }
            for (sum, short) in sums.iter_mut().zip(short) {
                *sum += i32::from(short);
            }
        }
        sums
    }
}
