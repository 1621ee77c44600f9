//! Envoy's access log, one JSON object per line, turned into one readable line per request.

use crate::record::{self, printable};
use pointsman_engine::Record;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Entry {
    time: String,
    method: Option<String>,
    path: Option<String>,
    status: u16,
    details: Option<String>,
    flags: Option<String>,
    duration_ms: Option<u64>,
    decision: Option<String>,
}

/// The line for people, or `None` for what is not an access log line.
pub(crate) fn readable(line: &str) -> Option<String> {
    let entry: Entry = serde_json::from_str(line).ok()?;
    let time = entry.time.get(11..19).unwrap_or(&entry.time);
    let request = format!("{} {}", entry.method.as_deref().unwrap_or("-"), entry.path.as_deref().unwrap_or("-"));
    let decision = entry.decision.as_deref().and_then(Record::from_json);
    let what = decision.map_or_else(|| "no decision".into(), |decision| record::line(&decision));
    Some(printable(&format!(
        "{time}Z  {status}  {request}  {what}{trouble}  {duration} ms",
        status = entry.status,
        trouble = trouble(entry.flags.as_deref(), entry.details.as_deref()),
        duration = entry.duration_ms.unwrap_or_default(),
    )))
}

/// What Envoy itself has to say when it was not an upstream that answered.
fn trouble(flags: Option<&str>, details: Option<&str>) -> String {
    match (flags.filter(|flags| *flags != "-"), details) {
        (Some(flags), Some(details)) => format!("  [Envoy: {flags} {details}]"),
        (Some(flags), None) => format!("  [Envoy: {flags}]"),
        (None, _) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_routed_request_is_one_line() {
        let line = r#"{"time":"2026-10-01T12:03:04.123Z","method":"POST","path":"/v1/chat/completions","status":200,"details":"via_upstream","flags":"-","duration_ms":12,"decision":"{\"action\":\"route\",\"asked\":\"auto\",\"model\":\"small\",\"cluster\":\"llama\",\"rule\":\"short\",\"reason\":\"rule\"}"}"#;
        assert_eq!(
            readable(line).unwrap(),
            "12:03:04Z  200  POST /v1/chat/completions  auto -> small on llama, rule short (rule)  12 ms"
        );
    }

    #[test]
    fn trouble_in_envoy_is_shown() {
        let line = r#"{"time":"2026-10-01T12:03:04.123Z","method":"GET","path":"/","status":503,"details":"cluster_not_found","flags":"NC","duration_ms":0,"decision":null}"#;
        assert_eq!(readable(line).unwrap(), "12:03:04Z  503  GET /  no decision  [Envoy: NC cluster_not_found]  0 ms");
    }

    #[test]
    fn other_output_is_left_alone() {
        assert!(readable("hello").is_none());
    }
}
