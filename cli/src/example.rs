//! Requests to try against a policy, each with what the engine says will happen to it.

use crate::policy_file::PolicyFile;
use crate::record;
use crate::request_file::{bare_body, path_of};
use pointsman_document::Document;
use pointsman_engine::record::Disposition;

/// A request whose `NAME` stands for the model asked for, and what should become of it to be worth showing.
struct Example {
    api: &'static str,
    body: &'static str,
    action: Disposition,
}

const ROUTED: [Example; 3] = [
    Example {
        api: "chatCompletions",
        body: r#"{"model": NAME, "messages": [{"role": "user", "content": "Hello"}]}"#,
        action: Disposition::Route,
    },
    Example {
        api: "chatCompletions",
        body: r#"{"model": NAME, "stream": true, "messages": [{"role": "user", "content": "Tell me a story"}]}"#,
        action: Disposition::Route,
    },
    Example {
        api: "messages",
        body: r#"{"model": NAME, "max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}]}"#,
        action: Disposition::Route,
    },
];

const REFUSED: Example = Example {
    api: "chatCompletions",
    body: r#"{"model": NAME, "messages": [{"role": "user", "content": "Hello"}]}"#,
    action: Disposition::Deny,
};

/// curl commands for `url` that show this policy at work.
pub(crate) fn curl_lines(policy: &PolicyFile, url: &str) -> String {
    let names = names(policy);
    let first = |example: &Example| names.iter().find_map(|name| curl(policy, url, example, name));
    let routed: String = ROUTED.iter().filter_map(first).collect();
    let refused = curl(policy, url, &REFUSED, "no-such-model").unwrap_or_default();
    format!(
        "\nTry it from another terminal:\n\n{routed}{refused}  # the models you may use\n  curl -sS {url}/v1/models\n\nRequests:\n"
    )
}

/// What a client may ask for by name: aliases first, since most policies decide something for them.
fn names(policy: &PolicyFile) -> Vec<&str> {
    let listed = |field| policy.source.document.get(field).map(Document::items).unwrap_or_default().iter();
    listed("aliases")
        .chain(listed("models"))
        .filter_map(|item| item.get("name")?.as_str())
        .filter(|name| !name.contains('*'))
        .collect()
}

/// The command and its outcome, when the outcome is the one to show.
fn curl(policy: &PolicyFile, url: &str, example: &Example, name: &str) -> Option<String> {
    let path = path_of(example.api)?;
    let body = example.body.replace("NAME", &serde_json::Value::from(name).to_string());
    let exchange = bare_body(body.clone().into_bytes(), path);
    let decided = pointsman_engine::explain(&policy.policy, &exchange)?;
    let (unbuffered, streamed) = if body.contains("\"stream\"") { ("N", ", streamed") } else { ("", "") };
    let quoted = body.replace('\'', r"'\''");
    (decided.action == example.action).then(|| {
        format!(
            "  # {}{streamed}\n  curl -sS{unbuffered} {url}{path} -H 'content-type: application/json' -d '{quoted}'\n\n",
            record::line(&decided)
        )
    })
}
