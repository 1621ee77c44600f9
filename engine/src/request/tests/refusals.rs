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
    refused(r#"{"model":"a","model ":"b"}"#, Violation::KeyCase("model"));
    refused(r#"{"\u00a0model":"b","model":"a"}"#, Violation::KeyCase("model"));
    refused(format!(r#"{{"model":"a","{}model":"b"}}"#, " ".repeat(300)), Violation::KeyCase("model"));
    refused(r#"{"model":"a","model\n":"b"}"#, Violation::KeyCase("model"));
    refused(r#"{"model":"a","mo\u200bdel":"b"}"#, Violation::KeyCase("model"));
    refused("{\"model\":\"a\",\"\u{ff4d}\u{ff4f}\u{ff44}\u{ff45}\u{ff4c}\":\"b\"}", Violation::KeyCase("model"));
    refused(r#"{"model":"a","\ud835\udc26odel":"b"}"#, Violation::KeyCase("model"));
    refused("{\"model\":\"a\",\"to\u{212a}\u{3000}\":1,\"fallbac\u{212a}s\":[]}", Violation::KeyCase("fallbacks"));
    refused(r#"{"model":"a","tools":[{"type":"x"," Model":"b"}]}"#, Violation::ModelList("tools.model"));
    for key in ["providerOptions", "fallback_models", "litellm_params", "model_name", "aws_bedrock_runtime_endpoint"] {
        refused(format!(r#"{{"model":"a","{key}":{{"model":"b"}}}}"#), Violation::ModelList(key));
    }
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
