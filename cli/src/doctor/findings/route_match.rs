//! Whether a route matches a request that Pointsman has routed. Only its path and the chosen cluster are known.

use crate::doctor::read::tree::Tree;
use pointsman_engine::names::CLUSTER_HEADER;
use serde_json::Value;

/// Whether something matches, as far as one can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Matches {
    Never,
    Sometimes,
    Always,
}

use Matches::{Always, Never, Sometimes};

impl From<bool> for Matches {
    fn from(matches: bool) -> Self {
        if matches { Always } else { Never }
    }
}

/// How a route's `match` takes a request to `path` with `cluster` in the header.
pub(super) fn request(route: &Value, path: &str, cluster: &str) -> Matches {
    let Some(conditions) = route.get("match") else { return Never };
    let headers = conditions.items("/headers").iter().map(|matcher| of_header(matcher, cluster));
    // Everything else depends on what is not known here.
    let other =
        ["query_parameters", "cookies", "grpc", "runtime_fraction", "tls_context", "dynamic_metadata", "filter_state"];
    let unknown = other.iter().any(|name| conditions.get(name).is_some());
    let unknown = if unknown { Sometimes } else { Always };
    headers.chain([path_of(conditions, path), unknown]).min().unwrap_or(Always)
}

/// How the part of a route's `match` that is about the chosen cluster takes `cluster`.
pub(super) fn header(route: &Value, cluster: &str) -> Matches {
    let ours = |matcher: &&Value| matcher.text("/name").eq_ignore_ascii_case(CLUSTER_HEADER);
    let matchers = route.items("/match/headers").iter().filter(ours);
    matchers.map(|matcher| of_header(matcher, cluster)).min().unwrap_or(Always)
}

fn path_of(conditions: &Value, path: &str) -> Matches {
    let fold = conditions.get("case_sensitive") == Some(&Value::Bool(false));
    let text = |name: &str| {
        let value = conditions.get(name)?.as_str()?;
        Some(if fold { value.to_ascii_lowercase() } else { value.to_owned() })
    };
    if let Some(prefix) = text("prefix") {
        return path.starts_with(&prefix).into();
    }
    if let Some(exact) = text("path") {
        return (path == exact).into();
    }
    if let Some(prefix) = text("path_separated_prefix") {
        return path.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')).into();
    }
    match conditions.text("/safe_regex/regex") {
        ".*" | "/.*" => Always,
        _ if conditions.get("connect_matcher").is_some() => Never,
        _ => Sometimes,
    }
}

fn of_header(matcher: &Value, cluster: &str) -> Matches {
    let name = matcher.text("/name");
    if !name.eq_ignore_ascii_case(CLUSTER_HEADER) {
        let post = matcher.text("/string_match/exact") == "POST" || matcher.text("/exact_match") == "POST";
        return if name == ":method" && post { Always } else { Sometimes };
    }
    let matches = value(matcher, cluster);
    if !matcher.is_set("/invert_match") {
        return matches;
    }
    match matches {
        Always => Never,
        Never => Always,
        Sometimes => Sometimes,
    }
}

/// The forms of a header match: the deprecated ones lie beside `string_match`.
fn value(matcher: &Value, value: &str) -> Matches {
    if let Some(present) = matcher.get("present_match") {
        return (present == &Value::Bool(true)).into();
    }
    if matcher.get("range_match").is_some() {
        return Never;
    }
    if matcher.get("safe_regex_match").is_some() {
        return Sometimes;
    }
    for form in ["exact", "prefix", "suffix", "contains"] {
        if let Some(text) = matcher.get(format!("{form}_match")).and_then(Value::as_str) {
            return string(form, text, value).into();
        }
    }
    let Some(matcher) = matcher.get("string_match") else { return Always };
    let fold = |text: &str| if matcher.is_set("/ignore_case") { text.to_ascii_lowercase() } else { text.to_owned() };
    for form in ["exact", "prefix", "suffix", "contains"] {
        if let Some(text) = matcher.get(form).and_then(Value::as_str) {
            return string(form, &fold(text), &fold(value)).into();
        }
    }
    if matcher.text("/safe_regex/regex") == ".*" { Always } else { Sometimes }
}

fn string(form: &str, text: &str, value: &str) -> bool {
    match form {
        "exact" => value == text,
        "prefix" => value.starts_with(text),
        "suffix" => value.ends_with(text),
        _ => value.contains(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(conditions: Value, expected: Matches) {
        let route = json!({"match": conditions});
        assert_eq!(request(&route, "/v1/chat/completions", "openai"), expected, "{route}");
    }

    #[test]
    fn paths() {
        check(json!({"prefix": "/"}), Always);
        check(json!({"prefix": "/v1/"}), Always);
        check(json!({"prefix": "/v2"}), Never);
        check(json!({"path": "/v1/chat/completions"}), Always);
        check(json!({"path": "/V1/chat/Completions"}), Never);
        check(json!({"path": "/V1/chat/Completions", "case_sensitive": false}), Always);
        check(json!({"path_separated_prefix": "/v1"}), Always);
        check(json!({"path_separated_prefix": "/v"}), Never);
        check(json!({"safe_regex": {"regex": "/v1/.*"}}), Sometimes);
        check(json!({"connect_matcher": {}}), Never);
    }

    #[test]
    fn the_header() {
        let header = |matcher: Value| {
            let mut matcher = matcher;
            matcher["name"] = "x-pointsman-cluster".into();
            json!({"prefix": "/", "headers": [matcher]})
        };
        check(header(json!({"present_match": true})), Always);
        check(header(json!({"present_match": true, "invert_match": true})), Never);
        check(header(json!({})), Always);
        check(header(json!({"string_match": {"exact": "openai"}})), Always);
        check(header(json!({"string_match": {"exact": "OpenAI"}})), Never);
        check(header(json!({"string_match": {"exact": "OpenAI", "ignore_case": true}})), Always);
        check(header(json!({"exact_match": "other"})), Never);
        check(header(json!({"prefix_match": "open"})), Always);
        check(header(json!({"string_match": {"safe_regex": {"regex": "o.*"}}})), Sometimes);
        check(header(json!({"range_match": {"start": 1}})), Never);
    }

    #[test]
    fn what_is_not_known_matches_sometimes() {
        check(json!({"prefix": "/", "headers": [{"name": "x-team", "present_match": true}]}), Sometimes);
        check(json!({"prefix": "/", "headers": [{"name": ":method", "string_match": {"exact": "POST"}}]}), Always);
        check(json!({"prefix": "/", "runtime_fraction": {}}), Sometimes);
        check(json!({"prefix": "/v2", "runtime_fraction": {}}), Never);
    }
}
