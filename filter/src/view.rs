//! What machines ask Envoy.

use crate::gate::{self, GATES};
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

    fn is_any_gate(&self) -> bool {
        host::shared(GATES).is_some()
    }

    /// Envoy makes the contexts of a stream one after the other before it calls any of them, and numbers them in that
    /// order. So while headers are being read, the next number is either the next instance in the same chain or not taken
    /// yet.
    fn is_followed(&self) -> Option<bool> {
        gate::is_in_this_vm().then(|| {
            let followed = host::act_for(self.context.wrapping_add(1)).is_ok();
            // Failing to return cannot happen: this context is in the middle of a callback.
            let _ = host::act_for(self.context);
            followed
        })
    }

    fn now(&self) -> u64 {
        host::now()
    }
}
