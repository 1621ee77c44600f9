//! What machines ask Envoy.

use crate::{Headers, Loan, header, now, property};
use pointsman_engine::stream::View;
use pointsman_engine::stream::pairs::Pairs;
use std::ops::Deref;

/// Envoy, as the stream `context` sees it.
#[derive(Clone, Copy, Debug)]
pub struct Envoy {
    /// Its context.
    pub context: u32,
}

impl View for Envoy {
    type Bytes = Loan;

    fn property(&self, path: &[u8]) -> Option<Loan> {
        property(path)
    }

    fn header(&self, name: &str) -> Option<Loan> {
        header(Headers::RequestHeaders, name)
    }

    fn answer_header(&self, name: &str) -> Option<Loan> {
        header(Headers::ResponseHeaders, name)
    }

    fn now(&self) -> u64 {
        now()
    }
}

/// Envoy, while the headers of an answer pass that have been fetched already: each that is asked for by itself is a call.
#[derive(Debug)]
pub struct Answered<'a> {
    /// Who is asked for everything else.
    pub envoy: Envoy,
    /// The headers.
    pub headers: &'a Pairs<'a>,
}

impl<'a> View for Answered<'a> {
    type Bytes = Shown<'a>;

    fn property(&self, path: &[u8]) -> Option<Shown<'a>> {
        self.envoy.property(path).map(Shown::Lent)
    }

    fn header(&self, name: &str) -> Option<Shown<'a>> {
        self.envoy.header(name).map(Shown::Lent)
    }

    fn answer_header(&self, name: &str) -> Option<Shown<'a>> {
        let (_, value) = self.headers.iter().find(|(known, _)| *known == name.as_bytes())?;
        Some(Shown::Known(value))
    }

    fn now(&self) -> u64 {
        now()
    }
}

/// Bytes that Envoy has shown.
#[derive(Debug)]
pub enum Shown<'a> {
    /// Now.
    Lent(Loan),
    /// Before.
    Known(&'a [u8]),
}

impl Deref for Shown<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Lent(bytes) => bytes,
            Self::Known(bytes) => bytes,
        }
    }
}
