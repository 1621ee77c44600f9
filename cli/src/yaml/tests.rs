//! The printer as a whole: what is written is read back as what was meant, whatever its texts are.

use super::print::line;
use super::tree::Layout;
use super::*;
use pointsman_source::Source;
use proptest::prelude::*;

fn check(tree: impl Into<Tree>, expected: &str) {
    let tree = tree.into();
    assert_eq!(print(&tree), expected);
    assert_eq!(read(expected), json_of(&tree), "{expected}");
}

/// What the program's own reader makes of a file.
fn read(text: &str) -> String {
    let thread = std::thread::current().id();
    let file = std::env::temp_dir().join(format!("pointsman-printed-{}-{thread:?}.yaml", std::process::id()));
    std::fs::write(&file, text).unwrap();
    let source = Source::read(&file);
    std::fs::remove_file(&file).unwrap();
    match source {
        Ok(source) => serde_json::to_string(&source.document).unwrap(),
        Err(finding) => panic!("{finding}\n{text}"),
    }
}

fn json_of(tree: &Tree) -> String {
    serde_json::to_string(tree).unwrap()
}

#[test]
fn lists_stand_in_the_column_of_their_key() {
    let inner =
        Map::new().with("b", List::of(["x", "no"])).with("c", Map::line().with("d", quoted("e")).with("f", 1u16));
    check(
        Map::new().with("a", List::of([inner])).with("g", List::of([List::of(["h"]), List::new()])),
        "a:\n- b:\n  - x\n  - \"no\"\n  c: { d: \"e\", f: 1 }\ng:\n- - h\n- []\n",
    );
}

#[test]
fn comments_stand_above_what_they_are_about() {
    let first = Map::new().noted("Why.\n\nAnd why\nnot.", "a", 1u16).noted("b", "b", Map::new().noted("c", "c", true));
    check(
        Map::new().with("list", List::new().with(first).noted("Last.", "x")),
        "list:\n-\n  # Why.\n  #\n  # And why\n  # not.\n  a: 1\n  # b\n  b:\n    # c\n    c: true\n# Last.\n- x\n",
    );
}

#[test]
fn texts_of_several_lines_stand_below_their_key() {
    check(
        Map::new().with("a", literal("{\n  b\n\n}")).with("c", List::of([literal("d\ne"), literal(" f\n")])),
        "a: |-\n  {\n    b\n\n  }\nc:\n- |-\n  d\n  e\n- \" f\\n\"\n",
    );
}

#[test]
fn what_is_equal_is_written_out_once() {
    let limits = |most: u16| shared("limits", Map::new().with("most", most));
    let outer = |most: u16| shared("outer", Map::new().noted("In it.", "in", limits(most)));
    check(
        Map::new()
            .with("a", limits(1))
            .with("b", limits(1))
            .with("c", outer(2))
            .with("d", List::of([limits(2), outer(2), outer(1), shared("few", List::of(["x"]))]))
            .with("e", Map::line().with("f", limits(2)).with("g", limits(3))),
        "a: &limits
  most: 1
b: *limits
c: &outer
  # In it.
  in: &limits-2
    most: 2
d:
- *limits-2
- *outer
- &outer-2
  # In it.
  in: *limits
- &few
  - x
e: { f: *limits-2, g: &limits-3 { most: 3 } }
",
    );
}

#[test]
fn anchors_never_get_another_ones_name() {
    check(
        List::of([shared("a-2", "x"), shared("a", "v"), shared("a", "z"), shared("a-2", "w")]),
        "- &a-2 x\n- &a v\n- &a-3 z\n- &a-2-2 w\n",
    );
}

