use super::*;
use crate::response::amending::{Amending, Amendments};
use crate::signed_id::Signed;
use crate::splice::spliced;
use crate::tests::splits;
use proptest::prelude::*;
use serde_json::{Value, json};

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn signature() -> Signature {
    let policy = json!({ "models": [{ "name": "m", "cluster": "c" }], "providerState": { "signedIds": {} } });
    let policy = Policy::from_json(policy.to_string().as_bytes()).expect("a policy");
    let policy = policy.with_id_keys(Some(KEY)).expect("a key");
    Signature { policy: Arc::new(policy), cluster: "c".into(), tenant: Some("t".into()) }
}

fn signed(id: &str) -> String {
    let (before, behind) = id.split_at(signed_id::prefix(id));
    [before, &signature().policy.signer().sign("c", Some("t"), id).expect("a key"), behind].concat()
}

fn signing(shape: Shape) -> Amending {
    let amendments = Amendments { signature: Some(signature()), ..Amendments::default() };
    Amending::of(amendments, shape.content_type()).expect("it is signed")
}

/// What leaves, and the most bytes that were kept back between two chunks.
fn sent(shape: Shape, chunks: &[&[u8]]) -> (Vec<u8>, usize) {
    let (mut signing, mut sent, mut most) = (signing(shape), Vec::new(), 0);
    for (nth, chunk) in chunks.iter().enumerate() {
        // As the host shows it: in pieces.
        chunk.chunks(7).for_each(|piece| signing.push(piece));
        sent.extend(spliced(chunk, &signing.finish(nth + 1 == chunks.len())));
        most = most.max(signing.held());
    }
    (sent, most)
}

fn check(shape: Shape, answer: &str, expected: &str) {
    let whole = sent(shape, &[answer.as_bytes()]).0;
    assert_eq!(String::from_utf8_lossy(&whole), expected);
    let bytes: Vec<&[u8]> = answer.as_bytes().chunks(1).collect();
    let (bytes, _) = sent(shape, &bytes);
    assert_eq!(String::from_utf8_lossy(&bytes), expected, "byte by byte");
}

