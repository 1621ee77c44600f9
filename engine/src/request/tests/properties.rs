//! What holds for any body, in any split.

use super::*;

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
    let top = prop_oneof![
        3 => "\"(model|messages|input|[a-z]{1,3})\"",
        2 => prop::sample::select(KEYS.to_vec()).prop_map(|key| format!("\"{key}\"")),
    ];
    (prop::collection::vec((top, value), 0..5), damage()).prop_map(|(members, damage)| {
        let members: Vec<String> = members.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        let body = format!("{{{}}}", members.join(", ")).into_bytes();
        damaged(body, damage)
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
        for chunks in splits(&body, &cuts) {
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
                let named = value.get("model").and_then(|model| model.as_str());
                prop_assert_eq!(facts.asked().flatten(), named.filter(|name| !name.trim().is_empty()));
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
            let mut facts = Facts::new(api, wanted, Sought::default(), 128, 1 << 20);
            let alone = facts.push(&body).and_then(|()| facts.finish());
            prop_assert_eq!(alone.map(|()| facts.flag(*flag)), whole.as_ref().map(|facts| facts.flag(*flag)).map_err(|it| *it));
        }
        let text = WantedText { length: true, ..WantedText::default() };
        let mut facts = Facts::new(api, Wanted { text, ..Wanted::default() }, Sought::default(), 128, 1 << 20);
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
