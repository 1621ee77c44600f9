//! Requests whose body is a form.

use super::check;
use crate::Exchange;
use crate::tests::{policy, walk};
use serde_json::{Value, json};

fn form(path: &str, parts: &[String]) -> Exchange {
    Exchange {
        method: "POST".into(),
        path: path.into(),
        headers: vec![("content-type".into(), b"multipart/form-data; boundary=B".to_vec())],
        body: format!("{}--B--\r\n", parts.concat()).into_bytes(),
        ..Exchange::default()
    }
}

fn part(name: &str, content: &str) -> String {
    format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
}

fn file(name: &str, content: &str) -> String {
    format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a\"\r\n\r\n{content}\r\n")
}

const TRANSCRIPTIONS: &str = "/v1/audio/transcriptions";

fn models() -> Value {
    json!({
        "models": [
            { "name": "whisper", "cluster": "c-whisper", "upstreamModel": "whisper-large \"v3\"", "contextWindow": 100 },
            { "name": "scribe", "cluster": "c-scribe", "fallback": ["whisper"] },
            { "name": "deaf", "cluster": "c-deaf", "capabilities": ["vision"] },
            { "name": "blind", "cluster": "c-blind", "capabilities": ["audio"] },
        ],
        "rules": [{ "name": "secrets", "match": { "keywords": ["secret"] }, "deny": {} }],
        "onFailure": { "missingModel": { "model": "whisper" } },
    })
}

