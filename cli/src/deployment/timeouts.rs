//! How long things may take.

use super::duration::Duration;
use pointsman_document::object;

object! {
    /// How long requests may take. What an attempt of a chain may take stands in `failover`.
    #[derive(Copy)]
    pub(crate) struct Timeouts {
        /// How long nothing may come from either side. A model may think for minutes before its first token.
        "idle" => idle: Duration = "300s",
        /// How long a request may take from its last byte to the answer's last one, all attempts together. Default: no
        /// limit.
        "answer" => answer: Option<Duration>,
        /// How long a request may take to arrive.
        "arrival" => arrival: Duration = "600s",
    }
}
