//! Answers with members in any order, white space anywhere, and unknown members that look like known ones: read as they pass,
//! in any split, they say what a parser finds that has them whole.

use super::*;
use crate::tests::splits;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// JSON by this seed: members shuffled, white space between them.
fn written(value: &Value, seed: &mut u64, breaks: &str) -> String {
    let mut next = |below: usize| {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (*seed >> 33) as usize % below
    };
    let space = [" ", "", "", breaks][next(4)];
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            (1..members.len()).rev().for_each(|last| members.swap(last, next(last + 1)));
            let members: Vec<_> = members
                .iter()
                .map(|(key, value)| format!("{space}{}{space}:{}", json!(key), written(value, seed, breaks)))
                .collect();
            format!("{{{}{space}}}", members.join(","))
        }
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(|value| written(value, seed, breaks)).collect();
            format!("[{}{space}]", values.join(","))
        }
        plain => format!("{space}{plain}"),
    }
}

/// Whatever a server may add, by names that mean something elsewhere.
fn noise() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z\u{e9}\"\\\\\n]{0,12}".prop_map(Value::from),
    ];
    let names =
        prop::sample::select(vec!["usage", "model", "error", "input_tokens", "finish_reason", "type", "a", "\u{e9}"]);
    leaf.prop_recursive(3, 12, 3, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..3).prop_map(|members| members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<Map<_, _>>()
                .into()),
        ]
    })
}

/// An answer, and the content type under which it comes.
fn answer(
    api: Api,
    streams: bool,
    [a, b, c, d]: [u64; 4],
    words: &[String],
    noise: &Value,
) -> (&'static str, Vec<Value>) {
    let text = words.concat();
    let openai = json!({"prompt_tokens": a + b, "completion_tokens": c + d, "total_tokens": a + b + c + d, "x": noise,
        "prompt_tokens_details": {"cached_tokens": b}, "completion_tokens_details": {"reasoning_tokens": d, "usage": noise}});
    let responses = json!({"input_tokens": a + b, "output_tokens": c + d, "total_tokens": 1, "x": noise,
        "input_tokens_details": {"cached_tokens": b}, "output_tokens_details": {"reasoning_tokens": d}});
    let anthropic = json!({"input_tokens": a, "output_tokens": c, "cache_read_input_tokens": b,
        "cache_creation_input_tokens": d, "server_tool_use": noise});
    let gemini = json!({"promptTokenCount": a + b, "candidatesTokenCount": c, "thoughtsTokenCount": d, "cachedContentTokenCount": b, "x": noise});
    let candidate = |text: &str| json!([{"content": {"parts": [{"text": text, "x": noise}]}, "finishReason": "STOP"}]);
    let each = |one: &dyn Fn(&str) -> Value| words.iter().map(|word| one(word)).collect::<Vec<_>>();
    match (api, streams) {
        (Api::ChatCompletions, false) => (
            JSON,
            vec![json!({"model": "m", "x": noise, "usage": openai,
            "choices": [{"message": {"content": text, "annotations": noise}, "finish_reason": "stop"}]})],
        ),
        (Api::ChatCompletions, true) => {
            let mut documents = each(&|word| {
                json!({"model": "m", "usage": null, "x": noise,
                "choices": [{"delta": {"content": word}, "finish_reason": null}]})
            });
            documents.push(json!({"choices": [{"delta": {}, "finish_reason": "stop"}], "usage": null}));
            documents.push(json!({"choices": [], "usage": openai}));
            (EVENTS, documents)
        }
        (Api::Responses, false) => (
            JSON,
            vec![json!({"model": "m", "usage": responses, "status": "completed", "metadata": noise,
            "output": [{"type": "message", "content": [{"type": "output_text", "text": text, "logprobs": noise}]}]})],
        ),
        (Api::Responses, true) => {
            let mut documents = vec![
                json!({"type": "response.created", "response": {"model": "m", "status": "in_progress", "usage": null}}),
            ];
            documents
                .extend(each(&|word| json!({"type": "response.output_text.delta", "delta": word, "logprobs": noise})));
            documents.push(json!({"type": "response.completed", "response": {"model": "m", "status": "completed", "usage": responses,
                "metadata": noise, "output": [{"type": "message", "content": [{"text": text}]}]}}));
            (EVENTS, documents)
        }
        (Api::Messages, false) => (
            JSON,
            vec![json!({"type": "message", "model": "m", "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn", "usage": anthropic, "container": noise})],
        ),
        (Api::Messages, true) => {
            let first = json!({"input_tokens": a, "cache_read_input_tokens": b, "cache_creation_input_tokens": d, "output_tokens": 1});
            let mut documents =
                vec![json!({"type": "message_start", "message": {"model": "m", "content": [], "usage": first}})];
            documents.extend(each(&|word| json!({"type": "content_block_delta", "delta": {"type": "text_delta", "text": word}, "x": noise})));
            documents.push(
                json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": c}}),
            );
            (EVENTS, documents)
        }
        (Api::Gemini, false) => {
            (JSON, vec![json!({"candidates": candidate(&text), "usageMetadata": gemini, "modelVersion": "m"})])
        }
        (Api::Gemini, true) => {
            (EVENTS, each(&|word| json!({"candidates": candidate(word), "usageMetadata": gemini, "modelVersion": "m"})))
        }
        (_, false) => (
            JSON,
            vec![json!({"model": "m", "message": {"content": text}, "done_reason": "stop", "done": true,
            "prompt_eval_count": a, "eval_count": c, "context": noise})],
        ),
        (_, true) => {
            let mut documents =
                each(&|word| json!({"model": "m", "message": {"content": word, "x": noise}, "done": false}));
            documents.push(json!({"model": "m", "message": {"content": ""}, "done_reason": "stop", "done": true,
                "prompt_eval_count": a, "eval_count": c}));
            (LINES, documents)
        }
    }
}

