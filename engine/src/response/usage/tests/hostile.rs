//! Providers that lie, break off, or do what nobody expects.

use super::*;
use crate::response::usage::{Failure, Finish};

fn chat(usage: &str) -> Result<Usage, Unread> {
    read(Api::ChatCompletions, JSON, &format!(r#"{{"choices":[],"usage":{usage}}}"#)).usage
}

#[test]
fn what_cannot_be_is_unknown_and_never_guessed() {
    for odd in [
        "-1",
        "-0.5",
        "1e30",
        "1.5",
        "4294967297",
        "18446744073709551616",
        r#""12""#,
        r#""NaN""#,
        "true",
        "[5]",
        r#"{"a":5}"#,
        "{}",
    ] {
        let usage = format!(r#"{{"prompt_tokens":{odd},"completion_tokens":1,"total_tokens":1}}"#);
        assert_eq!(chat(&usage), Err(Unread::Implausible), "{odd}");
        let usage = format!(
            r#"{{"prompt_tokens":1,"completion_tokens":1,"completion_tokens_details":{{"reasoning_tokens":{odd}}}}}"#
        );
        assert_eq!(chat(&usage), Err(Unread::Implausible), "{odd} in details");
    }
    for odd in ["5", r#""many""#, "true", "[1]"] {
        assert_eq!(chat(odd), Err(Unread::Implausible), "{odd}");
    }
    // More from a cache than was put in.
    let cached = r#"{"prompt_tokens":5,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":6}}"#;
    assert_eq!(chat(cached), Err(Unread::Implausible));
    // No JSON at all.
    for bare in ["NaN", "Infinity", "+1", "01"] {
        assert_eq!(
            chat(&format!(r#"{{"prompt_tokens":{bare},"completion_tokens":1}}"#)),
            Err(Unread::Unreadable),
            "{bare}"
        );
    }
}

#[test]
fn every_spelling_of_a_whole_number_is_one() {
    assert_eq!(chat(r#"{"prompt_tokens":1.2e1,"completion_tokens":3.0}"#), tokens(12, 3));
    assert_eq!(chat(r#"{"prompt_tokens":4294967296,"completion_tokens":0}"#), tokens(1 << 32, 0));
    assert_eq!(chat(r#"{"prompt_\u0074okens":12,"completion_tokens":3}"#), tokens(12, 3));
}

#[test]
fn a_part_of_the_usage_is_not_all_of_it() {
    assert_eq!(chat("null"), Err(Unread::None));
    assert_eq!(chat("{}"), Err(Unread::None));
    assert_eq!(chat("[]"), Err(Unread::None));
    assert_eq!(chat(r#"{"prompt_tokens":12}"#), Err(Unread::Partial));
    assert_eq!(chat(r#"{"completion_tokens":12,"total_tokens":20}"#), Err(Unread::Partial));
    assert_eq!(chat(r#"{"prompt_tokens":12,"completion_tokens":null,"total_tokens":20}"#), tokens(12, 8));
    // Protobuf and Go leave zeros out.
    let gemini = |usage: &str| read(Api::Gemini, JSON, &format!(r#"{{"usageMetadata":{usage}}}"#)).usage;
    assert_eq!(gemini(r#"{"promptTokenCount":12}"#), tokens(12, 0));
    assert_eq!(
        gemini(r#"{"promptTokenCount":12,"toolUsePromptTokenCount":3,"candidatesTokenCount":4}"#),
        tokens(15, 4)
    );
    assert_eq!(read(Api::OllamaChat, JSON, r#"{"done":true,"eval_count":4}"#).usage, tokens(0, 4));
}

#[test]
fn the_later_word_holds() {
    assert_eq!(
        chat(r#"{"prompt_tokens":1,"prompt_tokens":2,"completion_tokens":-1,"completion_tokens":3}"#),
        tokens(2, 3)
    );
    let twice = "data: {\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":1}}\n\n\
                 data: {\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":9}}\n\ndata: {\"usage\":{}}\n\ndata: [DONE]\n\n";
    assert_eq!(read(Api::ChatCompletions, EVENTS, twice).usage, tokens(5, 9));
    // Anthropic's later word is laid over the first, and only where it says something.
    let laid = "data: {\"message\":{\"usage\":{\"input_tokens\":5,\"output_tokens\":1,\"cache_read_input_tokens\":7}}}\n\n\
                data: {\"usage\":{\"output_tokens\":3},\"delta\":{}}\n\n\
                data: {\"usage\":{\"output_tokens\":9,\"input_tokens\":null},\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n";
    assert_eq!(read(Api::Messages, EVENTS, laid).usage, Ok(Usage { cached: 7, ..tokens(12, 9).expect("tokens") }));
}

#[test]
fn what_is_cut_says_so_and_keeps_what_it_can_stand_for() {
    let start = "data: {\"message\":{\"model\":\"m\",\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}}\n\n";
    for complete in [true, false] {
        let reading = read_pieces(Api::Messages, EVENTS, &[start.as_bytes()], complete).0;
        assert_eq!((reading.usage, reading.so_far), (Err(Unread::Cut), tokens(5, 1).ok()), "{complete}");
    }
    let text =
        format!("{start}data: {{\"delta\":{{\"text\":\"four score\"}}}}\n\ndata: {{\"delta\":{{\"text\":\"and sev");
    let reading = cut(Api::Messages, EVENTS, &text);
    assert_eq!((reading.text_bytes, reading.estimated_output()), (17, 5));
    // What was told last is known, whether or not the farewell came.
    let told = "data: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\ndata: {\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":9}}\n\n";
    assert_eq!(cut(Api::ChatCompletions, EVENTS, told).usage, tokens(5, 9));
    // Servers that tell it in every chunk have not told the last of it.
    let continuous = "data: {\"choices\":[{\"delta\":{}}],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":1}}\n\n";
    assert_eq!(cut(Api::ChatCompletions, EVENTS, continuous).usage, Err(Unread::Cut));
    assert_eq!(read(Api::ChatCompletions, EVENTS, continuous).usage, tokens(5, 1));
    let whole = r#"{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":1}"#;
    assert_eq!(cut(Api::ChatCompletions, JSON, whole).usage, Err(Unread::Cut));
    assert_eq!(read(Api::ChatCompletions, JSON, whole).usage, Err(Unread::Unreadable));
    assert_eq!(cut(Api::ChatCompletions, JSON, &format!("{whole}}}")).usage, tokens(5, 1));
    assert_eq!(
        [read(Api::Messages, EVENTS, "").usage, cut(Api::Messages, EVENTS, "").usage],
        [Err(Unread::None), Err(Unread::Cut)]
    );
}

#[test]
fn what_is_not_read_says_why() {
    let of = |api, content_type: &str, encoding: &str| {
        UsageReader::of(api, content_type.as_bytes(), encoding.as_bytes()).map(|_| ()).map_err(Unread::code)
    };
    assert_eq!(of(Api::Messages, JSON, "gzip"), Err("encoded"));
    assert_eq!(of(Api::Messages, JSON, " Identity"), Ok(()));
    assert_eq!(of(Api::Bedrock, "application/vnd.amazon.eventstream", ""), Err("contentType"));
    assert_eq!(of(Api::Speech, "audio/mpeg", ""), Err("contentType"));
    assert_eq!(of(Api::Batches, JSON, ""), Err("api"));
    for api in Api::ALL {
        let expected = if api.is_routable() { Ok(()) } else { Err("api") };
        assert_eq!([of(*api, JSON, ""), of(*api, EVENTS, ""), of(*api, LINES, "")], [expected; 3], "{api}");
    }
    // A content type that lies.
    let whole = r#"{"usage":{"prompt_tokens":5,"completion_tokens":1}}"#;
    assert_eq!(read(Api::ChatCompletions, EVENTS, whole).usage, Err(Unread::None));
    assert_eq!(read(Api::ChatCompletions, JSON, &format!("data: {whole}\n\n")).usage, Err(Unread::Unreadable));
    assert_eq!(read(Api::ChatCompletions, JSON, "<html>").usage, Err(Unread::Unreadable));
}

#[test]
fn errors_are_seen_whatever_the_status() {
    let error = |api, content_type, answer: &str| {
        let reading = read(api, content_type, answer);
        assert_eq!(reading.finish == Some(Finish::Error), reading.error.is_some(), "{answer}");
        reading.error
    };
    let overloaded = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    assert_eq!(error(Api::Messages, JSON, overloaded), Some(Failure::Overloaded));
    assert_eq!(
        error(Api::Messages, EVENTS, &format!("event: error\ndata: {overloaded}\n\n")),
        Some(Failure::Overloaded)
    );
    let server =
        "data: {\"error\":{\"message\":\"The server had an error\",\"type\":\"server_error\",\"code\":null}}\n\n";
    assert_eq!(error(Api::ChatCompletions, EVENTS, server), Some(Failure::Server));
    assert_eq!(error(Api::ChatCompletions, JSON, r#"{"error":{"code":429}}"#), Some(Failure::RateLimited));
    assert_eq!(error(Api::ChatCompletions, JSON, r#"{"error":"no"}"#), Some(Failure::Other));
    for none in ["null", "false"] {
        assert_eq!(error(Api::ChatCompletions, JSON, &format!(r#"{{"error":{none}}}"#)), None);
    }
    let failed = "data: {\"response\":{\"status\":\"failed\",\"error\":{\"code\":\"rate_limit_exceeded\"}},\"type\":\"response.failed\"}\n\n";
    assert_eq!(error(Api::Responses, EVENTS, failed), Some(Failure::RateLimited));
    let event = "data: {\"code\":\"server_error\",\"message\":\"no\",\"type\":\"error\"}\n\n";
    assert_eq!(error(Api::Responses, EVENTS, event), Some(Failure::Server));
    let code = "data: {\"code\":\"print()\",\"type\":\"response.code_interpreter_call_code.done\"}\n\n";
    assert_eq!(error(Api::Responses, EVENTS, code), None);
    let gemini = r#"{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}"#;
    assert_eq!(error(Api::Gemini, JSON, gemini), Some(Failure::Overloaded));
    assert_eq!(error(Api::OllamaChat, LINES, "{\"error\":\"model runner has stopped\"}\n"), Some(Failure::Other));
    // It is spoken of, and not made.
    assert_eq!(error(Api::Messages, JSON, r#"{"content":[{"type":"tool_use","input":{"error":{"type":"x"}}}]}"#), None);
}

#[test]
fn the_first_token_is_what_is_generated() {
    let passed = |api, content_type: &str, answer: &str| read_pieces(api, content_type, &[answer.as_bytes()], true).1;
    for announced in [
        r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
        r#"{"choices":[{"delta":{"content":null}}]}"#,
        r#"{"choices":[],"prompt_filter_results":[{"content":"x"}]}"#,
    ] {
        assert!(!passed(Api::ChatCompletions, EVENTS, &format!("data: {announced}\n\n")), "{announced}");
    }
    for generated in [
        r#"{"choices":[{"delta":{"content":"a"}}]}"#,
        r#"{"choices":[{"delta":{"reasoning_content":"a"}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"function":{"name":"f","arguments":""}}]}}]}"#,
        r#"{"choices":[{"delta":{"content":"a"#,
    ] {
        assert!(passed(Api::ChatCompletions, EVENTS, &format!("data: {generated}")), "{generated}");
    }
    for announced in [
        r#"{"type":"message_start","message":{"model":"m","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}"#,
        r#"{"type":"content_block_start","content_block":{"type":"text","text":""}}"#,
        r#"{"type": "ping"}"#,
        r#"{"type":"content_block_delta","delta":{"type":"signature_delta","signature":"abc"}}"#,
    ] {
        assert!(!passed(Api::Messages, EVENTS, &format!("data: {announced}\n\n")), "{announced}");
    }
    assert!(passed(Api::Messages, EVENTS, r#"data: {"delta":{"partial_json":"{"}}"#));
    assert!(passed(
        Api::Gemini,
        EVENTS,
        r#"data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}]}}]}"#
    ));
    assert!(!passed(Api::OllamaChat, LINES, "{\"message\":{\"content\":\"\"},\"done\":false}\n"));
    assert!(passed(Api::OllamaGenerate, LINES, "{\"response\":\"a\",\"done\":false}\n"));
}

#[test]
fn what_is_too_long_or_too_deep_is_passed_over() {
    let long = "m".repeat(300);
    let usage = r#""usage":{"prompt_tokens":5,"completion_tokens":1}"#;
    let model = |name: &str| read(Api::ChatCompletions, JSON, &format!(r#"{{"model":"{name}",{usage}}}"#));
    assert_eq!((model(&long).model, model(&long).usage), (None, tokens(5, 1)));
    assert_eq!(model(&long[..256]).model.as_deref(), Some(&long[..256]));
    assert_eq!(model("").model, None);
    let deep = |depth: usize| {
        let answer = format!(r#"{{"choices":{}{},{usage}}}"#, "[".repeat(depth), "]".repeat(depth));
        read(Api::ChatCompletions, JSON, &answer).usage
    };
    assert_eq!([deep(5), deep(100), deep(500)], [tokens(5, 1); 3]);
    assert_eq!(deep(600), Err(Unread::Unreadable));
    let finish = |word: &str| {
        read(Api::ChatCompletions, JSON, &format!(r#"{{"choices":[{{"finish_reason":"{word}"}}]}}"#)).finish
    };
    assert_eq!(finish(&long), Some(Finish::Other));
    assert_eq!(finish("whatever"), Some(Finish::Other));
    assert_eq!([finish(""), finish("FINISH_REASON_UNSPECIFIED")], [None; 2]);
}

/// Lines of a megabyte and lines of a byte cost no memory: the reader keeps its size, and only the model's name is on the heap.
#[test]
fn a_line_without_end_is_read_in_constant_space() {
    let mut reader = UsageReader::of(Api::ChatCompletions, EVENTS.as_bytes(), b"").expect("a reader");
    assert!(size_of::<UsageReader>() < 2048, "{}", size_of::<UsageReader>());
    reader.push(b"data: {\"choices\":[{\"delta\":{\"content\":\"");
    let megabyte = "four score and seven years ago \\u00e9\\n".repeat(28_000);
    (0..64).for_each(|_| reader.push(megabyte.as_bytes()));
    assert!(reader.has_first_token() && !reader.is_over());
    reader.push(b"\"}}],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\n");
    (0..10_000).for_each(|_| reader.push(b"data:x\n\ndata:\n:\n\r\r"));
    let reading = reader.finish(true);
    assert_eq!((reading.usage, reading.text_bytes), (tokens(1, 2), 64 * megabyte.len() as u64));
}

#[test]
fn a_whole_answer_is_over_with_its_last_brace() {
    let mut reader = UsageReader::of(Api::Embeddings, JSON.as_bytes(), b"").expect("a reader");
    reader.push(br#"{"usage":{"prompt_tokens":5,"total_tokens":5},"data":[{"embedding":[0.1,2]}]"#);
    assert!(!reader.is_over());
    reader.push(b"}\n");
    assert!(reader.is_over());
    assert_eq!(reader.finish(false).usage, tokens(5, 0));
}

#[test]
fn rankings_and_sound_tell_what_they_tell() {
    assert_eq!(read(Api::Rerank, JSON, r#"{"usage":{"total_tokens":9}}"#).usage, tokens(9, 0));
    assert_eq!(read(Api::Rerank, JSON, r#"{"meta":{"billed_units":{"search_units":1}}}"#).usage, Err(Unread::None));
    assert_eq!(
        read(Api::Rerank, JSON, r#"{"meta":{"tokens":{"input_tokens":9,"output_tokens":0}}}"#).usage,
        tokens(9, 0)
    );
    let heard = r#"{"text":"a","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"audio_tokens":14},"output_tokens":4}}"#;
    assert_eq!(
        read(Api::Transcriptions, JSON, heard).usage,
        Ok(Usage { audio_input: 14, ..tokens(14, 4).expect("tokens") })
    );
    let gemini = r#"{"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":4,
        "promptTokensDetails":[{"modality":"TEXT","tokenCount":2},{"tokenCount":7,"modality":"AUDIO"}]}}"#;
    assert_eq!(read(Api::Gemini, JSON, gemini).usage, Ok(Usage { audio_input: 7, ..tokens(9, 4).expect("tokens") }));
}

/// What becomes a label is one of these, and no two are the same.
#[test]
fn codes_are_few_and_differ() {
    let unlike = |codes: Vec<&str>| {
        let all: std::collections::BTreeSet<_> = codes.iter().collect();
        assert_eq!(all.len(), codes.len(), "{codes:?}");
    };
    unlike(Unread::ALL.iter().map(|code| code.code()).collect());
    unlike(Finish::ALL.iter().map(|code| code.code()).collect());
    unlike(Failure::ALL.iter().map(|code| code.code()).collect());
    let written = serde_json::to_string(&Usage { cached: 1, ..tokens(3, 2).expect("tokens") }).expect("JSON");
    assert_eq!(written, r#"{"input":3,"output":2,"cached":1}"#);
}
