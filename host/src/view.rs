//! What machines ask Envoy.

use crate::{Headers, Loan, header, now, property};
use pointsman_engine::stream::View;

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
