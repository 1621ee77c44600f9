//! Weights of n-grams: each n-gram has a row by its hash, and shares it with others.

use crate::file::{Broken, Parts};

/// Columns are kept in groups of this many, what a vector of a processor or of WebAssembly holds.
pub(crate) const GROUP: usize = 16;

/// The fewest and the most bits of a hash that choose a row.
pub(crate) const BITS: std::ops::RangeInclusive<u8> = 4..=20;

/// A table of weights.
#[derive(Clone, Debug)]
pub(crate) struct Hashed {
    /// How far a hash is shifted for the number of its row.
    shift: u32,
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
        Ok(Self { shift: 32 - u32::from(bits), table })
    }

    /// For each column the sum of the weights of all n-grams.
    pub(crate) fn sums(&self, hashes: &[u32]) -> Vec<i32> {
        match &self.table {
            Table::One(rows) => {
                let weights = hashes.iter().filter_map(|hash| rows.get((hash >> self.shift) as usize));
                vec![weights.map(|weight| i32::from(*weight)).sum()]
            }
            Table::Groups(groups) => groups.iter().flat_map(|rows| self.group(rows, hashes)).collect(),
        }
    }

    fn group(&self, rows: &[[i8; GROUP]], hashes: &[u32]) -> [i32; GROUP] {
        let mut sums = [0_i32; GROUP];
        // As many weights as certainly fit into 16 bits are summed there, twice as many at a time.
        for some in hashes.chunks(256) {
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
