//! Yes-or-no facts, however they are spelled.

use super::*;

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
    check(Api::OllamaChat, r#"{"model":"m","options":{"num_predict":5000,"NUM_PREDICT":1}}"#, "max=Tokens(5000)");
    check(Api::OllamaChat, r#"{"model":"m","options":{"num_predict":5e3}}"#, "max=Tokens(5000)");
    check(Api::Responses, r#"{"model":"m","instructions":"hi","input":[1,2,3]}"#, "messages=1");
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
    // Servers that speak several APIs read it there, too.
    cached(Api::Messages, r#""prompt_cache_key":"k""#, yes);
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
fn facts_are_seen_in_the_spellings_of_all_servers() {
    let says = |fact: &str, members: &[(&str, bool)]| {
        for (member, expected) in members {
            let body = format!(r#"{{"model":"m",{member}}}"#);
            for api in [Api::ChatCompletions, Api::Completions, Api::Responses, Api::Messages, Api::OllamaChat] {
                check(api, &body, &format!("{fact}={expected}"));
            }
        }
    };
    says(
        "reasoning",
        &[
            (r#""reasoning_effort":"low""#, true),
            (r#""reasoning_effort":"none""#, false),
            (r#""reasoning":{"max_tokens":2000}"#, true),
            (r#""reasoning":[]"#, false),
            (r#""reasoning":{}"#, false),
            (r#""reasoning":{"effort":null,"summary":null}"#, false),
            (r#""reasoning":{"effort":null,"summary":"auto"}"#, true),
            (r#""thinking":{}"#, false),
            (r#""reasoning_effort":"None""#, false),
            (r#""google":{"thinking_config":{"thinking_budget":800}}"#, true),
            (r#""google":{"thinking_config":{"thinking_budget":0}}"#, false),
            (r#""google":{"thinking_config":{}}"#, false),
            (r#""chat_template_kwargs":{"enable_thinking":"true"}"#, true),
            (r#""chat_template_kwargs":{"enable_thinking":"False"}"#, false),
            (r#""include_reasoning":true"#, true),
            (r#""thinking":{"type":"adaptive"}"#, true),
            (r#""thinking":{"type":"disabled"}"#, false),
            (r#""think":"high""#, true),
            (r#""think":false"#, false),
            (r#""enable_thinking":true"#, true),
            (r#""enable_thinking":false"#, false),
            (r#""thinking_budget":1024"#, true),
            (r#""thinking_budget":0"#, false),
            (r#""thinking_token_budget":-1"#, true),
            (r#""prompt_mode":"reasoning""#, true),
            (r#""prompt_mode":null"#, false),
            (r#""chat_template_kwargs":{"enable_thinking":true}"#, true),
            (r#""chat_template_kwargs":{"thinking":true,"x":1}"#, true),
            (r#""chat_template_kwargs":{"enable_thinking":false}"#, false),
            (r#""chat_template_kwargs":{"reasoning_effort":"high"}"#, true),
            (r#""chat_template_kwargs":{"thinking_budget":512}"#, true),
            (r#""chat_template_kwargs":{"add_vision_id":true}"#, false),
            (r#""chat_template_kwargs":{}"#, false),
        ],
    );
    says(
        "structured",
        &[
            (r#""response_format":{"type":"json_object"}"#, true),
            (r#""response_format":{"type":"structural_tag","structures":[]}"#, true),
            (r#""response_format":{"type":"text"}"#, false),
            (r#""output_config":{"format":{"type":"json_schema"}}"#, true),
            (r#""output_config":{"effort":"low"}"#, false),
            (r#""response_format":"json_object""#, true),
            (r#""response_format":"text""#, false),
            (r#""response_format":{"json_schema":{"type":"x"}}"#, false),
            (r#""text":{"format":{"type":"json_object"}}"#, true),
            (r#""text":{"verbosity":"low"}"#, false),
            (r#""text":"json_object""#, false),
            (r#""structured_outputs":{}"#, false),
            (r#""structured_outputs":{"choice":null}"#, false),
            (r#""json_schema":{}"#, false),
            (r#""format":{"properties":{}}"#, true),
            (r#""structured_outputs":{"choice":["a"]}"#, true),
            (r#""guided_json":"{}""#, true),
            (r#""guided_regex":"\\d+""#, true),
            (r#""guided_choice":["yes","no"]"#, true),
            (r#""guided_choice":[]"#, false),
            (r#""guided_grammar":"root ::= [0-9]+ and more than thirty-two bytes of it""#, true),
            (r#""json_schema":{"type":"object"}"#, true),
            (r#""regex":"(a|b)""#, true),
            (r#""ebnf":"root ::= x""#, true),
            (r#""grammar":{"type":"json","value":{}}"#, true),
            (r#""grammar":"""#, false),
            (r#""format":"json""#, true),
            (r#""format":"""#, false),
        ],
    );
    says(
        "tools",
        &[
            (r#""functions":[{"name":"f"}]"#, true),
            (r#""mcp_servers":[{"url":"x"}]"#, true),
            (r#""plugins":[{"id":"web"}]"#, true),
            (r#""web_search_options":{}"#, true),
            (r#""enable_search":true"#, true),
            (r#""enable_search":false"#, false),
            (r#""enable_search":"true""#, true),
            (r#""enable_search":"false""#, false),
            (r#""search_parameters":{"mode":"auto"}"#, true),
            (r#""search_parameters":{"mode":"off"}"#, false),
        ],
    );
    for limit in ["max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens", "n_predict"] {
        check(Api::Messages, &format!(r#"{{"model":"m","{limit}":7}}"#), "max=Tokens(7)");
    }
    for part in [
        r#"{"type":"image_file","image_file":{"file_id":"f"}}"#,
        r#"{"type":"image","source":{"type":"file","file_id":"f"}}"#,
        r#"{"type":"input_image","file_id":"f"}"#,
        r#"{"type":"image_url","image_url":"https://host/a.png"}"#,
        r#"{"video":["https://host/1.png"]}"#,
    ] {
        for key in ["messages", "input"] {
            let body = format!(r#"{{"model":"m","{key}":[{{"role":"user","content":[{part}]}}]}}"#);
            check(Api::ChatCompletions, &body, "images=true");
            check(Api::Responses, &body, "images=true");
        }
    }
}

#[test]
fn media_are_seen_deep_inside_and_by_what_they_say_of_themselves() {
    let part = |part: &str| format!(r#"{{"model":"m","messages":[{{"role":"user","content":[{part}]}}]}}"#);
    let file = |data: &str| part(&format!(r#"{{"type":"file","file":{{"filename":"a","file_data":"{data}"}}}}"#));
    for (data, expected) in [
        ("data:image/png;base64,iVBORw0KGgo=", "images=true audio=false"),
        ("DATA:Image/PNG;base64,iVBORw0KGgo=", "images=true audio=false"),
        ("data:audio/wav;base64,AAAA", "images=false audio=true"),
        ("data:application/pdf;base64,AAAA", "images=false audio=false"),
        ("image/png", "images=false"),
        ("data:image", "images=false"),
    ] {
        check(Api::ChatCompletions, &file(data), expected);
    }
    check(Api::ChatCompletions, &file("a secret"), "secret=true images=false");
    check(Api::ChatCompletions, &part(r#"{"type":"audio_embeds","audio_embeds":"AAAA"}"#), "audio=true");
    check(
        Api::Messages,
        &part(r#"{"type":"document","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}"#),
        "images=true",
    );
    let template = |x: &str| format!(r#"{{"model":"m","prompt":{{"id":"p","variables":{{"x":{x}}}}}}}"#);
    check(Api::Responses, &template(r#"{"type":"input_image","image_url":"https://a"}"#), "images=true");
    check(Api::Responses, &template(r#"{"type":"input_text","text":"a secret"}"#), "images=false secret=true");
    let prompt = r#"{"prompt_string":"a secret","multimodal_data":["iVBORw0KGgo="]}"#;
    for body in [format!(r#"{{"model":"m","prompt":{prompt}}}"#), format!(r#"{{"model":"m","prompt":["x",{prompt}]}}"#)]
    {
        check(Api::Completions, &body, "images=true secret=true");
        check(Api::Completions, &body.replace(r#""iVBORw0KGgo=""#, ""), "images=false");
    }
}

#[test]
fn an_id_alone_refers_to_an_item() {
    let held = |item: &str, expected: &str| {
        check(
            Api::Responses,
            &format!(r#"{{"model":"m","input":[{item},{{"role":"user","content":"x"}}]}}"#),
            expected,
        );
    };
    held(r#"{"id":"msg_1"}"#, "held=true");
    held(r#"{"type":null,"id":"msg_1"}"#, "held=true");
    held(r#"{"id":"msg_1","content":"x","role":"assistant"}"#, "held=false");
    held(r#"{"id":"rs_1","type":"reasoning"}"#, "held=false");
    held(r#"{"id":null}"#, "held=false");
    check(Api::ChatCompletions, r#"{"model":"m","messages":[{"role":"assistant","id":"a"}]}"#, "held=false");
}

#[test]
fn tools_are_seen_wherever_they_are_brought() {
    for item in [
        r#"{"type":"additional_tools","role":"developer","tools":[{"type":"function","name":"a secret"}]}"#,
        r#"{"type":"tool_search_output","call_id":"1","tools":[{"type":"function","name":"a secret"}]}"#,
        r#"{"Tools":[{"type":"namespace","name":"n","tools":[{"name":"f","description":"a secret"}]}]}"#,
    ] {
        let user = r#"{"role":"user","content":"x"}"#;
        for (api, key) in [(Api::Responses, "input"), (Api::ChatCompletions, "messages")] {
            let body = format!(r#"{{"model":"m","{key}":[{item},{user}]}}"#);
            check(api, &body, "tools=true secret=true messages=2 images=false");
        }
    }
    check(Api::Responses, r#"{"model":"m","input":[{"type":"additional_tools","tools":[]}]}"#, "tools=false");
    // What is called so in an argument or a schema is none.
    check(
        Api::Messages,
        r#"{"model":"m","messages":[{"content":[{"type":"tool_use","input":{"tools":[{"model":"a"}]}}]}]}"#,
        "tools=false",
    );
    check(
        Api::Responses,
        r#"{"model":"m","tools":[{"name":"f","parameters":{"properties":{"tools":{"model":{}}}}}]}"#,
        "tools=true",
    );
    check(
        Api::Responses,
        r#"{"model":"m","input":[{"tools":[{"type":"file_search","vector_store_ids":["v"]}]}]}"#,
        "held=true",
    );
}

#[test]
fn a_body_in_the_shape_of_another_api_is_read() {
    let turns = r#"[{"role":"user","content":[{"type":"input_text","text":"a secret"},{"type":"input_image"}]}]"#;
    for api in Api::GENERATING {
        for key in ["messages", "input"] {
            check(*api, &format!(r#"{{"seed":1,"{key}":{turns}}}"#), "secret=true images=true messages=1");
        }
        for key in ["input", "prompt", "system", "instructions"] {
            check(*api, &format!(r#"{{"seed":1,"{key}":"a secret"}}"#), "secret=true tokens=2");
        }
        check(*api, r#"{"seed":1,"tools":[{"name":"f"}]}"#, "tools=true");
        check(*api, r#"{"seed":1,"images":["aGk="]}"#, "images=true tokens=0");
    }
}
