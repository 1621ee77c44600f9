//! What the body reader promises as a whole: facts per API, refusals, and agreement with another parser.

use super::facts::{Bounds, Facts};
use super::flag::{Flag, FlagSet};
use super::reader::Wanted;
use super::text::WantedText;
use super::text::keywords::KeywordSearch;
use super::violation::Violation;
use crate::api::Api;
use proptest::prelude::*;
use std::sync::Arc;

fn everything() -> Wanted {
    Wanted {
        flags: Flag::ALL.iter().copied().collect(),
        text: WantedText { length: true, identity: true, excerpt: true },
    }
}

fn facts(api: Api) -> Facts {
    let search = KeywordSearch::new(&["secret".to_owned()]).map(Arc::new);
    Facts::new(api, everything(), search, 128, 1 << 20)
}

fn read(api: Api, body: &[u8]) -> Result<Facts, Violation> {
    let mut facts = facts(api);
    facts.push(body)?;
    facts.finish()?;
    Ok(facts)
}

/// Everything that a decision can look at, as one comparable text.
fn summary(facts: &Facts) -> String {
    format!(
        "model={:?} stream={:?} max={:?} messages={} tokens={} tools={:?} images={:?} audio={:?} structured={:?} reasoning={:?} cached={:?} secret={:?}",
        facts.asked().flatten(),
        facts.flag(Flag::Stream).unwrap_or_default(),
        facts.max_output_tokens().flatten(),
        facts.messages().low,
        facts.input_tokens().low,
        facts.flag(Flag::Tools).unwrap_or_default(),
        facts.flag(Flag::Images).unwrap_or_default(),
        facts.flag(Flag::Audio).unwrap_or_default(),
        facts.flag(Flag::StructuredOutput).unwrap_or_default(),
        facts.flag(Flag::Reasoning).unwrap_or_default(),
        facts.flag(Flag::Cached).unwrap_or_default(),
        facts.keyword(0).unwrap_or_default(),
    )
}

/// Says which facts a body has: the words in `expected` must all be in the summary.
fn check(api: Api, body: &str, expected: &str) {
    let facts = read(api, body.as_bytes()).unwrap_or_else(|violation| panic!("{body}: {violation:?}"));
    let summary = summary(&facts);
    for word in expected.split(' ') {
        assert!(summary.contains(word), "{body}\n  lacks {word}\n  has {summary}");
    }
}

fn refused(body: impl AsRef<[u8]>, expected: Violation) {
    let body = body.as_ref();
    assert_eq!(read(Api::ChatCompletions, body).err(), Some(expected), "{}", String::from_utf8_lossy(body));
}