#[test]
fn a_part_names_the_model_and_files_are_no_text() {
    let policy = models();
    let long = "a secret recording ".repeat(1000);
    let ask = |parts: &[String]| form(TRANSCRIPTIONS, parts);
    let routed = [("action", json!("route")), ("asked", json!("whisper")), ("api", json!("transcriptions"))];
    check(&policy, &ask(&[part("model", "whisper"), file("file", &long)]), &routed);
    check(&policy, &ask(&[file("file", &long), part("model", "whisper")]), &routed);
    check(&policy, &form("/audio/translations", &[part("model", "whisper")]), &[("api", json!("translations"))]);
    check(&policy, &ask(&[part("model", "whisper"), part("prompt", "a secret")]), &[("rule", json!("secrets"))]);
    check(&policy, &ask(&[part("model", "other")]), &[("reason", json!("unknownModel")), ("status", json!(404))]);
    check(&policy, &ask(&[part("Model", "whisper")]), &[("reason", json!("keyCase")), ("status", json!(400))]);
    check(&policy, &ask(&[file("model", "whisper")]), &[("reason", json!("partType"))]);
    let mut two = ask(&[part("model", "whisper")]);
    two.headers[0].1 = b"multipart/form-data; boundary=B; boundary=C".to_vec();
    check(&policy, &two, &[("reason", json!("boundary")), ("status", json!(400))]);
    two.headers[0].1 = b"audio/mpeg".to_vec();
    check(&policy, &two, &[("reason", json!("contentType")), ("status", json!(415))]);
    let message = "the form is not one that every server reads alike: something in front of the first boundary";
    let json = Exchange { body: br#"{"model":"whisper"}"#.to_vec(), ..ask(&[]) };
    check(&policy, &json, &[("reason", json!("form")), ("message", json!(message))]);
    let chat = Exchange { path: "/v1/chat/completions".into(), ..ask(&[part("model", "whisper")]) };
    check(&policy, &chat, &[("reason", json!("contentType"))]);
}

#[test]
fn what_a_model_must_be_able_to_do_follows_from_the_api() {
    let policy = models();
    for (path, model, excluded) in [
        (TRANSCRIPTIONS, "deaf", Some("audio")),
        (TRANSCRIPTIONS, "blind", None),
        ("/v1/images/edits", "blind", Some("vision")),
        ("/v1/images/variations", "blind", Some("vision")),
        ("/v1/images/edits", "deaf", None),
    ] {
        let expected = excluded.map_or(Value::Null, |reason| json!([{ "model": model, "reason": reason }]));
        check(&policy, &form(path, &[part("model", model)]), &[("excluded", expected)]);
    }
}

/// What was sent, each model with its body.
fn sent(exchange: &Exchange) -> Vec<(String, String)> {
    let (_, sent) = walk(&policy(&models()), exchange, &[], &[&exchange.body], true);
    sent.into_iter().map(|(name, _, body)| (name, String::from_utf8(body).expect("text"))).collect()
}

#[test]
fn the_model_is_written_as_it_is_at_each_attempt() {
    let body =
        |model: &str| String::from_utf8(form("", &[file("file", "x"), part("model", model)]).body).expect("text");
    let ask = |model: &str| form(TRANSCRIPTIONS, &[file("file", "x"), part("model", model)]);
    assert_eq!(sent(&ask("whisper")), [("whisper".to_owned(), body("whisper-large \"v3\""))]);
    assert_eq!(
        sent(&ask("scribe")),
        [("scribe".to_owned(), body("scribe")), ("whisper".to_owned(), body("whisper-large \"v3\""))]
    );
}

#[test]
fn a_missing_model_becomes_a_part_in_front_and_a_blank_one_is_filled() {
    let whisper = "whisper-large \"v3\"";
    let body = |parts: &[String]| String::from_utf8(form("", parts).body).expect("text");
    for (asked, written) in [
        (vec![], vec![part("model", whisper)]),
        (vec![file("file", "x")], vec![part("model", whisper), file("file", "x")]),
        (vec![file("file", "x"), part("model", " ")], vec![file("file", "x"), part("model", whisper)]),
        (vec![part("model", ""), file("file", "x")], vec![part("model", whisper), file("file", "x")]),
        (vec![part("model", "\r\n\r\n"), file("file", "x")], vec![part("model", whisper), file("file", "x")]),
    ] {
        assert_eq!(sent(&form(TRANSCRIPTIONS, &asked)), [("whisper".to_owned(), body(&written))]);
    }
}

/// Other names that the policy lets in are written as their provider calls them, wherever they stand.
#[test]
fn names_besides_the_model_are_written_in_forms() {
    let mut besides = models();
    besides["models"][1]["cluster"] = json!("c-whisper");
    besides["models"][1]["upstreamModel"] = json!("s-1");
    besides["steering"] = json!({ "allowKeys": ["models", "deployment_id", "provider"] });
    let written = |parts: &[String]| {
        let exchange = form(TRANSCRIPTIONS, parts);
        let (record, sent) = walk(&policy(&besides), &exchange, &[], &[&exchange.body], true);
        let bodies: Vec<_> = sent.into_iter().map(|(_, _, body)| String::from_utf8(body).expect("text")).collect();
        (record, bodies)
    };
    let whisper = "whisper-large \"v3\"";
    let body = |parts: &[String]| String::from_utf8(form("", parts).body).expect("text");
    let (also, file) = (|name: &str| part("models", name), file("file", "x"));
    let provider = || part("provider[order]", "x");
    for (asked, expected) in [
        (
            vec![also("scribe"), file.clone(), part("model", "whisper")],
            vec![also("s-1"), file.clone(), part("model", whisper)],
        ),
        (
            vec![part("model", "whisper"), also("scribe"), provider()],
            vec![part("model", whisper), also("s-1"), provider()],
        ),
        (vec![part("deployment_id", "scribe")], vec![part("model", whisper), part("deployment_id", "s-1")]),
    ] {
        let (record, bodies) = written(&asked);
        assert_eq!(bodies, [body(&expected)], "{record}");
    }
    // A chain's body has them as well, and each attempt's own model besides.
    let (_, bodies) = written(&[also("whisper"), part("model", "scribe")]);
    assert_eq!(bodies, ["s-1", whisper].map(|model| body(&[also(whisper), part("model", model)])));
    for (parts, reason) in [
        (vec![part("model", "whisper"), also("unheard-of")], "namedBesides"),
        (vec![part("model", "whisper"), part("models[]", "scribe")], "keyCase"),
        (vec![part("model", "whisper"), file.replace("\"file\"", "\"models\"")], "partType"),
    ] {
        check(&besides, &form(TRANSCRIPTIONS, &parts), &[("reason", json!(reason))]);
    }
}

/// Also at Azure, whose path names the model, the client's own library writes it into the form.
#[test]
fn a_deployment_takes_forms() {
    let at = |name: &str| format!("/openai/deployments/{name}/audio/transcriptions?api-version=1");
    let policy = models();
    for parts in [vec![file("file", "x"), part("model", "whisper")], vec![file("file", "x")]] {
        check(&policy, &form(&at("whisper"), &parts), &[("asked", json!("whisper")), ("action", json!("route"))]);
        let whole = sent(&form(&at("whisper"), &parts));
        assert!(whole[0].1.contains("name=\"model\"\r\n\r\nwhisper-large \"v3\"\r\n--B"), "{whole:?}");
    }
    let other = form(&at("scribe"), &[part("model", "whisper")]);
    check(&policy, &other, &[("reason", json!("twoModels"))]);
}
