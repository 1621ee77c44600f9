//! What the lexer promises to every sink: the same events for every split, and those of another parser.

use super::{Container, Fault, Lexer, Literal, Numeral, Sink, Want};
use proptest::prelude::*;
use serde_json::Value;

/// Builds the document from what passes, and refuses the key `stop`.
#[derive(Debug, Default)]
struct Builder {
    /// The open containers, each with the key that its next member has.
    open: Vec<(Value, String)>,
    text: String,
    whole: Option<Value>,
}

#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    Fault(Fault),
    Stop,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Refusal::Fault(fault)
    }
}

impl Builder {
    fn value(&mut self, value: Value) {
        match self.open.last_mut() {
            None => self.whole = Some(value),
            Some((Value::Array(items), _)) => items.push(value),
            Some((parent, key)) => parent[key.as_str()] = value,
        }
    }
}

impl Sink for Builder {
    type Refusal = Refusal;

    fn begin(&mut self, container: Container, _: u64) -> Result<(), Refusal> {
        let empty = if container == Container::Array {
            Value::Array(Vec::new())
        } else {
            Value::Object([].into_iter().collect())
        };
        self.open.push((empty, String::new()));
        Ok(())
    }
    fn end(&mut self, _: u64) -> Result<(), Refusal> {
        let (value, _) = self.open.pop().expect("an open container");
        self.value(value);
        Ok(())
    }
    fn begin_key(&mut self, _: u64) -> Want {
        self.text.clear();
        Want::Text
    }
    fn end_key(&mut self, _: u64) -> Result<(), Refusal> {
        let key = std::mem::take(&mut self.text);
        if key == "stop" {
            return Err(Refusal::Stop);
        }
        self.open.last_mut().expect("an object").1 = key;
        Ok(())
    }
    fn begin_string(&mut self, _: u64) -> Result<Want, Refusal> {
        self.text.clear();
        // Keys that begin with `n` ask for nothing.
        let key = self.open.last().map(|(_, key)| key.as_str()).unwrap_or_default();
        Ok(if key.starts_with('n') { Want::Nothing } else { Want::Text })
    }
    fn text(&mut self, text: &[u8]) {
        self.text.push_str(std::str::from_utf8(text).expect("whole characters"));
    }
    /// Only the key `open` may hold any string.
    fn lone_surrogate(&mut self, is_key: bool) -> Result<(), Refusal> {
        let is_open = !is_key && self.open.last().is_some_and(|(_, key)| key == "open");
        if is_open { Ok(()) } else { Err(Fault::Encoding.into()) }
    }
    fn end_string(&mut self, _: u64) -> Result<(), Refusal> {
        let text = std::mem::take(&mut self.text);
        self.value(Value::String(text));
        Ok(())
    }
    fn number(&mut self, value: Numeral, _: u64, _: u64) -> Result<(), Refusal> {
        self.value(match value {
            Numeral::Whole(value) if value <= MOST => Value::from(value),
            Numeral::Negative => Value::from(-1),
            Numeral::Whole(_) | Numeral::Fraction(_) | Numeral::Other => Value::Null,
        });
        Ok(())
    }
    fn literal(&mut self, literal: Literal, _: u64) -> Result<(), Refusal> {
        self.value(match literal {
            Literal::True => Value::Bool(true),
            Literal::False => Value::Bool(false),
            Literal::Null => Value::Null,
        });
        Ok(())
    }
}

fn read<'c>(chunks: impl IntoIterator<Item = &'c [u8]>) -> Result<Value, Refusal> {
    let mut lexer = Lexer::new(64);
    let mut builder = Builder::default();
    chunks.into_iter().try_for_each(|chunk| lexer.feed(chunk, &mut builder))?;
    lexer.finish()?;
    Ok(builder.whole.expect("a whole document"))
}

/// The largest number that a parser of floating-point numbers tells from a fraction, in any spelling.
const MOST: u64 = 1 << 20;

/// What the builder makes of a document: it hears no numbers but whole ones, and not every string.
fn heard(value: &Value, key: &str) -> Value {
    match value {
        Value::Number(number) => match number.as_f64().expect("any number") {
            negative if negative < 0.0 => Value::from(-1),
            whole if whole.fract() == 0.0 && whole <= MOST as f64 => Value::from(whole as u64),
            _ => Value::Null,
        },
        Value::String(_) if key.starts_with('n') => Value::String(String::new()),
        Value::Array(items) => items.iter().map(|item| heard(item, "")).collect(),
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), heard(value, key))).collect(),
        other => other.clone(),
    }
}

