//! Text: what counts as it, what is kept of it, and what it may still become.

use super::*;

#[test]
fn text_does_not_hide() {
    let document = |data: &str| {
        format!(
            r#"{{"model":"c","messages":[{{"content":[{{"type":"document","source":{{"type":"text","data":"{data}"}}}}]}}]}}"#
        )
    };
    check(Api::Messages, &document("secret"), "secret=true tokens=1");
    check(Api::Messages, &document("secret plans"), "secret=true tokens=3");
    check(Api::Messages, &document(&format!("{} a secret", "A".repeat(300))), "secret=true tokens=2");
    check(Api::Messages, &document(&"QUJD".repeat(400)), "secret=false tokens=0");
    check(
        Api::Messages,
        r#"{"model":"c","messages":[{"content":[{"type":"tool_use","input":{"url":"secret"}}]}]}"#,
        "secret=true",
    );
    check(
        Api::Messages,
        r#"{"model":"c","messages":[{"content":[{"type":"tool_use","input":{"cache_control":"secret"}}]}]}"#,
        "secret=true cached=false",
    );
    for key in ["systemInstruction", "system_instruction"] {
        let body = format!(r#"{{"model":"m","contents":[],"{key}":{{"parts":[{{"text":"a secret"}}]}}}}"#);
        check(Api::ChatCompletions, &body, "secret=true");
    }
    check(Api::Responses, r#"{"model":"m","prompt":{"id":"p","variables":{"x":"a secret"}}}"#, "secret=true");
    check(Api::ChatCompletions, r#"{"model":"m","prediction":{"type":"content","content":"a secret"}}"#, "secret=true");
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
    // Agents write dates and nonces into system prompts and add tools.
    let third = identity(
        r#"{"model":"a","system":"x-agent: cch=1; today is another day","tools":[{"name":"f"},{"name":"g"}],"messages":[{"role":"user","content":"hi"}]}"#,
    );
    assert_eq!(first, third);
    let other =
        r#"{"model":"a","system":"be kind","tools":[{"name":"f"}],"messages":[{"role":"user","content":"ho"}]}"#;
    assert_ne!(first, identity(other));
}

#[test]
fn the_first_user_turn_is_the_first_that_a_user_has_written() {
    let identity = |messages: &str| {
        let body = format!(r#"{{"model":"m","messages":[{messages}]}}"#);
        read(Api::ChatCompletions, body.as_bytes()).ok().and_then(|facts| facts.identity())
    };
    let context =
        |text: &str| format!(r#"{{"role":"user","content":"<environment_context>{text}</environment_context>"}}"#);
    let user = |text: &str| format!(r#"{{"role":"user","content":"{text}"}}"#);
    let join = |parts: &[String]| parts.join(",");
    assert_eq!(
        identity(&join(&[context("a"), user("hi")])),
        identity(&join(&[context("b"), user("hi"), user("more")]))
    );
    assert_ne!(identity(&join(&[context("a"), user("hi")])), identity(&join(&[context("a"), user("ho")])));
    // Without one, what there is.
    assert_ne!(identity(&context("a")), identity(&context("b")));
    let system = |text: &str| format!(r#"{{"role":"system","content":"{text}"}}"#);
    assert_ne!(identity(&system("a")), identity(&system("b")));
    assert_eq!(identity(&join(&[system("a"), user("hi")])), identity(&join(&[system("b"), user("hi")])));
}

#[test]
fn the_rest_of_the_body_bounds_what_is_not_read_yet() {
    let body = br#"{"model":"m","messages":[{"role":"user","content":"0123456789"}]}"#;
    let mut facts = Facts::new(Api::ChatCompletions, everything(), Sought::default(), 128, body.len() as u64);
    let (head, tail) = body.split_at(14);
    facts.push(head).expect("a good body");
    assert_eq!(facts.asked(), Some(Some("m")));
    assert_eq!(facts.flag(Flag::Images), None);
    assert_eq!(facts.input_tokens(), Bounds { low: 0, high: tail.len() as u64 * 2 });
    facts.push(tail).and_then(|()| facts.finish()).expect("a good body");
    assert_eq!(facts.input_tokens(), Bounds { low: 4, high: 4 });
    assert_eq!(facts.flag(Flag::Images), Some(false));
}
