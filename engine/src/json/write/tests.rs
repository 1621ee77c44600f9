use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum Kind {
    Unit,
    Newtype(Option<u8>),
    Fields { first: String, next_one: Vec<()> },
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Value {
    text: String,
    long_text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<bool>,
    numbers: Vec<(u64, i64)>,
    kinds: Vec<Kind>,
    map: BTreeMap<String, Option<char>>,
    inner: Option<Box<Value>>,
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z-]{0,40}",
        prop::collection::vec(any::<char>(), 0..40).prop_map(|text| text.into_iter().collect()),
        "[\u{0}-\u{7f}\u{e9}]{0,100}",
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Unit),
        any::<Option<u8>>().prop_map(Kind::Newtype),
        (text(), 0..3usize).prop_map(|(first, len)| Kind::Fields { first, next_one: vec![(); len] }),
    ]
}

fn leaf() -> impl Strategy<Value = Value> {
    (
        text(),
        "[a-z\u{e9}\"]{0,2000}",
        any::<Option<bool>>(),
        any::<Vec<(u64, i64)>>(),
        prop::collection::vec(kind(), 0..4),
        prop::collection::btree_map(text(), any::<Option<char>>(), 0..3),
    )
        .prop_map(|(text, long_text, left_out, numbers, kinds, map)| Value {
            text,
            long_text,
            left_out,
            numbers,
            kinds,
            map,
            inner: None,
        })
}

fn value() -> impl Strategy<Value = Value> {
    (leaf(), proptest::option::of(leaf())).prop_map(|(outer, inner)| Value { inner: inner.map(Box::new), ..outer })
}

proptest! {
    #[test]
    fn it_is_what_serde_json_writes(value in value()) {
        let expected = serde_json::to_string(&value).expect("a text");
        prop_assert_eq!(written(&value), Some(expected));
    }
}

#[test]
fn what_is_no_value_of_ours_is_none() {
    assert_eq!(written(&1.5), None);
    assert_eq!(written(&BTreeMap::from([(1u8, true)])), None);
    assert_eq!(written(&BTreeMap::from([("a", u64::MAX)])), Some(r#"{"a":18446744073709551615}"#.into()));
}

#[test]
fn each_byte_is_looked_at_alone() {
    for byte in 0..=255u8 {
        for place in 0..WORD {
            let mut word = [b'a'; WORD];
            word[place] = byte;
            let special = matches!(byte, 0..0x20 | b'"' | b'\\');
            assert_eq!(has_special(u64::from_le_bytes(word)), special, "{byte} at {place}");
            assert_eq!(clean(&word) < WORD, special);
        }
    }
}