#[test]
fn an_answer_leaves_with_signed_ids() {
    let answer = |one: &str, other: &str| {
        format!(
            "{{ \"id\" : \"{one}\", \"object\":\"response\",\"output\":[{{\"id\":\"msg_1\",\"content\":[{{\"text\":\"\\\"id\\\":\\\"resp_1\\\" é\"}}]}}],\n \
             \"previous_response_id\":\"{other}\",\"conversation\":{{\"id\":\"conv_1\"}}}}\n"
        )
    };
    check(Shape::Whole, &answer("resp_1", "resp_0"), &answer(&signed("resp_1"), &signed("resp_0")));
    check(Shape::Whole, &answer("c8d9-1", "resp_0"), &answer(&signed("c8d9-1"), &signed("resp_0")));
    check(
        Shape::Whole,
        r#"{"id":"resp_1","deleted":true}"#,
        &format!(r#"{{"id":"{}","deleted":true}}"#, signed("resp_1")),
    );
}

#[test]
fn events_leave_with_signed_ids() {
    let events = |id: &str, previous: &str| {
        [
            format!("event: response.created\ndata: {{\"type\":\"response.created\",\"response\":{{\"id\":\"{id}\",\"output\":[],\"previous_response_id\":{previous}}}}}\n\n"),
            "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"item_id\":\"msg_1\",\"response\":{\"id\":\"resp_1\"},\"delta\":\"resp_1\"}\n\n".to_owned(),
            format!(": comment\r\ndata:{{\"response\" : {{\"x\":{{\"id\":\"resp_1\"}},\r\ndata: \"id\":\"{id}\"}},\"id\":\"resp_1\",\"type\":\"response.completed\"}}\r\n\r\n"),
            "data: [DONE]\n\n".to_owned(),
        ]
        .concat()
    };
    check(Shape::Events, &events("resp_1", "null"), &events(&signed("resp_1"), "null"));
    let previous = |id: &str| format!("\"{id}\"");
    check(
        Shape::Events,
        &events("resp_1", &previous("resp_0")),
        &events(&signed("resp_1"), &previous(&signed("resp_0"))),
    );
}

#[test]
fn what_is_no_such_answer_passes() {
    let long = "x".repeat(300);
    for answer in [
        "",
        "{",
        "[]",
        "null",
        r#"{"id":1}"#,
        r#"{"id":""}"#,
        r#"{"id":null,"x":{"id":"resp_1"}}"#,
        r#"{"ID":"resp_1"}"#,
        r#"[{"id":"resp_1"}]"#,
        r#"{"response":{"id":"resp_1"}}"#,
        r#"{"id":"resp_\u0031"}"#,
        r#"{"id":"resp 1"}"#,
        r#"{"id":"résp_1"}"#,
        r#"{"id":"resp_1"#,
        r#"{"error":{"message":"no"}}"#,
        "\u{feff}{\"id\":\"resp_1\"}",
        &format!(r#"{{"id":"{long}"}}"#),
    ] {
        check(Shape::Whole, answer, answer);
    }
    for answer in [
        "data: {\"id\":\"resp_1\"}\n\n",
        "data: {\"response\":{\"id\":\"resp_",
        "id: resp_1\n\n",
        "data: {\"response\":[{\"id\":\"resp_1\"}]}\n\n",
        "data: {\"response\":\"x\",\"x\":{\"id\":\"resp_1\"}}\n\n",
        "{\"response\":{\"id\":\"resp_1\"}}",
        "data: {\"response\":{\"id\":\"resp_\ndata: 1\"}}\n\n",
    ] {
        check(Shape::Events, answer, answer);
    }
}

#[test]
fn an_answer_of_which_all_is_known_is_not_read_on() {
    let mut signing = signing(Shape::Whole);
    signing.push(br#"{"id":"resp_1","previous_response_id":null,"#);
    assert!(signing.is_over());
    assert_eq!(signing.finish(false).len(), 1);
}

/// Nobody but who was asked by name gets at what another was given.
#[test]
fn what_leaves_can_be_read_again() {
    let (answer, _) = sent(Shape::Whole, &[br#"{"id":"resp_1"}"#]);
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    let id = answer["id"].as_str().expect("an id");
    let signer = signature();
    let expected = Signed::By { cluster: "c".into(), id: "resp_1".to_owned() };
    assert_eq!(signer.policy.signer().read(id, Some("t")), expected);
    assert_eq!(signer.policy.signer().read(id, Some("u")), Signed::Badly);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// Any split gives the same bytes, and never is more kept back than an id.
    #[test]
    fn any_split_is_signed_alike(
        parts in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "\"id\":", "\"previous_response_id\":", "\"response\":", "\"type\":", "\"response.completed\"", "\"x.delta\"", ",",
            "\"resp_1\"", "\"resp_\u{e9}\"", "\"re\\u0073p_1\"", "null", "[", "]", "data: ", "\n", "\n\n", "\r\n", "event: x\n",
            "data: {\"response\":{\"id\":\"resp_1\",\"previous_response_id\":\"resp_0\"}}\n\n", "{\"id\":\"resp_1\",\"x\":", "\"", " ",
            "\"resp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ]), 0..24),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        is_whole in any::<bool>(),
    ) {
        let shape = if is_whole { Shape::Whole } else { Shape::Events };
        let answer = parts.concat().into_bytes();
        let (expected, _) = sent(shape, &[&answer]);
        for chunks in splits(&answer, &cuts) {
            let (cut, most) = sent(shape, &chunks);
            prop_assert_eq!(String::from_utf8_lossy(&cut), String::from_utf8_lossy(&expected));
            prop_assert!(most <= 6 * super::super::ids::LONGEST + 16, "{}", most);
        }
        // What is taken out of it again is what came.
        let mut plain = String::from_utf8_lossy(&expected).into_owned();
        for id in ["resp_1", "resp_0"] {
            plain = plain.replace(&signed(id), id);
        }
        if !plain.contains("psm1") {
            prop_assert_eq!(plain.into_bytes(), answer);
        }
    }
}
