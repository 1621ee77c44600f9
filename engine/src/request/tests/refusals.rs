//! Bodies that two parsers could read differently, and those that no two could.

use super::*;

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
    refused(r#"{"model":true}"#, Violation::WrongType("model"));
    refused(r#"{"model":null,"model":"a"}"#, Violation::DuplicateKey("model"));
    refused(r#"{"model":1}"#, Violation::WrongType("model"));
    refused(r#"{"model":"a\n"}"#, Violation::ModelName);
    refused(format!(r#"{{"model":"{}"}}"#, "m".repeat(257)), Violation::ModelName);
    refused(r#"{"model":"a","models":["b"]}"#, Violation::ModelList("models"));
    refused(r#"{"model":"a","extra_body":{"model":"b"}}"#, Violation::ModelList("extra_body"));
    refused(r#"{"model":"a","Extra_Body":{"model":"b"}}"#, Violation::KeyCase("extra_body"));
    refused(r#"{"model":"a","model ":"b"}"#, Violation::KeyCase("model"));
    refused(r#"{"\u00a0model":"b","model":"a"}"#, Violation::KeyCase("model"));
    refused(format!(r#"{{"model":"a","{}model":"b"}}"#, " ".repeat(300)), Violation::KeyCase("model"));
    refused(r#"{"model":"a","model\n":"b"}"#, Violation::KeyCase("model"));
    refused(r#"{"model":"a","mo\u200bdel":"b"}"#, Violation::KeyCase("model"));
    refused("{\"model\":\"a\",\"\u{ff4d}\u{ff4f}\u{ff44}\u{ff45}\u{ff4c}\":\"b\"}", Violation::KeyCase("model"));
    refused(r#"{"model":"a","\ud835\udc26odel":"b"}"#, Violation::KeyCase("model"));
    refused("{\"model\":\"a\",\"to\u{212a}\u{3000}\":1,\"fallbac\u{212a}s\":[]}", Violation::KeyCase("fallbacks"));
    refused(r#"{"model":"a","tools":[{"type":"x"," Model":"b"}]}"#, Violation::ModelList("tools[].model"));
    for key in ["providerOptions", "fallback_models", "litellm_params", "model_name", "aws_bedrock_runtime_endpoint"] {
        refused(format!(r#"{{"model":"a","{key}":{{"model":"b"}}}}"#), Violation::ModelList(key));
    }
    refused(r#"{"model":"a","deployment_id":"b"}"#, Violation::ModelList("deployment_id"));
    refused(
        r#"{"model":"a","tools":[{"type":"image_generation","model":"b"}]}"#,
        Violation::ModelList("tools[].model"),
    );
    refused("{\"model\":\"a\u{2028}b\"}", Violation::ModelName);
    for items in ["messages", "input"] {
        for item in [
            r#"{"type":"additional_tools","role":"developer","tools":[{"type":"x","model":"b"}]}"#,
            r#"{"Tools":[{"model":"b"}],"type":"tool_search_output","call_id":"1"}"#,
            r#"{"tools":[{"type":"namespace","tools":[{"type":"namespace","tools":[{"model":"b"}]}]}]}"#,
            r#"{"tools":{"model":"b"}}"#,
        ] {
            refused(format!(r#"{{"model":"a","{items}":[{item}]}}"#), Violation::ModelList("tools[].model"));
            refused(format!(r#"{{"model":"a","{items}":{item}}}"#), Violation::ModelList("tools[].model"));
        }
    }
    refused(r#"{"model":"a","tools":[{"tools":[{"model":"b"}]}]}"#, Violation::ModelList("tools[].model"));
    refused(r#"{"model":"a","tools":{"model":"b"}}"#, Violation::ModelList("tools[].model"));
    refused(r#"{"model":"a","tools":{"x":{"Model":"b"}}}"#, Violation::ModelList("tools[].model"));
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
fn types_that_nobody_needs_refuse_nobody() {
    let api = Api::ChatCompletions;
    for (limit, expected) in [
        ("-1", "max=Tokens(18446744073709551615)"),
        ("4096.0", "max=Tokens(4096)"),
        ("1e4", "max=Tokens(10000)"),
        (r#""4096""#, "max=Tokens(4096)"),
        (r#""-1""#, "max=Tokens(18446744073709551615)"),
        ("null", "max=Open"),
        ("4096.5", "max=Unreadable"),
        (r#""many""#, "max=Unreadable"),
        ("{}", "max=Unreadable"),
        ("true", "max=Unreadable"),
    ] {
        check(api, &format!(r#"{{"model":"m","max_tokens":{limit}}}"#), expected);
        check(Api::OllamaChat, &format!(r#"{{"model":"m","options":{{"num_predict":{limit}}}}}"#), expected);
    }
    check(api, r#"{"model":"m","max_tokens":5,"max_completion_tokens":"no"}"#, "max=Unreadable");
    for (stream, expected) in [("1", true), ("0", false), (r#""True""#, true), (r#""false""#, false), ("1.0", true)] {
        check(api, &format!(r#"{{"model":"m","stream":{stream}}}"#), &format!("stream={expected}"));
    }
    for stream in ["2", "{}", "[]", r#""maybe""#, "-1"] {
        let facts = read(api, format!(r#"{{"model":"m","stream":{stream}}}"#).as_bytes()).expect("a good body");
        assert!(facts.is_unreadable(Flag::Stream), "{stream}");
    }
    for empty in ["{}", "null", "[]", "false", "0"] {
        check(
            api,
            &format!(r#"{{"model":"m","tools":{empty},"messages":{empty},"reasoning":null,"modalities":{empty}}}"#),
            "tools=false images=false audio=false tokens=0",
        );
        check(
            Api::Messages,
            &format!(r#"{{"model":"m","system":{empty},"thinking":null,"tools":{empty}}}"#),
            "tools=false",
        );
    }
}

#[test]
fn nothing_hides_behind_a_type() {
    let api = Api::ChatCompletions;
    check(api, r#"{"model":"m","messages":"a secret"}"#, "secret=true tokens=2 messages=1");
    check(api, r#"{"model":"m","messages":["a secret",null]}"#, "secret=true messages=1");
    let image = r#"{"role":"user","content":[{"type":"image_url","image_url":{}},{"type":"text","text":"a secret"}]}"#;
    for messages in [image.to_owned(), format!("[[{image}]]"), format!("[[[{image}],1],2]")] {
        check(api, &format!(r#"{{"model":"m","messages":{messages}}}"#), "images=true secret=true messages=1");
        check(Api::Responses, &format!(r#"{{"model":"m","input":{image}}}"#), "images=true secret=true messages=1");
    }
    check(api, r#"{"model":"m","tools":{"a":{"name":"f"}}}"#, "tools=true");
    check(api, r#"{"model":"m","tools":"[{}]"}"#, "tools=true");
    check(Api::OllamaGenerate, r#"{"model":"m","images":"aGk="}"#, "images=true tokens=0");
    check(api, r#"{"model":"m","modalities":"audio"}"#, "audio=true");
}

#[test]
fn a_blank_model_is_a_missing_one() {
    for blank in ["null", r#""""#, r#""  ""#, r#""\t\n\u00a0""#] {
        let facts = read(Api::ChatCompletions, format!(r#"{{"model": {blank}}}"#).as_bytes()).expect("a good body");
        assert_eq!(facts.asked(), Some(None), "{blank}");
        let value = facts.model_value().expect("a place for one");
        assert_eq!((value.start, value.end), (10, 10 + blank.len() as u64), "{blank}");
    }
}

#[test]
fn half_a_character_may_pass_where_no_server_looks_for_a_name() {
    let lenient = |body: &str| {
        let wanted = Wanted { lone_surrogates: true, ..everything() };
        let mut facts = Facts::new(Api::ChatCompletions, wanted, Sought::default(), 128, 1 << 20);
        facts.push(body.as_bytes()).and_then(|()| facts.finish()).map(|()| facts.input_tokens().low)
    };
    let cut = r#"{"model":"m","messages":[{"role":"user","content":"Hello \ud83d"}],"user":"\ud83d\\"}"#;
    refused(cut, Violation::Encoding);
    assert_eq!(lenient(cut), Ok(3));
    for wrong in [
        r#"{"model":"m\ud83d"}"#,
        r#"{"mod\ud83del":"m"}"#,
        r#"{"model":"m","x\udc00":1}"#,
        r#"{"model":"m","messages":[{"\ud83drole":"user"}]}"#,
        "{\"model\":\"m\",\"user\":\"\u{1}\"}",
    ] {
        assert!(lenient(wrong).is_err(), "{wrong}");
    }
}
