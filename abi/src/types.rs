//! The numbers of the ABI, each where it is used.

/// What a filter callback tells the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Action {
    /// Go on to the next filter.
    Continue = 0,
    /// Headers: hold them, but let the body come (Envoy does so only with `allow_on_headers_stop_iteration`).
    /// Body and trailers: hold and buffer.
    Pause = 1,
    /// Headers: hold everything, until the stream is continued. Only meaningful in a headers callback. Envoy's own: the
    /// SDK has no name for it.
    PauseAll = 4,
}

/// How much a line in the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum LogLevel {
    /// Every step.
    Trace = 0,
    /// What somebody who looks for a mistake wants to know.
    Debug = 1,
    /// What everybody may want to know.
    Info = 2,
    /// Something is not as it should be.
    Warn = 3,
    /// Something does not work.
    Error = 4,
}

/// A header map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Map {
    /// Of the request.
    RequestHeaders = 0,
    /// Behind its body.
    RequestTrailers = 1,
    /// Of the answer.
    ResponseHeaders = 2,
    /// Behind its body.
    ResponseTrailers = 3,
}

/// Bytes that are read piece by piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Buffer {
    /// What a callback can see of the request's body.
    RequestBody = 0,
    /// What a callback can see of the answer's body.
    ResponseBody = 1,
    /// The plugin's configuration, while it is being configured.
    PluginConfiguration = 7,
}

/// One direction of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Stream {
    /// From the client.
    Request = 0,
}

/// What the proxy does with the values of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Metric {
    /// Adds them up.
    Counter = 0,
    /// Keeps the latest.
    Gauge = 1,
    /// Counts how many fall where.
    Histogram = 2,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;
    use proxy_wasm::types as sdk;

    #[test]
    fn numbers_are_those_of_the_sdk() {
        assert_eq!(Action::Continue as u32, sdk::Action::Continue as u32);
        assert_eq!(Action::Pause as u32, sdk::Action::Pause as u32);
        assert_eq!(LogLevel::Trace as u32, sdk::LogLevel::Trace as u32);
        assert_eq!(LogLevel::Debug as u32, sdk::LogLevel::Debug as u32);
        assert_eq!(LogLevel::Info as u32, sdk::LogLevel::Info as u32);
        assert_eq!(LogLevel::Warn as u32, sdk::LogLevel::Warn as u32);
        assert_eq!(LogLevel::Error as u32, sdk::LogLevel::Error as u32);
        assert_eq!(Map::RequestHeaders as u32, sdk::MapType::HttpRequestHeaders as u32);
        assert_eq!(Map::RequestTrailers as u32, sdk::MapType::HttpRequestTrailers as u32);
        assert_eq!(Map::ResponseHeaders as u32, sdk::MapType::HttpResponseHeaders as u32);
        assert_eq!(Buffer::RequestBody as u32, sdk::BufferType::HttpRequestBody as u32);
        assert_eq!(Buffer::ResponseBody as u32, sdk::BufferType::HttpResponseBody as u32);
        assert_eq!(Buffer::PluginConfiguration as u32, sdk::BufferType::PluginConfiguration as u32);
        assert_eq!(Stream::Request as u32, sdk::StreamType::HttpRequest as u32);
        assert_eq!(Metric::Counter as u32, sdk::MetricType::Counter as u32);
        assert_eq!(Metric::Gauge as u32, sdk::MetricType::Gauge as u32);
        assert_eq!(Metric::Histogram as u32, sdk::MetricType::Histogram as u32);
        assert_eq!(Status::NOT_FOUND.code(), sdk::Status::NotFound as u32);
        assert_eq!(Status::CAS_MISMATCH.code(), sdk::Status::CasMismatch as u32);
    }
}
