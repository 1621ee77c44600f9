//! The facts of forms, and what is refused in them.

use super::*;
use crate::form::Boundary;

fn form(api: Api) -> Facts {
    facts(api).parted_by(Boundary::of_content_type(b"multipart/form-data; boundary=B"))
}

/// `|` stands for the end of a line.
fn read_form(api: Api, text: &str) -> Result<Facts, Violation> {
    let mut facts = form(api);
    facts.push(text.replace('|', "\r\n").as_bytes())?;
    facts.finish()?;
    Ok(facts)
}

/// A part of text.
fn part(name: &str, content: &str) -> String {
    format!("--B|Content-Disposition: form-data; name=\"{name}\"||{content}|")
}

/// A part that is a file.
fn file(name: &str, content: &str) -> String {
    format!("--B|Content-Disposition: form-data; name=\"{name}\"; filename=\"a\"|Content-Type: audio/mpeg||{content}|")
}

fn check_form(api: Api, parts: &[String], expected: &str) {
    let text = format!("{}--B--|", parts.concat());
    let facts = read_form(api, &text).unwrap_or_else(|violation| panic!("{text}: {violation:?}"));
    let summary = summary(&facts);
    for word in expected.split(' ') {
        assert!(summary.contains(word), "{text}\n  lacks {word}\n  has {summary}");
    }
}

fn refused_form(parts: &[String], expected: Violation) {
    let text = format!("{}--B--|", parts.concat());
    assert_eq!(read_form(Api::Transcriptions, &text).err(), Some(expected), "{text}");
}

