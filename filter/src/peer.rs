//! Who is calling.

use crate::host;
use pointsman_engine::stream::pairs;
use pointsman_engine::{Caller, Policy};

/// The caller, as the proxy has proved it.
pub(crate) struct Peer<'a>(pub(crate) &'a Policy);

impl Caller for Peer<'_> {
    fn principal(&self) -> Option<Vec<u8>> {
        host::property(b"connection\0uri_san_peer_certificate")
            .filter(|name| !name.is_empty())
            .map(|name| name.to_vec())
    }

    fn claim(&self, path: &[String]) -> Option<Vec<u8>> {
        let jwt = self.0.jwt();
        let mut property = b"metadata\0filter_metadata".to_vec();
        for part in [&jwt.namespace, &jwt.payload].into_iter().chain(path) {
            property.push(0);
            property.extend(part.bytes());
        }
        let claim = host::property(&property)?;
        Some(match pairs::list(&claim) {
            Some(items) => items.into_iter().flat_map(|item| item.iter().chain(b"\0")).copied().collect(),
            None => claim.to_vec(),
        })
    }
}
