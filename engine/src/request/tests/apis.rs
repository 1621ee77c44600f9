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
        "max=Tokens(9) reasoning=true tokens=2 messages=1",
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

#[test]
fn gemini() {
    for api in [Api::Gemini, Api::Vertex] {
        check(
            api,
            r#"{"contents":[{"role":"user","parts":[{"text":"a secret"}]},{"role":"model","parts":[{"text":"yes"}]}],
                "systemInstruction":{"parts":[{"text":"be kind"}]},"generationConfig":{"maxOutputTokens":9,"temperature":0}}"#,
            "secret=true messages=2 tokens=5 max=Tokens(9) tools=false images=false structured=false held=false",
        );
        check(
            api,
            r#"{"system_instruction":{"parts":{"text":"a secret"}},"contents":{"parts":{"text":"hi"}},
                "generation_config":{"max_output_tokens":9,"response_schema":{"type":"STRING"}}}"#,
            "secret=true messages=1 max=Tokens(9) structured=true",
        );
        let data = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ";
        let part = |part: &str| format!(r#"{{"contents":[{{"role":"user","parts":[{part}]}}]}}"#);
        check(
            api,
            &part(&format!(r#"{{"inlineData":{{"mimeType":"image/png","data":"{data}"}}}}"#)),
            "images=true tokens=0",
        );
        check(
            api,
            &part(&format!(r#"{{"inline_data":{{"data":"{data}","mime_type":"audio/mp3"}}}}"#)),
            "audio=true images=false tokens=0",
        );
        check(api, &part(r#"{"inlineData":{"mimeType":"VIDEO/mp4","data":"AAAA"}}"#), "images=true");
        check(
            api,
            &part(r#"{"fileData":{"mimeType":"video/mp4","fileUri":"https://x/files/1"}}"#),
            "images=true held=true tokens=0",
        );
        check(api, &part(r#"{"functionResponse":{"name":"f","response":{"result":"a secret"}}}"#), "secret=true");
        check(
            api,
            &part(
                r#"{"functionResponse":{"name":"f","response":{"x":"a secret"},"parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}}"#,
            ),
            "images=true secret=true",
        );
        check(
            api,
            r#"{"contents":[],"tools":[{"fileSearch":{"fileSearchStoreNames":["fileSearchStores/x"]}}]}"#,
            "held=true",
        );
        check(api, &part(r#"{"functionResponse":{"name":"f","response":{"mimeType":"image/png"}}}"#), "images=false");
        let config = |config: &str| format!(r#"{{"contents":[],"generationConfig":{{{config}}}}}"#);
        check(api, &config(r#""thinkingConfig":{"thinkingBudget":1024}"#), "reasoning=true");
        check(
            api,
            &config(r#""thinkingConfig":{"thinkingLevel":"low"},"maxOutputTokens":9"#),
            "reasoning=true max=Tokens(9)",
        );
        check(api, &config(r#""thinkingConfig":{"thinkingBudget":0}"#), "reasoning=false");
        check(api, &config(r#""thinkingConfig":{"includeThoughts":false}"#), "reasoning=false");
        check(api, &config(r#""thinkingConfig":{}"#), "reasoning=false");
        check(api, &config(r#""responseMimeType":"application/json""#), "structured=true");
        check(api, &config(r#""responseMimeType":"text/plain""#), "structured=false");
        check(api, &config(r#""responseModalities":["TEXT","AUDIO"]"#), "audio=true");
        check(api, &config(r#""responseModalities":["TEXT"]"#), "audio=false");
        check(api, r#"{"content":{"parts":[{"text":"hello there"}]}}"#, "messages=1 tokens=3");
        check(
            api,
            r#"{"contents":[],"tools":[{"functionDeclarations":[{"name":"f","description":"a secret"}]}]}"#,
            "tools=true secret=true",
        );
        check(
            api,
            r#"{"contents":[],"tools":{"codeExecution":{}},"cachedContent":"cachedContents/x"}"#,
            "tools=true held=true",
        );
    }
}

#[test]
fn bedrock() {
    let api = Api::Bedrock;
    check(
        api,
        r#"{"messages":[{"role":"user","content":[{"text":"a secret"},{"cachePoint":{"type":"default"}}]}],"system":[{"text":"be kind"}],
            "inferenceConfig":{"maxTokens":7},"toolConfig":{"tools":[{"toolSpec":{"name":"f","inputSchema":{"json":{}}}}]}}"#,
        "secret=true messages=1 max=Tokens(7) tools=true cached=true images=false",
    );
    let image = r#"{"messages":[{"role":"user","content":[{"image":{"format":"png","source":{"bytes":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"}}}]}]}"#;
    check(api, image, "images=true tokens=0 tools=false");
    let document = image.replace("\"image\"", "\"document\"");
    check(api, &document, "images=false");
    let result = image.replace(r#"[{"image""#, r#"[{"toolResult":{"toolUseId":"t","content":[{"image""#);
    check(api, &result.replace("}]}]}", "}]}}]}]}"), "images=true tokens=0");
    let fields = |fields: &str| format!(r#"{{"messages":[],"additionalModelRequestFields":{{{fields}}}}}"#);
    check(api, &fields(r#""thinking":{"type":"enabled","budget_tokens":1024}"#), "reasoning=true");
    check(api, &fields(r#""thinking":{"type":"disabled"},"max_tokens":7"#), "reasoning=false max=Tokens(7)");
    check(api, r#"{"outputConfig":{"textFormat":{"type":"json_schema"}}}"#, "structured=true");
    check(api, r#"{"outputConfig":{}}"#, "structured=false");
    check(api, r#"{"message":"x","preamble":"a secret"}"#, "secret=true");
    check(api, r#"{"taskType":"TEXT_IMAGE","textToImageParams":{"text":"a secret"}}"#, "secret=true");
    check(api, r#"{"singleEmbeddingParams":{"text":{"value":"a secret"}}}"#, "secret=true");
    check(api, r#"{"toolConfig":{"tools":[]}}"#, "tools=false");
    check(
        api,
        r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":5,"messages":[{"role":"user","content":"a secret"}]}"#,
        "secret=true max=Tokens(5) messages=1",
    );
    check(
        api,
        r#"{"inputText":"a secret","textGenerationConfig":{"maxTokenCount":5}}"#,
        "secret=true max=Tokens(5) messages=1",
    );
}

#[test]
fn where_the_path_names_the_model_no_body_does() {
    for api in [Api::Gemini, Api::Vertex, Api::Bedrock] {
        assert_eq!(read(api, br#"{"contents":[],"model":"m"}"#).err(), Some(Violation::TwoModels));
        assert_eq!(read(api, br#"{"Model":null}"#).err(), Some(Violation::KeyCase("model")));
        assert_eq!(read(api, br#"{"fallbacks":[]}"#).err(), Some(Violation::ModelList("fallbacks")));
    }
    let nested = Violation::ModelList("generateContentRequest");
    assert_eq!(read(Api::Gemini, br#"{"generateContentRequest":{"model":"m"}}"#).err(), Some(nested));
    assert_eq!(read(Api::Gemini, br#"{"Contents":[]}"#).err(), Some(Violation::KeyCase("contents")));
    assert_eq!(read(Api::Gemini, br#"{"systeminstruction":{}}"#).err(), Some(Violation::KeyCase("systemInstruction")));
}
