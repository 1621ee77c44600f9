//! A table of word pieces, each with the direction in which it points: words of like meaning point alike.
//!
//! A model with a table knows words that it was never shown. One table serves all models.

use crate::file::{self, Broken, Digest, Kind};
use crate::{piece, root};

/// Of a piece and of a text.
pub const DIMENSIONS: usize = 64;

/// The most pieces of a table.
const MAX_PIECES: usize = 1 << 16;

/// A table of pieces.
#[derive(Clone)]
pub struct Embedding {
    digest: Digest,
    /// Of each piece, in the order of their hashes.
    rows: Vec<[i8; DIMENSIONS]>,
    hashes: Vec<u32>,
    /// Where to look first: for the upper bits of a hash, the first piece with these bits or greater ones.
    starts: Vec<u32>,
}

impl std::fmt::Debug for Embedding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedding").field("digest", &self.digest).field("pieces", &self.rows.len()).finish()
    }
}

/// As many bits of a hash choose where to look: about as many places as there are pieces.
const START_BITS: u32 = 16;

impl Embedding {
    /// Reads a file, or says what is wrong with it.
    pub fn read(file: &[u8]) -> Result<Self, Broken> {
        let (mut parts, digest) = file::open(file, Kind::Embedding)?;
        if usize::from(parts.u16("dimensions")?) != DIMENSIONS {
            return Err(Broken::new(format!("dimensions: a table has {DIMENSIONS}")));
        }
        let count = parts.u32("pieces")? as usize;
        if count == 0 || count > MAX_PIECES {
            return Err(Broken::new(format!("pieces: 1 to {MAX_PIECES}")));
        }
        let hashes: Vec<u32> = parts.list(count, "hashes")?.iter().map(|hash| u32::from_le_bytes(*hash)).collect();
        if !hashes.is_sorted_by(|before, after| before < after) {
            return Err(Broken::new("hashes: not in ascending order"));
        }
        let rows = parts.list::<DIMENSIONS>(count, "rows")?.iter().map(|row| row.map(u8::cast_signed)).collect();
        parts.end()?;
        let starts = starts(&hashes);
        Ok(Self { digest, rows, hashes, starts })
    }

    /// The file's digest, by which models name it.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    fn row(&self, hash: u32) -> Option<&[i8; DIMENSIONS]> {
        let mut at = *self.starts.get((hash >> (32 - START_BITS)) as usize)? as usize;
        while let Some(found) = self.hashes.get(at) {
            if *found >= hash {
                return if *found == hash { self.rows.get(at) } else { None };
            }
            at += 1;
        }
        None
    }

    /// The direction of a text's pieces together, of length 1024; nowhere if it has none.
    pub(crate) fn direction(&self, characters: &[u32]) -> [i16; DIMENSIONS] {
        let mut sum = [0_i32; DIMENSIONS];
        piece::each(characters, |hash| {
            let Some(row) = self.row(hash) else {
                return false;
            };
            for (sum, value) in sum.iter_mut().zip(row) {
                *sum += i32::from(*value);
            }
            true
        });
        let square: i64 = sum.iter().map(|value| i64::from(*value) * i64::from(*value)).sum();
        let length = i64::try_from(root::of(square.unsigned_abs())).unwrap_or(i64::MAX).max(1);
        sum.map(|value| i16::try_from(i64::from(value) * 1024 / length).unwrap_or(0))
    }
}

fn starts(hashes: &[u32]) -> Vec<u32> {
    let mut starts = Vec::with_capacity((1 << START_BITS) + 1);
    for (at, hash) in (0_u32..).zip(hashes) {
        while starts.len() <= (hash >> (32 - START_BITS)) as usize {
            starts.push(at);
        }
    }
    starts
}

/// A table's file: pieces as the vocabulary writes them, and their rows.
#[cfg(any(test, feature = "train"))]
pub(crate) fn written(pieces: &[(String, [i8; DIMENSIONS])]) -> Vec<u8> {
    let rows: std::collections::BTreeMap<u32, &[i8; DIMENSIONS]> =
        pieces.iter().rev().map(|(piece, row)| (piece::hash_of(piece), row)).collect();
    let mut parts = (DIMENSIONS as u16).to_le_bytes().to_vec();
    parts.extend((rows.len() as u32).to_le_bytes());
    rows.keys().for_each(|hash| parts.extend(hash.to_le_bytes()));
    rows.values().for_each(|row| parts.extend(row.map(i8::cast_unsigned)));
    file::written(Kind::Embedding, &parts)
}