#[test]
fn json_stands_on_lines_or_on_one() {
    let entries = |map: Map| map.with("role", "gate").with("list", List::of([1u16, 2]));
    assert_eq!(json(&entries(Map::line()).into()), r#"{ "role": "gate", "list": [1, 2] }"#);
    assert_eq!(json(&Map::new().with("role", "a\n").into()), "{\n  \"role\": \"a\\n\"\n}");
}

#[test]
fn a_comment_ends_with_its_line() {
    assert_eq!(comment("one\n\ntwo\u{85}a: b\rc"), "# one\n#\n# two a: b c\n");
}

/// Texts that some reader takes for something else, and any others.
fn text() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "",
        "yes",
        "No",
        "null",
        "~",
        "1e3",
        "0x1f",
        "0o7",
        "1_000",
        "12:30:45",
        "2026-11-27",
        ".inf",
        "-.5",
        "<<",
        "=",
        "a: b",
        "a #b",
        "- a",
        "? a",
        "*a",
        "&a",
        "!a",
        "|",
        ">-",
        "@a",
        "`a",
        "%a",
        "'a'",
        "\"a\"",
        "{a",
        "[a]",
        "a, b",
        "a,b",
        "a:",
        "---",
        "...",
        "\n",
        " a",
        "a ",
        "a\n",
        "\ta",
        "a\n\nb\n  c",
        "{\n  \"a\": 1\n}",
        "\u{feff}a",
        "a\u{85}b",
        "a\u{2028}b",
        "\u{7f}",
        "é",
        "日本",
        "😀",
        "60s",
        "0.5s",
        "#",
        "a\\b",
        "a\r\nb",
        "- a\n- b",
        "# a\nb",
    ];
    prop_oneof![proptest::sample::select(WORDS).prop_map(str::to_owned), "[ -~]{0,12}", "[^\0]{0,8}", "[a\n :#-]{0,9}"]
}

fn style() -> impl Strategy<Value = fn(String) -> Tree> {
    let styles: [fn(String) -> Tree; 3] = [Tree::from, quoted, literal];
    proptest::sample::select(styles.to_vec())
}

fn scalar() -> impl Strategy<Value = Tree> {
    prop_oneof![
        Just(Tree::Null),
        any::<bool>().prop_map(Tree::from),
        any::<i32>().prop_map(Tree::from),
        any::<u64>().prop_map(|number| Tree::Number(number.into())),
        any::<f64>().prop_map(|number| serde_json::Number::from_f64(number).map_or(Tree::Null, Tree::Number)),
        (text(), style()).prop_map(|(text, style)| style(text)),
    ]
}

fn tree() -> impl Strategy<Value = Tree> {
    let note = || prop_oneof![3 => Just(String::new()), 1 => text()];
    let layout = || prop_oneof![3 => Just(Layout::Block), 1 => Just(Layout::Line)];
    scalar().prop_recursive(6, 60, 5, move |inner| {
        let items = proptest::collection::vec((note(), inner.clone()), 0..5);
        let list = (layout(), items).prop_map(|(layout, items)| {
            let list = items.into_iter().fold(List::new(), |list, (note, item)| list.noted(note, item));
            Tree::from(List { layout, ..list })
        });
        // A reader refuses what stands twice, so each key has its number.
        let entries = proptest::collection::vec((note(), text(), inner.clone()), 0..5);
        let map = (layout(), entries).prop_map(|(layout, entries)| {
            let keyed = |map: Map, (at, (note, key, value)): (usize, (String, String, Tree))| {
                map.noted(note, if at == 0 { key } else { format!("{key}{at}") }, value)
            };
            Tree::from(Map { layout, ..entries.into_iter().enumerate().fold(Map::new(), keyed) })
        });
        let names = proptest::sample::select(vec!["a", "b", "a-2"]);
        let one = (names.clone(), inner.clone()).prop_map(|(name, inner)| shared(name, inner));
        let twice = (names, inner).prop_map(|(name, inner)| {
            List::of([shared(name, inner.clone()), Map::new().with("again", shared(name, inner)).into()]).into()
        });
        prop_oneof![3 => list, 3 => map, 1 => one, 1 => twice]
    })
}

proptest! {
    #[test]
    fn whatever_is_printed_is_read_back(tree in tree()) {
        let text = print(&tree);
        prop_assert_eq!(read(&text), json_of(&tree), "{}", text);
    }

    #[test]
    fn one_line_is_one_line(tree in tree()) {
        let text = line(&tree);
        prop_assert!(!text.contains('\n'), "{}", text);
        prop_assert_eq!(read(&text), json_of(&tree), "{}", text);
    }
}
