//! What came by extension config discovery.

use serde_json::Value;

/// A filter's configuration that came by extension config discovery. Envoy shows the latest that it was offered, taken
/// or not.
#[derive(Debug, Clone, Copy)]
pub(in crate::doctor) struct Discovered<'a> {
    pub(in crate::doctor) version: &'a str,
    pub(in crate::doctor) config: &'a Value,
}
