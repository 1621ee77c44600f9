//! The facts of each API.

use super::*;

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
        r#"model=Some("gpt") stream=true max=Tokens(7)"#,
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
fn other_apis() {
    check(
        Api::Messages,
        r#"{"model":"c","max_tokens":9,"system":"be","messages":[{"role":"user","content":"hi"}],"thinking":{"type":"enabled"}}"#,
        "max=Tokens(9) reasoning=true tokens=1 messages=1",
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
        "stream=true max=Tokens(5) reasoning=true structured=true",
    );
}
