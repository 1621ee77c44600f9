//! Names that others read: headers, filter state. Each is spelled once, here.

/// Every request header that begins so is Pointsman's; what a client sends under it is removed.
pub const RESERVED_PREFIX: &str = "x-pointsman-";

/// The request header that names the chosen cluster. Routes read it: `cluster_header` in Envoy, a header
/// match in a `VirtualService` or `HTTPRoute`.
pub const CLUSTER_HEADER: &str = "x-pointsman-cluster";

/// The response header that names the chosen model, when the policy asks for it.
pub const MODEL_HEADER: &str = "x-pointsman-model";

/// The response header that names the rule that decided, when the policy asks for it.
pub const RULE_HEADER: &str = "x-pointsman-rule";

/// The response header that holds the reason code, when the policy asks for it.
pub const REASON_HEADER: &str = "x-pointsman-reason";

/// The response header of `/v1/models` that names the policy's version.
pub const POLICY_HEADER: &str = "x-pointsman-policy";

/// The filter state that holds the decision record: `%FILTER_STATE(wasm.pointsman:PLAIN)%`.
pub const RECORD_PROPERTY: &str = "pointsman";

/// Whether a request header is one that only Pointsman may set. Names are in lower case.
#[must_use]
pub fn is_reserved(name: &[u8]) -> bool {
    name.starts_with(RESERVED_PREFIX.as_bytes())
}
