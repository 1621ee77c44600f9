use super::*;
use crate::response::extra_usage::LONGEST;
use crate::tests::splits;
use proptest::prelude::*;
use serde_json::Value;

fn amendments(api: Api, model: Option<&str>, without_usage: bool) -> Amendments {
    Amendments { signature: None, model: model.map(|model| (api, model.into())), without_usage }
}

/// What leaves, and the most bytes that were kept back between two chunks.
fn sent(amendments: &Amendments, shape: Shape, chunks: &[&[u8]]) -> (Vec<u8>, usize) {
    let (mut sent, mut most) = (Vec::new(), 0);
    let Some(mut amending) = Amending::of(amendments.clone(), shape.content_type()) else {
        return (chunks.concat(), 0);
    };
    for (nth, chunk) in chunks.iter().enumerate() {
        // As the host shows it: in pieces.
        chunk.chunks(7).for_each(|piece| amending.push(piece));
        sent.extend(crate::splice::spliced(chunk, &amending.finish(nth + 1 == chunks.len())));
        most = most.max(amending.held());
    }
    assert_eq!(amending.held(), 0, "something stays behind");
    (sent, most)
}

fn check(amendments: &Amendments, shape: Shape, answer: &str, expected: &str) {
    let (whole, _) = sent(amendments, shape, &[answer.as_bytes()]);
    assert_eq!(String::from_utf8_lossy(&whole), expected);
    let bytes: Vec<&[u8]> = answer.as_bytes().chunks(1).collect();
    let (bytes, _) = sent(amendments, shape, &bytes);
    assert_eq!(String::from_utf8_lossy(&bytes), expected, "byte by byte");
}

