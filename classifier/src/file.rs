//! The one container of everything that is trained: how it begins and ends, and how its parts are read.
//!
//! ```text
//! magic   8   \x89PMC\r\n\x1a\n
//! version 2   1
//! kind    2   1 a model, 2 an embedding
//! parts   …   whole numbers, little-endian; lists and texts with their length in front
//! digest  32  SHA-256 of all that stands before
//! ```
//!
//! A reader takes a file from anywhere: it reads nothing whose digest is wrong, believes no length that the file is too
//! short for, and keeps at most about twice the file's size.

use sha2::{Digest as _, Sha256};
use std::fmt;

/// The SHA-256 that a file ends with, which is its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The largest file that is read, in bytes.
pub const MAX_FILE: usize = 16 << 20;

const MAGIC: &[u8; 8] = b"\x89PMC\r\n\x1a\n";
const VERSION: u16 = 1;
const DIGEST: usize = 32;

/// Why a file is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(String);

impl Broken {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Broken {}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Model = 1,
    Embedding = 2,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Model => "a model",
            Self::Embedding => "an embedding",
        }
    }
}

/// Reads the parts of a file, one after the other.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    rest: &'a [u8],
}

/// The parts of a file whose frame is right, and its digest.
pub(crate) fn open(file: &[u8], kind: Kind) -> Result<(Parts<'_>, Digest), Broken> {
    let not = |why: &str| Broken(format!("not {}: {why}", kind.word()));
    if file.len() > MAX_FILE {
        return Err(not("larger than 16 MiB"));
    }
    let Some(rest) = file.strip_prefix(MAGIC) else {
        return Err(not("it begins with other bytes"));
    };
    let Some((rest, digest)) = rest.split_last_chunk::<DIGEST>() else {
        return Err(not("it ends too early"));
    };
    let before = file.get(..file.len() - DIGEST).unwrap_or_default();
    if Sha256::digest(before).as_slice() != digest {
        return Err(not("its checksum is wrong, so it is not what was written"));
    }
    let mut parts = Parts { rest };
    match parts.u16("version")? {
        VERSION => {}
        other => return Err(not(&format!("version {other} of the format, and this program reads {VERSION}"))),
    }
    match parts.u16("kind")? {
        found if found == kind as u16 => Ok((parts, Digest(*digest))),
        _ => Err(not("it holds something else")),
    }
}

impl<'a> Parts<'a> {
    fn take(&mut self, length: usize, part: &str) -> Result<&'a [u8], Broken> {
        let (taken, rest) =
            self.rest.split_at_checked(length).ok_or_else(|| Broken(format!("{part}: the file ends too early")))?;
        self.rest = rest;
        Ok(taken)
    }

    fn number<const N: usize>(&mut self, part: &str) -> Result<[u8; N], Broken> {
        Ok(self.take(N, part)?.try_into().unwrap_or([0; N]))
    }

    pub(crate) fn u8(&mut self, part: &str) -> Result<u8, Broken> {
        self.number(part).map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self, part: &str) -> Result<u16, Broken> {
        self.number(part).map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self, part: &str) -> Result<u32, Broken> {
        self.number(part).map(u32::from_le_bytes)
    }

    pub(crate) fn i32(&mut self, part: &str) -> Result<i32, Broken> {
        self.number(part).map(i32::from_le_bytes)
    }

    pub(crate) fn digest(&mut self, part: &str) -> Result<Digest, Broken> {
        self.number(part).map(Digest)
    }

    /// As many numbers of `N` bytes as it must be.
    pub(crate) fn list<const N: usize>(&mut self, count: usize, part: &str) -> Result<&'a [[u8; N]], Broken> {
        let bytes = self.take(count.saturating_mul(N), part)?;
        Ok(bytes.as_chunks().0)
    }

    /// A text with its length in front.
    pub(crate) fn text(&mut self, most: usize, part: &str) -> Result<&'a str, Broken> {
        let length = self.u32(part)? as usize;
        if length > most {
            return Err(Broken(format!("{part}: longer than {most} bytes")));
        }
        std::str::from_utf8(self.take(length, part)?).map_err(|_| Broken(format!("{part}: not UTF-8")))
    }

    /// That nothing follows.
    pub(crate) fn end(self) -> Result<(), Broken> {
        if self.rest.is_empty() { Ok(()) } else { Err(Broken::new("there is more behind its end")) }
    }
}

/// A file around these parts.
#[cfg(any(test, feature = "train"))]
pub(crate) fn written(kind: Kind, parts: &[u8]) -> Vec<u8> {
    let mut file = MAGIC.to_vec();
    file.extend(VERSION.to_le_bytes());
    file.extend((kind as u16).to_le_bytes());
    file.extend_from_slice(parts);
    file.extend(Sha256::digest(&file));
    file
}