#[test]
fn chat_completions() {
    let api = Api::ChatCompletions;
    check(
        api,
        r#"{"messages":[{"content":"Hello!","role":"user"}],"model":"gpt-5"}"#,
        r#"model=Some("gpt-5") messages=1 tokens=2 stream=false"#,
    );
    check(
        api,
        r#"{"model":"\u0067pt","stream":true,"max_completion_tokens":7}"#,
        r#"model=Some("gpt") stream=true max=Some(7)"#,
    );
    check(api, r#"{"model":"m","tools":[{"type":"function","function":{"name":"f"}}]}"#, "tools=true");
    check(api, r#"{"model":"m","tools":[],"stream":null,"response_format":null}"#, "tools=false structured=false");
    check(api, r#"{"model":"m","response_format":{"type":"json_schema","json_schema":{}}}"#, "structured=true");
    check(api, r#"{"model":"m","response_format":{"type":"text"}}"#, "structured=false");
    check(api, r#"{"model":"m","reasoning_effort":"high"}"#, "reasoning=true");
    check(api, r#"{"model":"m","reasoning_effort":"none"}"#, "reasoning=false");
    check(api, r#"{"model":"m","modalities":["text","audio"]}"#, "audio=true");
    check(
        api,
        r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a secret"}]}]}"#,
        "secret=true tokens=2",
    );
}

#[test]
fn media_are_seen_however_they_are_spelled() {
    for part in [
        r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}"#,
        r#"{"image_url":{"url":"data:image/png;base64,AAAA"},"type":"image_url"}"#,
        r#"{"Type":"image_url","Image_URL":{"url":"x"}}"#,
        r#"{"image_url":"https://host/image.png"}"#,
        r#"{"type":"tool_result","content":[{"type":"image","source":{"type":"base64","data":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"}}]}"#,
        r#"{"type":"document","source":{"type":"content","content":[{"type":"image","source":{}}]}}"#,
    ] {
        let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":[{part}]}}]}}"#);
        check(Api::ChatCompletions, &body, "images=true audio=false tokens=0");
        check(Api::Messages, &body, "images=true");
    }
    let audio = r#"{"model":"m","messages":[{"content":[{"type":"input_audio","input_audio":{"data":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"}}]}]}"#;
    check(Api::ChatCompletions, audio, "audio=true images=false tokens=0");
    check(
        Api::OllamaChat,
        r#"{"model":"m","messages":[{"role":"user","content":"x","images":["iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"]}]}"#,
        "images=true tokens=1",
    );
    check(
        Api::OllamaGenerate,
        r#"{"model":"m","prompt":"x","images":["iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"]}"#,
        "images=true tokens=1",
    );
    check(
        Api::Responses,
        r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_image","image_url":"x"}]}]}"#,
        "images=true",
    );
    let argument = r#"{"model":"m","messages":[{"content":[{"type":"tool_use","input":{"type":"image"}}]}]}"#;
    check(Api::Messages, argument, "images=false");
}

#[test]
fn media_do_not_hide() {
    let images = "images=true";
    check(Api::OllamaChat, "{\"model\":\"m\",\"messages\":[{\"content\":\"x\",\"image\u{17f}\":[\"AAAA\"]}]}", images);
    check(Api::Embeddings, r#"{"model":"m","messages":[{"content":[{"type":"image_url"}]}]}"#, images);
    check(Api::Embeddings, r#"{"model":"m","input":[{"image":"https://host/x.png"}]}"#, images);
    check(Api::Rerank, r#"{"model":"m","query":"q","documents":[{"image":"x"}]}"#, images);
    check(Api::Rerank, r#"{"model":"m","documents":{"content":[{"type":"image_url","image_url":{}}]}}"#, images);
}

#[test]
fn text_does_not_hide() {
    let document = |data: &str| {
        format!(
            r#"{{"model":"c","messages":[{{"content":[{{"type":"document","source":{{"type":"text","data":"{data}"}}}}]}}]}}"#
        )
    };
    check(Api::Messages, &document("secret"), "secret=true tokens=2");
    check(Api::Messages, &document("secret plans"), "secret=true tokens=3");
    check(Api::Messages, &document(&format!("{} a secret", "A".repeat(300))), "secret=true tokens=3");
    check(Api::Messages, &document(&"QUJD".repeat(400)), "secret=false tokens=0");
    check(
        Api::Messages,
        r#"{"model":"c","messages":[{"content":[{"type":"tool_use","input":{"url":"secret"}}]}]}"#,
        "secret=true",
    );
    check(Api::Responses, r#"{"model":"m","prompt":{"id":"p","variables":{"x":"a secret"}}}"#, "secret=true");
    check(Api::ChatCompletions, r#"{"model":"m","prediction":{"type":"content","content":"a secret"}}"#, "secret=true");
}

#[test]
fn of_contradicting_switches_the_one_that_asks_counts() {
    for reasoning in [
        r#"{"effort":"none","effort":"high"}"#,
        r#"{"Effort":"none","effort":"high"}"#,
        r#"{"enabled":false,"effort":"high"}"#,
        r#"{"enabled":true,"effort":"none"}"#,
        r#"{"summary":"auto"}"#,
    ] {
        check(Api::Responses, &format!(r#"{{"model":"m","reasoning":{reasoning}}}"#), "reasoning=true");
    }
    check(Api::Responses, r#"{"model":"m","reasoning":{"enabled":false}}"#, "reasoning=false");
    check(Api::OllamaChat, r#"{"model":"m","options":{"num_predict":5000,"NUM_PREDICT":1}}"#, "max=Some(5000)");
    check(Api::OllamaChat, r#"{"model":"m","options":{"num_predict":5e3}}"#, "max=Some(18446744073709551615)");
    check(Api::Responses, r#"{"model":"m","instructions":"hi","input":[1,2,3]}"#, "messages=1");
}

#[test]
fn other_apis() {
    check(
        Api::Messages,
        r#"{"model":"c","max_tokens":9,"system":"be","messages":[{"role":"user","content":"hi"}],"thinking":{"type":"enabled"}}"#,
        "max=Some(9) reasoning=true tokens=1 messages=1",
    );
    check(Api::Messages, r#"{"model":"c","thinking":{"type":"disabled"}}"#, "reasoning=false");
    check(
        Api::Responses,
        r#"{"model":"m","input":"hello world","instructions":"x","text":{"format":{"type":"json_schema"}}}"#,
        "structured=true tokens=3 messages=1",
    );
    check(
        Api::Responses,
        r#"{"input":[{"role":"user","content":"hi"}],"reasoning":{"effort":"low"}}"#,
        "model=None messages=1 reasoning=true",
    );
    check(Api::Embeddings, r#"{"model":"e","input":["one","two"]}"#, "messages=2 tokens=2");
    check(Api::Embeddings, r#"{"model":"e","input":[1,2,3]}"#, "messages=1 tokens=3");
    check(Api::Embeddings, r#"{"model":"e","input":[[1,2],[3]]}"#, "messages=2 tokens=3");
    check(Api::Completions, r#"{"model":"m","prompt":["a","b"]}"#, "messages=2");
    check(Api::Rerank, r#"{"model":"m","query":"abcd","documents":["abcd",{"text":"abcd"}]}"#, "tokens=3");
    check(
        Api::OllamaChat,
        r#"{"model":"m","options":{"num_predict":5},"think":true,"format":"json"}"#,
        "stream=true max=Some(5) reasoning=true structured=true",
    );
}

#[test]
fn marks_of_the_prompt_cache_are_seen_where_providers_take_them() {
    let mark = r#""cache_control":{"type":"ephemeral"}"#;
    let cached = |api, members: &str, expected| check(api, &format!(r#"{{"model":"m",{members}}}"#), expected);
    let (yes, no) = ("cached=true", "cached=false");
    for api in [Api::Messages, Api::ChatCompletions] {
        cached(api, mark, yes);
        cached(
            api,
            &format!(r#""messages":[{{"role":"user","content":[{{"type":"text","text":"abcd",{mark}}}]}}]"#),
            "cached=true tokens=1",
        );
        cached(
            api,
            &format!(r#""messages":[{{"content":[{{"type":"tool_result","content":[{{"text":"x",{mark}}}]}}]}}]"#),
            yes,
        );
        cached(api, &format!(r#""messages":[{{"role":"system","content":"x",{mark}}}]"#), yes);
        cached(api, &format!(r#""tools":[{{"name":"f",{mark}}}]"#), yes);
        cached(api, r#""messages":[{"content":[{"text":"x","Cache_Control":{}}]}]"#, yes);
        cached(
            api,
            r#""cache_control":null,"messages":[{"cache_control":null,"content":[{"text":"x","cache_control":null}]}]"#,
            no,
        );
        cached(api, r#""tools":[{"name":"f","cache_control":null}]"#, no);
    }
    cached(Api::Messages, &format!(r#""system":[{{"type":"text","text":"x",{mark}}}]"#), yes);
    cached(Api::ChatCompletions, &format!(r#""tools":[{{"type":"function","function":{{"name":"f",{mark}}}}}]"#), yes);
    // An argument of a tool is what the client's users write, and so is the schema of one.
    cached(Api::Messages, &format!(r#""messages":[{{"content":[{{"type":"tool_use","input":{{{mark}}}}}]}}]"#), no);
    cached(
        Api::ChatCompletions,
        &format!(r#""tools":[{{"function":{{"parameters":{{"properties":{{{mark}}}}}}}}}]"#),
        no,
    );
    for api in [Api::ChatCompletions, Api::Responses] {
        cached(api, r#""prompt_cache_key":"k""#, yes);
        cached(api, r#""prompt_cache_retention":"24h""#, yes);
        cached(api, r#""prompt_cache_options":{"mode":"explicit"}"#, yes);
        cached(api, r#""prompt_cache_key":null,"prompt_cache_retention":null"#, no);
        cached(api, r#""metadata":{"prompt_cache_key":"k"}"#, no);
    }
    let part = r#"[{"role":"user","content":[{"type":"input_text","text":"abcd","prompt_cache_breakpoint":{"mode":"explicit"}}]}]"#;
    cached(Api::Responses, &format!(r#""input":{part}"#), "cached=true tokens=1");
    cached(Api::Messages, r#""prompt_cache_key":"k""#, no);
    refused(
        r#"{"model":"m","prompt_cache_key":null,"prompt_cache_key":"k"}"#,
        Violation::DuplicateKey("prompt_cache_key"),
    );
    refused(r#"{"model":"m","Prompt_Cache_Key":"k"}"#, Violation::KeyCase("prompt_cache_key"));
}

#[test]
fn flags_are_known_as_soon_as_they_can_be() {
    let known = |api, body: &str, flag| {
        let mut facts = facts(api);
        facts.push(body.as_bytes()).expect("a good body so far");
        facts.flag(flag)
    };
    assert_eq!(known(Api::OllamaChat, r#"{"stream":false,"#, Flag::Stream), Some(false));
    assert_eq!(known(Api::OllamaChat, r#"{"stream":null,"#, Flag::Stream), None);
    assert_eq!(known(Api::Messages, r#"{"messages":[{"content":[{"cache_control":{"#, Flag::Cached), Some(true));
    assert_eq!(known(Api::ChatCompletions, r#"{"reasoning_effort":"none","#, Flag::Reasoning), None);
    assert_eq!(known(Api::ChatCompletions, r#"{"reasoning":{"effort":"high","#, Flag::Reasoning), Some(true));
}

#[test]
fn an_excerpt_is_read_from_every_api() {
    let last = |api, body: &str| {
        let facts = read(api, body.as_bytes()).unwrap_or_else(|violation| panic!("{body}: {violation:?}"));
        let excerpt = facts.excerpt().expect("wanted");
        (excerpt.last_user_turn().head().to_owned(), excerpt.conversation().head().to_owned())
    };
    let is = |last: &str, all: &str| (last.to_owned(), all.to_owned());
    let turns = r#"[{"role":"user","content":"one"},{"content":[{"type":"text","text":"two"},{"type":"text","text":"2"}],"role":"user"},{"role":"assistant","content":"three"}]"#;
    let messages = format!(r#"{{"model":"m","system":"be","messages":{turns},"tools":[{{"name":"f"}}]}}"#);
    assert_eq!(last(Api::Messages, &messages), is("two\n2", "be\none\ntwo\n2\nthree"));
    let input = format!(r#"{{"model":"m","input":{turns}}}"#);
    assert_eq!(last(Api::Responses, &input), is("two\n2", "one\ntwo\n2\nthree"));
    assert_eq!(last(Api::Responses, r#"{"model":"m","input":"hi"}"#), is("hi", "hi"));
    assert_eq!(last(Api::Completions, r#"{"model":"m","prompt":["a","b"]}"#), is("b", "a\nb"));
    assert_eq!(last(Api::OllamaGenerate, r#"{"model":"m","prompt":"p","system":"s"}"#), is("p", "p\ns"));
}

#[test]
fn bodies_that_two_parsers_could_read_differently_are_refused() {
    refused(r#"{"model":"a","model":"b"}"#, Violation::DuplicateKey("model"));
    refused(r#"{"model":"a","\u006dodel":"b"}"#, Violation::DuplicateKey("model"));
    refused(r#"{"model":"a","Model":"b"}"#, Violation::KeyCase("model"));
    refused(r#"{"MODEL":"b"}"#, Violation::KeyCase("model"));
    refused("{\"me\u{17f}sages\":[]}", Violation::KeyCase("messages"));
    refused(r#"{"model":"a","stream":true,"stream":false}"#, Violation::DuplicateKey("stream"));
    refused(r#"{"model":"a\u0000b"}"#, Violation::Nul);
    refused(r#"{"model\u0000":"b"}"#, Violation::Nul);
    refused(r#"{"model":["a"]}"#, Violation::WrongType("model"));
    refused(r#"{"model":null}"#, Violation::WrongType("model"));
    refused(r#"{"model":1}"#, Violation::WrongType("model"));
    refused(r#"{"model":""}"#, Violation::ModelName);
    refused(r#"{"model":"a\n"}"#, Violation::ModelName);
    refused(format!(r#"{{"model":"{}"}}"#, "m".repeat(257)), Violation::ModelName);
    refused(r#"{"model":"a","stream":"true"}"#, Violation::WrongType("stream"));
    refused(r#"{"model":"a","max_tokens":"5"}"#, Violation::WrongType("max_tokens"));
    refused(r#"{"model":"a","max_tokens":1.5}"#, Violation::WrongType("max_tokens"));
    refused(r#"{"model":"a","messages":{}}"#, Violation::WrongType("messages"));
    refused(r#"{"model":"a","messages":["hi"]}"#, Violation::WrongType("messages"));
    refused(r#"{"model":"a","messages":[null]}"#, Violation::WrongType("messages"));
    refused(r#"{"model":"a","tools":{}}"#, Violation::WrongType("tools"));
    refused(r#"{"model":"a","models":["b"]}"#, Violation::ModelList("models"));
    refused(r#"{"model":"a","extra_body":{"model":"b"}}"#, Violation::ModelList("extra_body"));
    refused(r#"{"model":"a","Extra_Body":{"model":"b"}}"#, Violation::KeyCase("extra_body"));
    refused(r#"{"model":"a","deployment_id":"b"}"#, Violation::ModelList("deployment_id"));
    refused(r#"{"model":"a","tools":[{"type":"image_generation","model":"b"}]}"#, Violation::ModelList("tools.model"));
    refused("{\"model\":\"a\u{2028}b\"}", Violation::ModelName);
    refused(r#"{"model":"a","messages":[[{"role":"user"}]]}"#, Violation::WrongType("messages"));
    refused(r#"{"model":"a"} "#.to_owned() + r#"{"model":"b"}"#, Violation::TrailingData);
    refused(r#"{"model":"a"}x"#, Violation::TrailingData);
    refused("\u{feff}{\"model\":\"a\"}", Violation::Encoding);
    refused(b"\xff\xfe{\0", Violation::Encoding);
    refused(b"{\"model\":\"a\xff\"}", Violation::Encoding);
    refused(b"{\"model\":\"a\xc3\"}", Violation::Encoding);
    refused(r#"{"model":"\ud800"}"#, Violation::Encoding);
    refused(r#"{"model":"\ud800\u0041"}"#, Violation::Encoding);
    refused(r#"{"model":"\udc00"}"#, Violation::Encoding);
    refused(r#"["model"]"#, Violation::Syntax);
    refused(r#""model""#, Violation::Syntax);
    refused(r#"{"model":"a",}"#, Violation::Syntax);
    refused(r#"{"model":'a'}"#, Violation::Syntax);
    refused(r#"{/**/"model":"a"}"#, Violation::Syntax);
    refused(r#"{"model":"a""#, Violation::Syntax);
    refused("{\"model\":\"a\nb\"}", Violation::Syntax);
    refused("{\"model\":\"a\0b\"}", Violation::Syntax);
    refused(r#"{"model":"\x61"}"#, Violation::Syntax);
    refused(r#"{"model":NaN}"#, Violation::Syntax);
    refused(r#"{"a":01}"#, Violation::Syntax);
    refused(r#"{"a":+1}"#, Violation::Syntax);
    refused(r#"{"a":.5}"#, Violation::Syntax);
    refused(r#"{"a":1.}"#, Violation::Syntax);
    refused("", Violation::NoBody);
    refused("   ", Violation::Syntax);
    refused(format!("{{\"a\":{}", "[".repeat(200)), Violation::TooDeep);
}

#[test]
fn keys_that_do_not_matter_may_be_anything() {
    check(
        Api::ChatCompletions,
        r#"{"x":1,"x":2,"a":{"model":"n","MODEL":[]},"model":"m","seed":-1.5e+10}"#,
        r#"model=Some("m")"#,
    );
    check(
        Api::ChatCompletions,
        r#"{"model":"m","metadata":{"model":"n"},"user":"\ud83d\ude00"}"#,
        r#"model=Some("m")"#,
    );
}

#[test]
fn a_conversation_keeps_its_identity_as_it_goes_on() {
    let identity = |body: &str| read(Api::Messages, body.as_bytes()).ok().and_then(|facts| facts.identity());
    let first = identity(
        r#"{"model":"a","system":"be kind","tools":[{"name":"f"}],"messages":[{"role":"user","content":"hi"}]}"#,
    );
    let second = identity(
        r#"{"tools":[{"name":"f","cache_control":{"type":"ephemeral"}}],"messages":[{"content":[{"text":"hi","type":"text","cache_control":{"type":"ephemeral"}}],"role":"user"},
            {"role":"assistant","content":"hello"},{"role":"user","content":"more"}],"system":[{"type":"text","text":"be kind"}],"model":"b","temperature":1}"#,
    );
    assert_eq!(first, second);
    for other in [
        r#"{"model":"a","system":"be cruel","tools":[{"name":"f"}],"messages":[{"role":"user","content":"hi"}]}"#,
        r#"{"model":"a","system":"be kind","tools":[{"name":"g"}],"messages":[{"role":"user","content":"hi"}]}"#,
        r#"{"model":"a","system":"be kind","tools":[{"name":"f"}],"messages":[{"role":"user","content":"ho"}]}"#,
    ] {
        assert_ne!(first, identity(other));
    }
}

#[test]
fn the_rest_of_the_body_bounds_what_is_not_read_yet() {
    let body = br#"{"model":"m","messages":[{"role":"user","content":"0123456789"}]}"#;
    let mut facts = Facts::new(Api::ChatCompletions, everything(), None, 128, body.len() as u64);
    let (head, tail) = body.split_at(14);
    facts.push(head).expect("a good body");
    assert_eq!(facts.asked(), Some(Some("m")));
    assert_eq!(facts.flag(Flag::Images), None);
    assert_eq!(facts.input_tokens(), Bounds { low: 0, high: (tail.len() as u64 * 2).div_ceil(4) });
    facts.push(tail).and_then(|()| facts.finish()).expect("a good body");
    assert_eq!(facts.input_tokens(), Bounds { low: 3, high: 3 });
    assert_eq!(facts.flag(Flag::Images), Some(false));
}

const APIS: [Api; 5] = [Api::ChatCompletions, Api::Messages, Api::Responses, Api::OllamaChat, Api::OllamaGenerate];

/// Keys that set flags, at the top level or below it.
const KEYS: [&str; 14] = [
    "tools",
    "stream",
    "audio",
    "modalities",
    "response_format",
    "text",
    "format",
    "reasoning",
    "thinking",
    "images",
    "image_url",
    "cache_control",
    "prompt_cache_key",
    "system",
];

/// Values that do.
const WORDS: [&str; 8] = ["user", "image", "audio", "json_schema", "none", "high", "disabled", "aGk="];

/// JSON-like text: mostly valid, with keys that matter, and sometimes damaged.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        prop::sample::select(WORDS.to_vec()).prop_map(|word| format!("\"{word}\"")),
        "-?(0|[1-9][0-9]{0,6})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?",
        "\"([ -!#-\\[\\]-~]|\\\\[nrtbf\"\\\\/]|\\\\u[0-9a-f]{4}|[\u{80}-\u{2000}]|[\u{1f600}-\u{1f64f}]){0,90}\"",
    ];
    let key = prop_oneof![
        3 => Just("\"model\"".to_owned()),
        1 => Just("\"messages\"".to_owned()),
        1 => Just("\"tools\"".to_owned()),
        1 => Just("\"content\"".to_owned()),
        1 => Just("\"type\"".to_owned()),
        2 => prop::sample::select(KEYS.to_vec()).prop_map(|key| format!("\"{key}\"")),
        1 => Just("\"mod\\u0065l\"".to_owned()),
        1 => "\"[a-zA-Z]{0,6}\"",
    ];
    let value = scalar.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(" ,"))),
            prop::collection::vec((key.clone(), inner), 0..5).prop_map(|members| {
                let members: Vec<String> = members.iter().map(|(key, value)| format!("{key}:\n{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    });
    let damage = prop::option::weighted(0.4, (any::<prop::sample::Index>(), any::<u8>(), any::<bool>()));
    let top = prop_oneof![
        3 => "\"(model|messages|input|[a-z]{1,3})\"",
        2 => prop::sample::select(KEYS.to_vec()).prop_map(|key| format!("\"{key}\"")),
    ];
    (prop::collection::vec((top, value), 0..5), damage).prop_map(|(members, damage)| {
        let members: Vec<String> = members.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        let mut body = format!("{{{}}}", members.join(", ")).into_bytes();
        if let Some((at, byte, insert)) = damage {
            let at = at.index(body.len());
            if insert { body.insert(at, byte) } else { body[at] = byte }
        }
        body
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn any_split_gives_the_same_facts(body in bodies(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let told = |facts: &Facts| {
            let excerpt = facts.excerpt().expect("wanted");
            let ends = [excerpt.conversation(), excerpt.last_user_turn()].map(|ends| (ends.head().to_owned(), ends.tail()));
            (summary(facts), facts.identity(), ends)
        };
        let whole = read(Api::ChatCompletions, &body).map(|facts| told(&facts));
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len())).collect();
        cuts.extend([0, body.len()]);
        cuts.sort_unstable();
        for chunks in [cuts.windows(2).map(|pair| &body[pair[0]..pair[1]]).collect::<Vec<_>>(), body.chunks(1).collect()] {
            let mut facts = facts(Api::ChatCompletions);
            let split = chunks.iter().try_for_each(|chunk| facts.push(chunk)).and_then(|()| facts.finish());
            prop_assert_eq!(split.map(|()| told(&facts)), whole.clone());
        }
    }

    #[test]
    fn what_is_accepted_and_refused_agrees_with_serde_json(body in bodies()) {
        let ours = read(Api::ChatCompletions, &body);
        let theirs = serde_json::from_slice::<serde_json::Value>(&body);
        match (&ours, &theirs) {
            (Ok(facts), Ok(value)) => {
                prop_assert_eq!(facts.asked().flatten(), value.get("model").and_then(|model| model.as_str()));
            }
            (Err(Violation::Syntax | Violation::Encoding | Violation::TrailingData), Ok(value)) => {
                prop_assert!(!value.is_object(), "refused what serde_json accepts");
            }
            (Err(_), _) => {}
            (Ok(_), Err(error)) => prop_assert!(error.to_string().contains("number out of range"), "accepted what serde_json refuses: {}", error),
        }
    }

    /// What a policy does not ask for is not looked into; what it asks for must be read as if it asked for everything.
    #[test]
    fn a_fact_is_read_alike_whatever_else_is_wanted(body in bodies(), api in prop::sample::select(APIS.to_vec())) {
        let whole = read(api, &body);
        for flag in Flag::ALL {
            let wanted = Wanted { flags: FlagSet::from_iter([*flag]), ..Wanted::default() };
            let mut facts = Facts::new(api, wanted, None, 128, 1 << 20);
            let alone = facts.push(&body).and_then(|()| facts.finish());
            prop_assert_eq!(alone.map(|()| facts.flag(*flag)), whole.as_ref().map(|facts| facts.flag(*flag)).map_err(|it| *it));
        }
        let text = WantedText { length: true, ..WantedText::default() };
        let mut facts = Facts::new(api, Wanted { text, ..Wanted::default() }, None, 128, 1 << 20);
        if facts.push(&body).and_then(|()| facts.finish()).is_ok() {
            prop_assert_eq!(Some(facts.input_tokens()), whole.as_ref().ok().map(Facts::input_tokens));
            prop_assert_eq!(Some(facts.messages()), whole.ok().as_ref().map(Facts::messages));
        }
    }

    #[test]
    fn bounds_only_tighten(body in bodies()) {
        let mut facts = facts(Api::ChatCompletions);
        let mut last = facts.input_tokens();
        for chunk in body.chunks(7) {
            if facts.push(chunk).is_err() { return Ok(()); }
            let now = facts.input_tokens();
            prop_assert!(now.low >= last.low && now.high <= last.high, "{:?} after {:?}", now, last);
            last = now;
        }
        if facts.finish().is_ok() {
            let end = facts.input_tokens();
            prop_assert!(end.low >= last.low && end.high <= last.high);
        }
    }
}
