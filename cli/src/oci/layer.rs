//! The layer: a gzipped tar with one file.

use super::created::Created;
use flate2::{Compression, GzBuilder};
use std::io::{Result, Write};

/// What istio-agent and Envoy Gateway look for.
pub(super) const FILE: &str = "plugin.wasm";

/// A tar in which nothing tells who made it, and when only if it was said.
pub(super) struct Tar {
    builder: tar::Builder<Vec<u8>>,
    modified: Created,
}

impl Tar {
    pub(super) fn new(modified: Created) -> Self {
        Self { builder: tar::Builder::new(Vec::new()), modified }
    }

    pub(super) fn add(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_path(path)?;
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(self.modified.seconds());
        header.set_cksum();
        self.builder.append(&header, bytes)
    }

    pub(super) fn bytes(self) -> Result<Vec<u8>> {
        self.builder.into_inner()
    }
}

/// No name and no time in the header.
pub(super) fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).operating_system(UNKNOWN).write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// RFC 1952, section 2.3.1: the operating system is not known.
const UNKNOWN: u8 = 255;
