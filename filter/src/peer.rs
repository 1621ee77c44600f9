//! Who is calling.

use crate::host::{self, Loan};
use pointsman_engine::claim::{Claim, metadata};
use pointsman_engine::{Caller, Policy};
use std::cell::OnceCell;

/// The caller, as the proxy has proved it.
pub(crate) struct Peer<'a> {
    policy: &'a Policy,
    /// All dynamic metadata of the request, fetched once a claim is asked for: only as a whole does it have types.
    metadata: OnceCell<Option<Loan>>,
}

impl<'a> Peer<'a> {
    pub(crate) fn new(policy: &'a Policy) -> Self {
        Self { policy, metadata: OnceCell::new() }
    }
}

impl Caller for Peer<'_> {
    fn principal(&self) -> Option<Vec<u8>> {
        host::property(b"connection\0uri_san_peer_certificate")
            .filter(|name| !name.is_empty())
            .map(|name| name.to_vec())
    }

    fn claim(&self, path: &[String]) -> Option<Claim<'_>> {
        let message = self.metadata.get_or_init(|| host::property(b"metadata")).as_deref()?;
        let jwt = self.policy.jwt();
        metadata::claim(message, [&jwt.namespace, &jwt.payload].into_iter().chain(path).map(String::as_str))
    }
}