/// What a parser finds that has the documents whole.
fn found(api: Api, documents: &[Value]) -> Usage {
    let last =
        |pointer: &str| documents.iter().rev().find_map(|document| document.pointer(pointer)?.as_u64()).unwrap_or(0);
    let (plain, of) = (Usage::default(), last);
    match api {
        Api::ChatCompletions => Usage {
            input: of("/usage/prompt_tokens"),
            output: of("/usage/completion_tokens"),
            cached: of("/usage/prompt_tokens_details/cached_tokens"),
            reasoning: of("/usage/completion_tokens_details/reasoning_tokens"),
            ..plain
        },
        Api::Responses => {
            let of = |name: &str| of(&format!("/usage/{name}")).max(of(&format!("/response/usage/{name}")));
            Usage {
                input: of("input_tokens"),
                output: of("output_tokens"),
                cached: of("input_tokens_details/cached_tokens"),
                reasoning: of("output_tokens_details/reasoning_tokens"),
                ..plain
            }
        }
        Api::Messages => {
            let of = |name: &str| {
                documents
                    .iter()
                    .rev()
                    .find_map(|document| {
                        let usage = document.get("usage").or(document.pointer("/message/usage"))?;
                        usage[name].as_u64()
                    })
                    .unwrap_or(0)
            };
            let (cached, cache_write) = (of("cache_read_input_tokens"), of("cache_creation_input_tokens"));
            Usage {
                input: of("input_tokens") + cached + cache_write,
                output: of("output_tokens"),
                cached,
                cache_write,
                ..plain
            }
        }
        Api::Gemini => Usage {
            input: of("/usageMetadata/promptTokenCount"),
            output: of("/usageMetadata/candidatesTokenCount") + of("/usageMetadata/thoughtsTokenCount"),
            cached: of("/usageMetadata/cachedContentTokenCount"),
            reasoning: of("/usageMetadata/thoughtsTokenCount"),
            ..plain
        },
        _ => Usage { input: of("/prompt_eval_count"), output: of("/eval_count"), ..plain },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn what_passes_is_what_a_parser_finds(
        api in prop::sample::select(vec![Api::ChatCompletions, Api::Responses, Api::Messages, Api::Gemini, Api::OllamaChat]),
        streams in any::<bool>(),
        counts in prop::array::uniform4(0_u64..100_000),
        words in prop::collection::vec("[a-z \"\\\\\n\u{e9}\u{6587}]{1,9}", 1..5),
        noise in noise(),
        mut seed in any::<u64>(),
        end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let (content_type, documents) = answer(api, streams, counts, &words, &noise);
        let breaks = if content_type == JSON { "\n" } else { "  " };
        let texts: Vec<String> = documents.iter().map(|document| written(document, &mut seed, breaks)).collect();
        let body: String = match content_type {
            JSON => texts.concat(),
            LINES => texts.iter().map(|text| format!("{text}{end}")).collect(),
            _ => texts.iter().map(|text| format!(": x{end}event: e{end}data:{text} {end}{end}")).collect(),
        };
        let parsed: Vec<Value> = texts.iter().map(|text| serde_json::from_str(text).expect("JSON")).collect();
        let expected = read_pieces(api, content_type, &[body.as_bytes()], true);
        prop_assert_eq!(expected.0.usage, Ok(found(api, &parsed)), "{}", body);
        prop_assert_eq!(expected.0.finish.map(|finish| finish.code()), Some("stop"), "{}", body);
        prop_assert_eq!((expected.0.model.as_deref(), expected.0.error), (Some("m"), None), "{}", body);
        let spelled: usize = words.iter().map(|word| json!(word).to_string().len() - 2).sum();
        prop_assert_eq!(expected.0.text_bytes, spelled as u64, "{}", body);
        prop_assert!(expected.1);
        for pieces in splits(body.as_bytes(), &cuts) {
            prop_assert_eq!(&read_pieces(api, content_type, &pieces, true), &expected, "{}", body);
        }
    }

    /// Whatever bytes they are, and wherever they end.
    #[test]
    fn any_bytes_are_read_alike_in_every_split(
        api in prop::sample::select(Api::ALL.iter().copied().filter(|api| api.is_routable()).collect::<Vec<_>>()),
        content_type in prop::sample::select(vec![JSON, EVENTS, LINES]),
        parts in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\n", "\n\n", "\r\n", "data: ", "\"usage\":", "\"usageMetadata\":", "\"input_tokens\":",
            "\"prompt_tokens\":", "\"choices\":", "\"delta\":", "\"content\":", "\"message\":", "\"error\":", "\"type\":", "\"error\"",
            "\"text\":", "\"model\":", "\"finish_reason\":", "\"stop\"", "\"\\ud800\"", "\"a\u{e9}\"", "12", "-1", "1e30", "1.5", "null", "true",
            "\"response\":", "\"output\":", "\"function_call\"", "\u{1}", "\"",
        ]), 0..40),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        complete in any::<bool>(),
    ) {
        let body = parts.concat();
        let expected = read_pieces(api, content_type, &[body.as_bytes()], complete).0;
        for pieces in splits(body.as_bytes(), &cuts) {
            prop_assert_eq!(&read_pieces(api, content_type, &pieces, complete).0, &expected);
        }
    }
}
