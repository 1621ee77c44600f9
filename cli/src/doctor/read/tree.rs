//! Looking things up in Envoy's JSON, where everything that has its default value is left out.

use serde_json::Value;

/// Places are JSON pointers: `/route/cluster`.
pub(in crate::doctor) trait Tree {
    /// The string in that place; empty when there is none.
    fn text(&self, at: &str) -> &str;
    /// The list in that place; empty when there is none.
    fn items(&self, at: &str) -> &[Value];
    /// The number in that place. Protobuf's JSON writes 64-bit numbers as strings.
    fn number(&self, at: &str) -> Option<u64>;
    /// Whether `true` stands there.
    fn is_set(&self, at: &str) -> bool;
    /// The message type of an `Any`, without what stands in front of it.
    fn message(&self) -> &str;
}

impl Tree for Value {
    fn text(&self, at: &str) -> &str {
        self.pointer(at).and_then(Self::as_str).unwrap_or_default()
    }

    fn items(&self, at: &str) -> &[Value] {
        self.pointer(at).and_then(Self::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    fn number(&self, at: &str) -> Option<u64> {
        let value = self.pointer(at)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    }

    fn is_set(&self, at: &str) -> bool {
        self.pointer(at).and_then(Self::as_bool).unwrap_or_default()
    }

    fn message(&self) -> &str {
        let url = self.get("@type").and_then(Self::as_str).unwrap_or_default();
        url.rsplit_once('/').map_or(url, |(_, name)| name)
    }
}
