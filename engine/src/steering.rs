//! The request headers by which Envoy lets a client steer it: how often a request is tried, how long, and where it ends.
//!
//! Envoy believes them from whom it holds for internal, and `x-envoy-upstream-stream-duration-ms` and
//! `x-envoy-original-dst-host` from everybody. One request could become hundreds of paid ones, and a short timeout would
//! eject a healthy provider for everybody else. How often and how long is the operator's to say, so they go from every
//! request, whatever the connection manager thinks of the client.
//!
//! Other `x-envoy-…` headers stay: `x-envoy-decorator-operation` is what Envoy's own tracing writes for the next hop,
//! `x-envoy-peer-metadata…` is Istio's, and `x-envoy-original-path`, `x-envoy-ip-tags` and
//! `x-envoy-external-address` tell something and decide nothing in Envoy's router.

/// What they begin with.
const PREFIX: &[u8] = b"x-envoy-";

/// Their names, in lower case. Envoy's router filter reads them (`docs/root/configuration/http/http_filters/router_filter.rst` in Envoy's
/// repository, "consumed from downstreams" and "set on upstream calls"; `ConnectionManagerUtility::cleanInternalHeaders` has
/// those that Envoy itself takes from external clients), the last one clusters of the type ORIGINAL_DST (`use_http_header`).
pub const HEADERS: [&str; 14] = [
    // By this, a route finds the next model of a chain.
    "x-envoy-attempt-count",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-hedge-on-per-try-timeout",
    "x-envoy-max-retries",
    "x-envoy-retriable-header-names",
    "x-envoy-retriable-status-codes",
    "x-envoy-retry-grpc-on",
    "x-envoy-retry-on",
    "x-envoy-upstream-alt-stat-name",
    "x-envoy-upstream-rq-per-try-timeout-ms",
    "x-envoy-upstream-rq-timeout-alt-response",
    "x-envoy-upstream-rq-timeout-ms",
    "x-envoy-upstream-stream-duration-ms",
    "x-envoy-original-dst-host",
];

/// Whether a client steers Envoy by this header. Names are in lower case.
#[must_use]
pub fn is_steering(name: &[u8]) -> bool {
    name.starts_with(PREFIX) && HEADERS.iter().any(|known| known.as_bytes() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_goes_and_what_tells_stays() {
        for name in HEADERS {
            assert!(is_steering(name.as_bytes()), "{name}");
        }
        for name in
            ["x-envoy-decorator-operation", "x-envoy-peer-metadata", "x-envoy-original-path", "x-envoy-", "retry-on"]
        {
            assert!(!is_steering(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn what_is_set_for_a_request_is_among_them() {
        assert!(is_steering(crate::names::MAX_RETRIES_HEADER.as_bytes()));
        assert!(is_steering(crate::names::TIMEOUT_HEADER.as_bytes()));
    }
}
