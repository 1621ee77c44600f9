//! What metadata says of an endpoint.

use crate::stream::pairs;

/// Where the endpoint's metadata is.
pub(super) const MARK: &[u8] = b"xds\0upstream_host_metadata\0filter_metadata\0pointsman";

/// Which model it serves, and what is its provider's own.
#[derive(Debug)]
pub(super) struct Mark<'a> {
    pub(super) model: &'a str,
    pub(super) provider: Option<&'a [u8]>,
    pub(super) authority: Option<&'a [u8]>,
}

/// Whether nobody is at the endpoint: an attempt at it can only fail, and Envoy makes the next.
pub(super) fn is_sink(metadata: &[u8]) -> bool {
    pairs::map(metadata).is_some_and(|pairs| pairs.iter().any(|(name, _)| *name == b"sink"))
}

impl<'a> Mark<'a> {
    pub(super) fn read(metadata: &'a [u8]) -> Option<Self> {
        let pairs = pairs::map(metadata)?;
        let value = |wanted: &[u8]| {
            pairs.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value).filter(|value| !value.is_empty())
        };
        let model = std::str::from_utf8(value(b"model")?).ok()?;
        Some(Self { model, provider: value(b"provider"), authority: value(b"authority") })
    }
}
