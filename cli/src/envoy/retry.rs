//! When a request is tried again.

use super::config::Config;
use crate::deployment::{Failover, Mechanism};

/// A request with one model: only what has surely not reached it.
pub(super) const SAME_PROVIDER: &str = "retry_on: connect-failure,refused-stream,reset-before-request
num_retries: 1
retry_back_off: { base_interval: 0.025s, max_interval: 0.250s }
";

/// A request with several models.
pub(super) fn next_provider(config: &Config<'_>) -> String {
    let Failover { mechanism, retry_on, retriable_status_codes, per_try_idle_timeout, per_try_timeout, back_off } =
        &config.deployment.failover;
    let codes: Vec<_> = retriable_status_codes.iter().map(u16::to_string).collect();
    let mut text = format!(
        "retry_on: {conditions}
retriable_status_codes: [{codes}]
# Some providers say themselves that another attempt is worth it.
retriable_headers: [{{ name: x-should-retry, string_match: {{ exact: \"true\" }} }}]
# In place of this, pointsman-router says for each request how many models are left: x-envoy-max-retries.
num_retries: 1
# Nothing came for so long: before the first byte, the next provider is asked; after it, the answer is cut off.
per_try_idle_timeout: {per_try_idle_timeout}
",
        conditions = retry_on.join(","),
        codes = codes.join(", "),
    );
    if let Some(timeout) = per_try_timeout {
        text.push_str(&format!("per_try_timeout: {timeout}\n"));
    }
    text.push_str(&format!(
        "# Short: the next attempt goes to another provider.\nretry_back_off: {{ base_interval: {}, max_interval: {} }}\n",
        back_off.base_interval, back_off.max_interval
    ));
    text.push_str(match mechanism {
        Mechanism::Aggregate => PREVIOUS_PRIORITIES,
        Mechanism::Composite => "",
        Mechanism::PriorityGroup => "refresh_cluster_on_retry: true\n",
    });
    text
}

/// The models of an aggregate cluster are priorities: those that have been tried are left out.
const PREVIOUS_PRIORITIES: &str = "retry_priority:
  name: envoy.retry_priorities.previous_priorities
  typed_config:
    \"@type\": type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig
    update_frequency: 1
";