fn named(api: Api, shape: Shape, answer: &str, expected: &str) {
    check(&amendments(api, Some("a \"b\" é"), false), shape, answer, &expected.replace('@', r#""a \"b\" é""#));
}

#[test]
fn a_whole_answer_has_the_name_that_was_asked_for() {
    for api in [Api::ChatCompletions, Api::Completions, Api::Responses, Api::Messages, Api::OllamaChat, Api::Bedrock] {
        named(
            api,
            Shape::Whole,
            " {\"x\":{\"model\":\"x\"}, \"model\" : \"gpt-4o-2024\\u0031\" ,\"choices\":[{\"model\":\"x\"}]}\n",
            " {\"x\":{\"model\":\"x\"}, \"model\" : @ ,\"choices\":[{\"model\":\"x\"}]}\n",
        );
    }
    named(Api::Gemini, Shape::Whole, r#"{"modelVersion":"g-001","model":"x"}"#, r#"{"modelVersion":@,"model":"x"}"#);
    named(Api::Vertex, Shape::Whole, r#"{"modelVersion":"g-001"}"#, r#"{"modelVersion":@}"#);
    named(Api::Vertex, Shape::Whole, r#"{"id":"x","model":"claude"}"#, r#"{"id":"x","model":@}"#);
}

#[test]
fn each_event_has_the_name_that_was_asked_for() {
    let (before, behind) = ("data: {\"id\":\"c\",\"model\":\"gpt-4o\"", ",\"choices\":[{\"delta\":{}}]}\r\n\r\n");
    let rest = "data: [DONE]\n\n: \"model\":\"x\"\n\n";
    let events = [before, behind, before, behind, rest].concat();
    named(Api::ChatCompletions, Shape::Events, &events, &events.replace("\"gpt-4o\"", "@"));
    let message = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"model\":\"x\"},\"model\":\"claude\"},\"model\":\"x\"}\n\n\
        event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"message\":{\"model\":\"x\"}}\n\n";
    named(Api::Messages, Shape::Events, message, &message.replace("\"claude\"", "@"));
    named(Api::Vertex, Shape::Events, message, &message.replace("\"claude\"", "@"));
    let response = "data: {\"type\":\"response.created\",\"model\":\"x\",\"response\":{\"tools\":[{\"model\":\"x\"}],\"model\":\"gpt-4o\"}}\n\n\
        data: {\"type\":\"response.output_text.delta\",\"response\":{\"model\":\"x\"}}\n\n\
        data: {\"response\":[{\"model\":\"x\"}],\"model\":\"x\"}\n\n";
    named(Api::Responses, Shape::Events, response, &response.replace("\"gpt-4o\"", "@"));
    let gemini = "data: {\"candidates\":[{\"model\":\"x\"}],\"modelVersion\":\"g-001\"}\r\n\r\n";
    named(Api::Gemini, Shape::Events, gemini, &gemini.replace("\"g-001\"", "@"));
    let lines = "{\"model\":\"llama\",\"done\":false}\n{\"model\":\"llama\",\"done\":true}\n";
    named(Api::OllamaChat, Shape::Lines, lines, &lines.replace("\"llama\"", "@"));
}

#[test]
fn what_names_no_model_passes() {
    let (longest, longer) = ("x".repeat(256), "x".repeat(257));
    for answer in [
        "",
        "{",
        "[{\"model\":\"x\"}]",
        "{\"model\":null}",
        "{\"model\":[\"x\"]}",
        "{\"model\":7}",
        "{\"MODEL\":\"x\"}",
        "{\"model\":\"x",
        "{\"modelVersion\":\"x\"}",
        "{\"model\":\"a \\\"b\\\" \\u00e9\"}",
        &format!("{{\"model\":\"{longer}\"}}"),
    ] {
        named(Api::ChatCompletions, Shape::Whole, answer, answer);
    }
    named(Api::ChatCompletions, Shape::Whole, &format!("{{\"model\":\"{longest}\"}}"), "{\"model\":@}");
    for api in [Api::ImageGenerations, Api::Speech, Api::CountTokens, Api::OllamaShow, Api::Transcriptions] {
        named(api, Shape::Whole, "{\"model\":\"x\"}", "{\"model\":\"x\"}");
    }
    named(Api::Bedrock, Shape::Events, "data: {\"model\":\"x\"}\n\n", "data: {\"model\":\"x\"}\n\n");
}

/// A stream that was asked for its usage, and the same that was not. `{}` stands for the ends of lines.
fn streams(end: &str) -> (String, String) {
    let chunk =
        |usage: &str| format!("data: {{\"id\":\"c\",\"choices\":[{{\"delta\":{{\"usage\":null}}}}]{usage}}}\n\n");
    let first = |usage: &str| format!("data: {{\"choices\":[],\"prompt_filter_results\":[{{}}]{usage}}}\n\n");
    let comment = ": \"choices\":[],\"usage\":{}\n\n";
    let asked = [
        &first(",\"usage\":null"),
        comment,
        &chunk(",\"usage\":null"),
        &chunk(", \"usage\" : null ,\"obfuscation\":\"x\""),
        &chunk(",\"usage\":{\"prompt_tokens\":1}"),
        "event: x\ndata: {\"id\":\"c\",\"choices\":[ ],\"usage\":{\"prompt_tokens\":7}}\n\n",
        "data: [DONE]\n\n\n",
    ];
    let plain = [
        &first(""),
        comment,
        &chunk(""),
        &chunk(", \"obfuscation\":\"x\""),
        &chunk(",\"usage\":{\"prompt_tokens\":1}"),
        "data: [DONE]\n\n\n",
    ];
    (asked.concat().replace('\n', end), plain.concat().replace('\n', end))
}

#[test]
fn a_stream_tells_what_it_would_have_told_unasked() {
    for end in ["\n", "\r\n", "\r"] {
        let (asked, plain) = streams(end);
        check(&amendments(Api::ChatCompletions, None, true), Shape::Events, &asked, &plain);
        // The same document in a whole answer is not the client's question.
        check(&amendments(Api::ChatCompletions, None, true), Shape::Whole, &asked, &asked);
    }
}

#[test]
fn members_go_with_their_commas_wherever_they_stand() {
    let events = |before: &str, after: &str| {
        let [before, after] = [before, after].map(|members| format!("data: {{{members}}}\n\n"));
        check(&amendments(Api::ChatCompletions, None, true), Shape::Events, &before, &after);
    };
    let choices = "\"choices\":[{}]";
    events(&format!("\"usage\":null,{choices}"), choices);
    events(&format!("{choices} , \"usage\": null "), &format!("{choices} "));
    events("\"usage\":null", "");
    events(
        &format!("\"n\":1\n data: x,\"usage\":null,{choices}"),
        &format!("\"n\":1\n data: x,\"usage\":null,{choices}"),
    );
    events("\"n\":1,\ndata: \"usage\":null,\ndata: \"m\":2", "\"n\":1,\ndata: \"m\":2");
    events("\"n\":1,\"usage\":null,\"usage\":null", "\"n\":1,\"usage\":null");
    for same in [
        "\"usage\":false",
        "\"Usage\":null",
        "\"x\":{\"usage\":null}",
        "\"usage\":\"null\"",
        "\"usages\":null",
        "\"usage\":nul",
    ] {
        events(same, same);
    }
}

#[test]
fn only_an_event_without_choices_and_with_usage_goes() {
    let usage = "\"usage\":{\"prompt_tokens\":1}";
    let event = |members: &str| format!("data: {{{members}}}\n\n");
    let asked = amendments(Api::ChatCompletions, None, true);
    for gone in [format!("\"choices\":[],{usage}"), format!("{usage},\"choices\": [ ] ,\"x\":{{}}")] {
        check(&asked, Shape::Events, &event(&gone), "");
    }
    check(&asked, Shape::Events, &format!("data: {{\"choices\":[],{usage}}}"), "");
    for stays in [
        usage,
        "\"choices\":[]",
        "\"choices\":[],\"usage\":[]",
        "\"choices\":[],\"usage\":7",
        &format!("\"choices\":null,{usage}"),
        &format!("\"choices\":[1],{usage}"),
        &format!("\"choices\":[\"\"],{usage}"),
        &format!("\"choices\":[null],{usage}"),
        &format!("\"choices\":[[]],{usage}"),
        &format!("\"choices\":{{}},{usage}"),
        &format!("\"x\":{{\"choices\":[],{usage}}}"),
        &format!("\"choices\":[],{usage},"),
        &format!("\"error\":{{\"message\":\"no\"}},{usage}"),
    ] {
        check(&asked, Shape::Events, &event(stays), &event(stays));
    }
    check(
        &asked,
        Shape::Events,
        &format!("data: {{\"choices\":[],{usage}"),
        &format!("data: {{\"choices\":[],{usage}"),
    );
}

#[test]
fn what_would_wait_too_long_goes_on() {
    let asked = amendments(Api::ChatCompletions, None, true);
    let length = usize::try_from(LONGEST).expect("it is small");
    let extra = |length: usize| {
        let event = |text: &str| format!("data: {{\"choices\":[],\"usage\":{{}},\"x\":\"{text}\"}}\n\n");
        event(&"x".repeat(length - event("").len()))
    };
    check(&asked, Shape::Events, &extra(length), "");
    check(&asked, Shape::Events, &extra(length + 1), &extra(length + 1));
    let blanks = " ".repeat(length + 1);
    for (answer, expected) in [
        (format!("data: {{\"n\":1{blanks},\"usage\":null}}\n\n"), None),
        (format!("data: {{\"usage\":{blanks}null,\"n\":1}}\n\n"), None),
        (format!("data: {{\"usage\":null{blanks},\"n\":1}}\n\n"), None),
        (
            format!("data: {{\"n\":1{blanks},\"m\":1,\"usage\":null}}\n\n"),
            Some(format!("data: {{\"n\":1{blanks},\"m\":1}}\n\n")),
        ),
        (format!("data: {{{blanks}\"usage\":null}}\n\n"), Some(format!("data: {{{blanks}}}\n\n"))),
    ] {
        check(&asked, Shape::Events, &answer, expected.as_ref().unwrap_or(&answer));
        let (_, most) = sent(&asked, Shape::Events, &answer.as_bytes().chunks(1).collect::<Vec<_>>());
        assert!(most <= length + 1, "{most}");
    }
}

/// An event goes on as soon as its first choice has begun.
#[test]
fn a_token_waits_for_nobody() {
    let mut amending =
        Amending::of(amendments(Api::ChatCompletions, Some("m"), true), b"text/event-stream").expect("something");
    let piece = b"data: {\"model\":\"x\",\"choices\":[{\"delta\":{\"content\":\"Hel";
    amending.push(piece);
    let sent = crate::splice::spliced(piece, &amending.finish(false));
    assert_eq!(String::from_utf8_lossy(&sent), "data: {\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"Hel");
    assert_eq!(amending.held(), 0);
}

#[test]
fn who_changes_nothing_costs_nothing() {
    let of = |amendments: Amendments, content_type: &[u8]| Amending::of(amendments, content_type).is_some();
    assert!(!of(Amendments::default(), b"application/json"));
    assert!(!of(amendments(Api::Speech, Some("m"), false), b"application/json"));
    assert!(!of(amendments(Api::ChatCompletions, None, true), b"application/json"));
    assert!(!of(amendments(Api::ChatCompletions, Some("m"), true), b"text/plain"));
}

/// The document with the model that was asked for, as a tree.
fn expected(answer: &[u8]) -> Option<Value> {
    let mut tree: Value = serde_json::from_slice(answer).ok()?;
    if let Some(model @ Value::String(_)) = tree.get_mut("model") {
        *model = "a-model".into();
    }
    Some(tree)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    /// Any split gives the same bytes, and no more is kept back than the longest event.
    #[test]
    fn any_split_changes_alike(
        parts in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "\"model\":", "\"usage\":", "\"choices\":", "\"message\":", "\"type\":", "\"message_start\"", ",", "\"gpt\"", "\"g\\u0070t\"",
            "null", "[]", "[{}]", "[", "]", "{}", "data: ", "\n", "\n\n", "\r\n", "\r", "\r\r", ":", "event: x\n", "1", " ", "\"", "data: {",
            "data: {\"model\":\"gpt\",\"choices\":[{}],\"usage\":null}\n\n", "data: {\"choices\":[],\"model\":\"gpt\",\"usage\":{}}\r\n\r\n",
            "\"choices\":[{}],\"usage\":null", "\"choices\":[],\"usage\":{}}\n\n",
        ]), 0..24),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        shape in prop::sample::select(vec![Shape::Whole, Shape::Events, Shape::Lines]),
        api in prop::sample::select(vec![Api::ChatCompletions, Api::Messages, Api::Responses]),
        without_usage: bool,
    ) {
        let answer = parts.concat().into_bytes();
        let amendments = amendments(api, Some("a-model"), without_usage);
        let (expected, _) = sent(&amendments, shape, &[&answer]);
        for chunks in splits(&answer, &cuts) {
            let (cut, most) = sent(&amendments, shape, &chunks);
            prop_assert_eq!(String::from_utf8_lossy(&cut), String::from_utf8_lossy(&expected));
            prop_assert!(most <= answer.len().min(usize::try_from(LONGEST).expect("it is small")), "{}", most);
        }
    }

    /// The changed document is the same document but for that member.
    #[test]
    fn nothing_else_of_a_document_changes(
        members in prop::collection::btree_map("model|choices|usage|x|y", prop::sample::select(vec![
            "\"gpt-4o\"", "null", "{\"model\":\"x\",\"usage\":null}", "[{\"model\":\"x\"}]", "[ ]", "7", "\"\\\"model\\\":\\\"x\\\"\"",
        ]), 0..5),
        blank in prop::sample::select(vec!["", " ", "\n "]),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let members: Vec<String> = members.iter().map(|(key, value)| format!("{blank}\"{key}\"{blank}:{value}")).collect();
        let answer = format!("{{{}}}", members.join(",")).into_bytes();
        let amendments = amendments(Api::ChatCompletions, Some("a-model"), false);
        for chunks in splits(&answer, &cuts) {
            let (sent, _) = sent(&amendments, Shape::Whole, &chunks);
            prop_assert_eq!(serde_json::from_slice::<Value>(&sent).ok(), expected(&answer));
        }
    }

    /// Of a stream, what is left is what serde_json would leave of it.
    #[test]
    fn what_is_left_of_a_stream_is_what_a_tree_would_leave(
        events in prop::collection::vec((prop::sample::subsequence(vec![
            "\"id\":\"c\"", "\"model\":\"gpt\"", "\"choices\":[{\"delta\":{}}]", "\"usage\":null", "\"obfuscation\":\"x\"",
        ], 0..=5), any::<bool>(), prop::sample::select(vec!["\n", "\r\n", "\r"])), 0..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let (mut answer, mut left) = (String::new(), Vec::new());
        for (members, is_extra, end) in events {
            let members = if is_extra { "\"choices\":[],\"usage\":{\"prompt_tokens\":1}".to_owned() } else { members.join(", ") };
            answer += &format!("data: {{{members}}}{end}{end}");
            let mut tree: Value = serde_json::from_str(&format!("{{{members}}}")).expect("JSON");
            let event = tree.as_object_mut().expect("an object");
            if event.get("usage").is_some_and(Value::is_null) {
                event.remove("usage");
            }
            if event.contains_key("model") {
                event.insert("model".into(), "a-model".into());
            }
            left.extend((!is_extra).then_some(tree));
        }
        for chunks in splits(answer.as_bytes(), &cuts) {
            let (sent, _) = sent(&amendments(Api::ChatCompletions, Some("a-model"), true), Shape::Events, &chunks);
            let sent = String::from_utf8(sent).expect("text");
            let documents = sent.split(['\r', '\n']).filter_map(|line| line.strip_prefix("data: "));
            let documents: Vec<Value> = documents.map(|document| serde_json::from_str(document).expect("JSON")).collect();
            prop_assert_eq!(documents, left.clone());
        }
    }
}