#[test]
fn a_form_says_what_a_body_says() {
    let api = Api::Transcriptions;
    check_form(api, &[part("model", "whisper-1")], r#"model=Some("whisper-1") messages=0 tokens=0 stream=false"#);
    check_form(api, &[file("file", "secret secret"), part("model", "m")], r#"model=Some("m") secret=false tokens=0"#);
    check_form(api, &[part("model", "m"), part("prompt", "a secret")], "secret=true tokens=2 messages=1");
    check_form(api, &[part("model", "m"), part("stream", "true")], "stream=true");
    check_form(api, &[part("model", "m"), part("stream", "0")], "stream=false");
    check_form(api, &[part("model", "m"), part("max_tokens", "20")], "max=Tokens(20)");
    check_form(api, &[part("response_format", "json"), part("model", "m")], "structured=false");
    check_form(api, &[part("instructions", "a secret"), part("tools", "[]")], "secret=true tools=true model=None");
    check_form(
        Api::ImageEdits,
        &[file("image[]", "x"), file("image[]", "y"), file("mask", "z"), part("prompt", "a secret"), part("n", "2")],
        "images=true audio=false secret=true model=None",
    );
    for blank in ["", " ", "\t "] {
        check_form(api, &[part("model", blank)], "model=None");
    }
    check_form(api, &[part("timestamp_granularities[]", "word"), part("timestamp_granularities[]", "x")], "model=None");
}

#[test]
fn what_is_edited_is_an_image_and_what_is_transcribed_is_audio() {
    for (api, flag, other) in [
        (Api::Transcriptions, Flag::Audio, Flag::Images),
        (Api::Translations, Flag::Audio, Flag::Images),
        (Api::ImageEdits, Flag::Images, Flag::Audio),
        (Api::ImageVariations, Flag::Images, Flag::Audio),
    ] {
        // Known before anything has been read.
        assert_eq!((form(api).flag(flag), form(api).flag(other)), (Some(true), None));
        assert_eq!(facts(api).flag(flag), Some(true), "of JSON, too");
    }
}

#[test]
fn json_is_read_where_forms_are() {
    check(
        Api::ImageEdits,
        r#"{"model":"m","prompt":"a secret","images":[{"file_id":"f"}],"stream":true}"#,
        r#"model=Some("m") secret=true stream=true images=true"#,
    );
}

#[test]
fn a_form_with_two_readings_is_refused() {
    let model = || part("model", "m");
    refused_form(&[model(), model()], Violation::DuplicateKey("model"));
    refused_form(&[part("prompt", "a"), part("prompt", "a secret")], Violation::DuplicateKey("prompt"));
    refused_form(&[file("model", "m")], Violation::PartType("model"));
    refused_form(&[file("prompt", "a secret")], Violation::PartType("prompt"));
    for (name, key) in [
        ("Model", "model"),
        ("MODEL", "model"),
        (" model", "model"),
        ("model\u{200b}", "model"),
        ("\u{ff4d}odel", "model"),
        ("model[]", "model"),
        ("model[0]", "model"),
        ("Model[x]", "model"),
        ("model.x", "model"),
        ("prompt[]", "prompt"),
        ("models[]", "models"),
        ("extra_body[model]", "extra_body"),
        ("FallBacks", "fallbacks"),
    ] {
        refused_form(&[part(name, "m")], Violation::KeyCase(key));
        refused_form(&[file(name, "m")], Violation::KeyCase(key));
    }
    for key in ["models", "deployment_id", "api_base", "litellm_params"] {
        refused_form(&[part(key, "m")], Violation::ModelList(key));
        refused_form(&[file(key, "m")], Violation::ModelList(key));
    }
    let with = |header: &str| format!("--B|Content-Disposition: form-data; name=model|{header}||m|");
    for header in ["Content-Type: application/json", "Content-Type: text/plain; charset=utf-16"] {
        refused_form(&[with(header)], Violation::PartType("model"));
    }
    refused_form(&[part("model", "m\0")], Violation::Nul);
    refused_form(&[part("model", "m|")], Violation::ModelName);
    refused_form(&[part("model", &"m".repeat(257))], Violation::ModelName);
    assert!(matches!(read_form(Api::Transcriptions, "{\"model\":\"m\"}").err(), Some(Violation::Form(_))));
    assert_eq!(form(Api::Transcriptions).finish().err(), Some(Violation::NoBody));
}

/// What a policy allows of the table of naming keys may stand in forms, too.
#[test]
fn an_allowed_key_is_allowed_in_forms() {
    let mut allowed = Allowed::default();
    allowed.allow_key("models");
    let wanted = Wanted { allowed, ..everything() };
    let mut facts = Facts::new(Api::Transcriptions, wanted, Sought::default(), 128, 1 << 20)
        .parted_by(Boundary::of_content_type(b"multipart/form-data; boundary=B"));
    let text = format!("{}{}--B--", part("models", "x"), part("model", "m")).replace('|', "\r\n");
    assert_eq!(facts.push(text.as_bytes()).and_then(|()| facts.finish()), Ok(()));
    assert_eq!(facts.asked(), Some(Some("m")));
}

#[test]
fn a_recording_is_a_conversation_of_its_own() {
    let identity = |parts: &[String]| {
        let text = format!("{}--B--", parts.concat());
        read_form(Api::Transcriptions, &text).expect("a form").identity().expect("wanted")
    };
    let model = || part("model", "m");
    assert_ne!(identity(&[model(), file("file", "one")]), identity(&[model(), file("file", "two")]));
    assert_eq!(identity(&[model(), file("file", "one")]), identity(&[file("file", "one"), model()]));
    assert_ne!(identity(&[model(), part("prompt", "one")]), identity(&[model(), part("prompt", "two")]));
}

#[test]
fn a_field_of_the_session_is_found_in_a_part() {
    use crate::request::session::FieldSlot;
    let text = format!("{}{}--B--", part("user", "u-1"), part("model", "m"));
    let facts = read_form(Api::Transcriptions, &text).expect("a form");
    let json = read(Api::ChatCompletions, br#"{"user":"u-1","model":"m"}"#).expect("JSON");
    assert!(facts.session(FieldSlot(0)).flatten().is_some());
    assert_eq!(facts.session(FieldSlot(0)), json.session(FieldSlot(0)));
}

/// Parts that matter and others, and sometimes damage.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let name = prop_oneof![
        4 => prop::sample::select(vec!["model", "prompt", "file", "image[]", "stream", "user", "tools", "max_tokens"]),
        1 => prop::sample::select(vec!["Model", "model[]", "models", "n", "instructions"]),
    ];
    let content = prop_oneof![
        prop::sample::select(vec!["m", "gpt", "", "true", "secret", "12", "a\u{e9}", "\r\n--", "x\r\n"])
            .prop_map(str::to_owned),
        "[a-z \u{e9}]{0,60}",
    ];
    let one = (name, content, prop::sample::select(vec![0_u8, 0, 0, 1])).prop_map(|(name, content, is_file)| {
        if is_file == 1 || matches!(name, "file" | "image[]") { file(name, &content) } else { part(name, &content) }
    });
    (prop::collection::vec(one, 0..6), damage()).prop_map(|(parts, damage)| {
        let body = format!("{}--B--|", parts.concat()).replace('|', "\r\n").into_bytes();
        damaged(body, damage)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn any_split_gives_the_same_facts(body in bodies(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let told = |chunks: &[&[u8]]| {
            let mut facts = form(Api::Transcriptions);
            let read = chunks.iter().try_for_each(|chunk| facts.push(chunk)).and_then(|()| facts.finish());
            // Also of a form that is refused: what stands in front of the fault may have sufficed.
            (read, summary(&facts), facts.input_tokens(), facts.messages(), facts.identity())
        };
        let whole = told(&[&body]);
        for chunks in splits(&body, &cuts) {
            prop_assert_eq!(&told(&chunks), &whole);
        }
    }

    #[test]
    fn bounds_only_tighten(body in bodies()) {
        let mut facts = form(Api::Transcriptions);
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
