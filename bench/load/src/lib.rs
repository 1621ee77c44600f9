//! The little HTTP/1.1 that the load generator and the backend need: find a head, read a length.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// How the bytes after a head are framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Exactly so many bytes.
    Length(usize),
    /// `transfer-encoding: chunked`.
    Chunked,
}

/// Bytes received and not consumed yet.
#[derive(Debug)]
pub struct Inbox {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Inbox {
    /// An inbox that receives up to `capacity` bytes per read.
    pub fn new(capacity: usize) -> Self {
        Self { bytes: vec![0; capacity], start: 0, end: 0 }
    }

    fn filled(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    async fn fill(&mut self, from: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.bytes.len() {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let read = from.read(&mut self.bytes[self.end..]).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.end += read;
        Ok(())
    }

    /// Reads up to the end of the next head and returns it, the empty line included.
    pub async fn head(&mut self, from: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
        loop {
            if let Some(at) = self.filled().windows(4).position(|four| four == b"\r\n\r\n") {
                let head = self.filled()[..at + 4].to_vec();
                self.start += at + 4;
                return Ok(head);
            }
            self.fill(from).await?;
        }
    }

    /// Reads a body; appends it to `keep` when there is one.
    pub async fn body(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
        framing: Framing,
        mut keep: Option<&mut Vec<u8>>,
    ) -> io::Result<()> {
        match framing {
            Framing::Length(length) => self.take(from, length, &mut keep).await,
            Framing::Chunked => loop {
                let size = self.chunk_size(from).await?;
                self.take(from, size, &mut keep).await?;
                self.take(from, 2, &mut None).await?;
                if size == 0 {
                    return Ok(());
                }
            },
        }
    }

    async fn take(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
        mut length: usize,
        keep: &mut Option<&mut Vec<u8>>,
    ) -> io::Result<()> {
        while length > 0 {
            if self.start == self.end {
                self.fill(from).await?;
            }
            let now = length.min(self.end - self.start);
            if let Some(kept) = keep {
                kept.extend_from_slice(&self.bytes[self.start..self.start + now]);
            }
            self.start += now;
            length -= now;
        }
        Ok(())
    }

    async fn chunk_size(&mut self, from: &mut (impl AsyncRead + Unpin)) -> io::Result<usize> {
        loop {
            if let Some(at) = self.filled().windows(2).position(|two| two == b"\r\n") {
                let size =
                    std::str::from_utf8(&self.filled()[..at]).ok().and_then(|hex| usize::from_str_radix(hex, 16).ok());
                self.start += at + 2;
                return size.ok_or_else(|| io::ErrorKind::InvalidData.into());
            }
            self.fill(from).await?;
        }
    }
}

/// The value of a header; `name` is in lower case.
pub fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    let head = std::str::from_utf8(head).ok()?;
    head.split("\r\n").skip(1).find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// How the body after `head` is framed; no length means no body.
pub fn framing(head: &[u8]) -> Framing {
    match header(head, "transfer-encoding") {
        Some(coding) if coding.eq_ignore_ascii_case("chunked") => Framing::Chunked,
        _ => Framing::Length(header(head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0)),
    }
}
