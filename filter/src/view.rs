//! What machines ask Envoy.

use crate::host::{self, Headers, Loan};
use pointsman_engine::stream::View;

/// Envoy, as the stream `context` sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envoy {
    pub(crate) context: u32,
}

impl View for Envoy {
    type Bytes = Loan;

    fn property(&self, path: &[u8]) -> Option<Loan> {
        host::property(path)
    }

    fn header(&self, name: &str) -> Option<Loan> {
        host::header(Headers::RequestHeaders, name)
    }

    fn now(&self) -> u64 {
        host::now()
    }
}