#[test]
fn a_sink_stops_the_lexer_with_its_own_refusal() {
    assert_eq!(read([br#"{"a": {"stop": 1}, ]"#.as_slice()]), Err(Refusal::Stop));
    assert_eq!(read([br#"{"a": [1, ], "stop": 1}"#.as_slice()]), Err(Refusal::Fault(Fault::Syntax)));
}

#[test]
fn faults_say_what_is_wrong() {
    let fault = |text: &[u8], expected| assert_eq!(read([text]), Err(Refusal::Fault(expected)), "{text:?}");
    fault(b"", Fault::Syntax);
    fault(b"[]", Fault::Syntax);
    fault(b"{\"a\":tru}", Fault::Syntax);
    fault(b"{\"a\":1", Fault::Syntax);
    fault(b"{} {}", Fault::TrailingData);
    fault(b"\xef\xbb\xbf{}", Fault::Encoding);
    fault(b"{\"\xff\":1}", Fault::Encoding);
    fault(b"{\"a\":\"\\ud800\"}", Fault::Encoding);
    fault(format!("{{\"a\":{}", "[".repeat(64)).as_bytes(), Fault::TooDeep);
}

#[test]
fn half_a_character_has_a_stand_in() {
    for (text, expected) in [
        (r"\ud83d", "\u{fffd}"),
        (r"a\ude00b", "a\u{fffd}b"),
        (r"\ud83dx", "\u{fffd}x"),
        (r"\ud83d\n", "\u{fffd}\n"),
        (r"\ud83d\u0041", "\u{fffd}A"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}"),
        (r"\ud83d\ud83d", "\u{fffd}\u{fffd}"),
        (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
        (r"\ud83d\u00e9", "\u{fffd}\u{e9}"),
    ] {
        let document = format!(r#"{{"open":"{text}","x":1}}"#);
        let expected = Ok(serde_json::json!({ "open": expected, "x": 1 }));
        assert_eq!(read([document.as_bytes()]), expected, "{text}");
        assert_eq!(read(document.as_bytes().chunks(1)), expected, "{text}");
        assert_eq!(read([format!(r#"{{"{text}":1}}"#).as_bytes()]), Err(Refusal::Fault(Fault::Encoding)), "{text}");
    }
    assert_eq!(read([br#"{"open":"\ud83d\x"}"#.as_slice()]), Err(Refusal::Fault(Fault::Syntax)));
    assert_eq!(read([br#"{"open":"\ud83d"#.as_slice()]), Err(Refusal::Fault(Fault::Syntax)));
}

/// Documents, sometimes damaged.
fn documents() -> impl Strategy<Value = Vec<u8>> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("false".to_owned()),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,3})?([eE][+-]?[0-9])?",
        "\"([ -!#-\\[\\]-~]|\\\\[nrtbf\"\\\\/]|\\\\u[0-9a-f]{4}|\\\\ud83d\\\\ude0[0-9]|[\u{80}-\u{2000}]|[\u{1f600}-\u{1f64f}]){0,70}\"",
    ];
    let value = scalar.prop_recursive(4, 30, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(" ,"))),
            prop::collection::vec(("([a-z\u{e9}]|\\\\n){0,4}", inner), 0..4).prop_map(|members| {
                let members: Vec<String> =
                    members.iter().enumerate().map(|(nth, (key, value))| format!("\"{key}{nth}\":\t{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    });
    let damage = prop::option::weighted(0.3, (any::<prop::sample::Index>(), any::<u8>()));
    (prop::collection::vec(("[a-n]", value), 0..5), damage).prop_map(|(members, damage)| {
        let members: Vec<String> =
            members.iter().enumerate().map(|(nth, (key, value))| format!("\"{key}{nth}\": {value}")).collect();
        let mut document = format!("{{{}}}", members.join(", ")).into_bytes();
        if let Some((at, byte)) = damage {
            let at = at.index(document.len());
            document[at] = byte;
        }
        document
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn any_split_tells_the_same(document in documents(), size in 1..9_usize) {
        let whole = read([document.as_slice()]);
        prop_assert_eq!(read(document.chunks(size)), whole);
    }

    #[test]
    fn what_it_tells_is_what_serde_json_reads(document in documents()) {
        let theirs = serde_json::from_slice::<Value>(&document);
        match (read([document.as_slice()]), theirs) {
            (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours, heard(&theirs, "")),
            (Ok(_), Err(error)) => prop_assert!(error.to_string().contains("number out of range"), "{}", error),
            (Err(Refusal::Fault(_)), Ok(theirs)) => prop_assert!(!theirs.is_object()),
            (Err(_), _) => {}
        }
    }
}
