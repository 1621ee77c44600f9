//! Whether a provider is asked for what a stream takes, and whose answers are amended for it.

use crate::attempt::Tried;
use crate::tests::{splits, walk};
use crate::{Exchange, Live, Received, Step, receive};
use proptest::prelude::*;
use serde_json::{Value, json};

fn document() -> Value {
    json!({
        "models": [
            { "name": "m", "cluster": "a", "upstreamModel": "upstream", "fallback": ["spare", "old"] },
            { "name": "spare", "cluster": "b" },
            { "name": "old", "cluster": "c", "parameters": { "stream_options": { "drop": true } } },
        ],
        "usage": { "askForIt": true },
    })
}

fn request(path: &str, body: &str) -> Exchange {
    let headers = vec![("content-type".into(), b"application/json".to_vec())];
    Exchange { method: "POST".into(), path: path.into(), headers, body: body.into(), ..Exchange::default() }
}

/// What each of the models gets, in the order of the chain, and what the record says of it.
fn check(path: &str, members: &str, expected: &str, is_asked: bool) {
    let policy = super::super::policy(&document());
    let exchange = request(path, &format!("{{\"model\":\"m\"{members}}}"));
    let (record, sent) = walk(&policy, &exchange, &[], &[&exchange.body], true);
    let bodies: Vec<_> = sent.iter().map(|(_, _, body)| String::from_utf8_lossy(body)).collect();
    for (body, name) in bodies.iter().zip(["upstream", "spare"]) {
        assert_eq!(*body, expected.replace('@', name), "{record}");
    }
    assert!(bodies.len() == 3, "{record}");
    let record: Value = serde_json::from_str(&record).expect("a record");
    let changed = record.get("changed").map(ToString::to_string);
    assert_eq!(changed.as_deref(), is_asked.then_some(r#"["stream_options.include_usage"]"#), "{members}");
}

const CHAT: &str = "/v1/chat/completions";

#[test]
fn a_stream_is_asked_for_its_usage() {
    for path in [CHAT, "/v1/completions"] {
        check(
            path,
            ",\"stream\": true",
            "{\"stream_options\":{\"include_usage\":true},\"model\":\"@\",\"stream\": true}",
            true,
        );
        check(
            path,
            ",\"stream\":true,\"stream_options\" : { }",
            "{\"model\":\"@\",\"stream\":true,\"stream_options\" : {\"include_usage\":true }}",
            true,
        );
        check(
            path,
            ",\"stream_options\":{\"x\":1},\"stream\":true",
            "{\"model\":\"@\",\"stream_options\":{\"include_usage\":true,\"x\":1},\"stream\":true}",
            true,
        );
        for said in ["false", "null"] {
            check(
                path,
                &format!(",\"stream\":true,\"stream_options\":{{\"include_usage\": {said} }}"),
                "{\"model\":\"@\",\"stream\":true,\"stream_options\":{\"include_usage\": true }}",
                true,
            );
        }
        check(
            path,
            ",\"stream\":true,\"stream_options\":null",
            "{\"model\":\"@\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}",
            true,
        );
    }
}

#[test]
fn nobody_is_asked_in_place_of_a_client_who_asks_or_does_not_stream() {
    for members in [
        "",
        ",\"stream\":false",
        ",\"stream\":null",
        ",\"stream\":\"true\"",
        ",\"x\":{\"stream\":true}",
        ",\"stream\":true,\"stream_options\":{\"include_usage\":true}",
        ",\"stream\":true,\"stream_options\":{\"include_usage\":1}",
        ",\"stream\":true,\"stream_options\":{\"include_usage\":\"yes\"}",
        ",\"stream\":true,\"stream_options\":7",
        ",\"stream\":true,\"stream_options\":[]",
    ] {
        check(CHAT, members, &format!("{{\"model\":\"@\"{members}}}"), false);
    }
    let members = ",\"stream\":true,\"input\":\"x\"";
    check("/v1/responses", members, &format!("{{\"model\":\"@\"{members}}}"), false);
}

/// What two servers could read differently is left as it is: nobody has to be refused for a question of ours.
#[test]
fn a_question_that_could_be_read_in_two_ways_is_not_put() {
    let document = json!({ "models": [{ "name": "m", "cluster": "a" }], "usage": { "askForIt": true } });
    let policy = super::super::policy(&document);
    for more in ["\"Stream_Options\":{}", "\"stream_options\":{}"] {
        let body = format!("{{\"model\":\"m\",\"stream\":true,\"stream_options\":{{}},{more}}}");
        let exchange = request(CHAT, &body);
        let (record, sent) = walk(&policy, &exchange, &[], &[&exchange.body], true);
        assert_eq!(String::from_utf8_lossy(&sent[0].2), body, "{record}");
    }
}

/// A model whose provider does not know the question is not asked, and its answer is not touched.
#[test]
fn who_is_asked_is_who_is_amended() {
    let policy = super::super::policy(&document());
    let exchange = request(CHAT, "{\"model\":\"m\",\"stream\":true}");
    let (_, sent) = walk(&policy, &exchange, &[], &[&exchange.body], true);
    assert_eq!(String::from_utf8_lossy(&sent[2].2), "{\"model\":\"old\",\"stream\":true}");
    let headers: [(&[u8], &[u8]); 3] =
        [(b":method", b"POST"), (b":path", CHAT.as_bytes()), (b"content-type", b"application/json")];
    let reading = |body: &str| {
        let Received::Read(mut reading) = receive(&policy, &headers, &exchange, &Live::default, false) else {
            panic!("a call")
        };
        assert_eq!(reading.push(body.as_bytes()), Step::Hold, "{body}: what is sent depends on all of it");
        assert!(matches!(reading.finish(), Step::Route(_)));
        reading
    };
    let asked = reading("{\"model\":\"m\",\"stream\":true}");
    let without_usage = |by_provider: bool, model: &str| {
        let tried = Tried { number: 1, model: model.to_owned() };
        let amendments = asked.expectation().expect("an answer").amendments(by_provider, Some(&tried));
        amendments.is_some_and(|amendments| amendments.without_usage)
    };
    assert!(without_usage(true, "m") && without_usage(true, "spare"));
    assert!(!without_usage(true, "old") && !without_usage(false, "m") && !without_usage(true, "nobody"));
    let own = reading("{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
    assert!(!own.expectation().expect("a chain").amends());
}

/// The name in an answer is the one that the client has asked for, in its body or its path.
#[test]
fn answers_can_have_the_name_that_was_asked_for() {
    let name = |answer_model: &str, path: &str, body: &str| {
        let policy = super::super::policy(&json!({
            "models": [{ "name": "m", "cluster": "a", "upstreamModel": "upstream", "apis": [
                "chatCompletions", "gemini", "bedrock", "speech",
            ] }],
            "aliases": [{ "name": "gpt-*", "model": "m" }],
            "onFailure": { "missingModel": { "model": "m" } },
            "answerModel": answer_model,
        }));
        assert_eq!(policy.follows_answers(), answer_model == "asked");
        let headers: [(&[u8], &[u8]); 3] =
            [(b":method", b"POST"), (b":path", path.as_bytes()), (b"content-type", b"application/json")];
        let exchange = request(path, body);
        let Received::Read(mut reading) = receive(&policy, &headers, &exchange, &Live::default, false) else {
            panic!("{path} is a call")
        };
        let steps = [reading.push(body.as_bytes()), reading.finish()];
        let is_plain = steps
            .into_iter()
            .any(|step| matches!(step, Step::Route(edits) if edits.remove_headers.contains(&"accept-encoding")));
        let model = reading.expectation()?.amendments(true, None)?.model.map(|(_, name)| name.to_string());
        assert!(is_plain, "an answer that is changed must not come compressed");
        model
    };
    let chat = "{\"model\":\"gpt-4\\u006f\",\"messages\":[]}";
    assert_eq!(name("asked", CHAT, chat).as_deref(), Some("gpt-4o"));
    assert_eq!(name("asked", "/v1beta/models/gpt-x:generateContent", "{\"contents\":[]}").as_deref(), Some("gpt-x"));
    assert_eq!(name("asked", "/model/gpt-y/invoke", "{\"messages\":[]}").as_deref(), Some("gpt-y"));
    assert_eq!(name("asked", CHAT, "{\"messages\":[]}"), None);
    assert_eq!(name("asked", "/v1/audio/speech", "{\"model\":\"m\",\"input\":\"x\"}"), None);
    assert_eq!(name("provider", CHAT, chat), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Any split asks alike, and nothing else changes.
    #[test]
    fn any_split_asks_alike(
        members in prop::collection::btree_map("stream|stream_options|n|user", prop::sample::select(vec![
            "true", "false", "null", "{}", "{ \"x\":[1] }", "{\"include_usage\":false}", "{\"include_usage\":true}", "{\"include_usage\":null,\"x\":{}}",
        ]), 0..5),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let policy = super::super::policy(&document());
        let members: Vec<String> = members.iter().map(|(key, value)| format!(",\"{key}\": {value}")).collect();
        let exchange = request(CHAT, &format!("{{\"model\":\"m\"{}}}", members.concat()));
        let whole = walk(&policy, &exchange, &[], &[&exchange.body], true);
        for chunks in splits(&exchange.body, &cuts) {
            prop_assert_eq!(&walk(&policy, &exchange, &[], &chunks, true), &whole);
        }
        let mut expected: Value = serde_json::from_slice(&exchange.body).expect("JSON");
        let options = &expected["stream_options"];
        let may = options.is_null() || options.is_object() && options["include_usage"].as_bool() != Some(true);
        if expected["stream"] == true && may {
            expected["stream_options"]["include_usage"] = true.into();
        }
        expected["model"] = "upstream".into();
        let sent: Value = serde_json::from_slice(&whole.1[0].2).expect("JSON");
        prop_assert_eq!(sent, expected);
    }
}
