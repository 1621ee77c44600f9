use super::format;
use crate::{Format, Source};
use pointsman_document::Document;
use proptest::prelude::*;
use std::path::Path;

fn check(text: &str, expected: &str) {
    let formatted = format(Path::new("f"), text).unwrap_or_else(|finding| panic!("{finding}: {text}"));
    assert_eq!(formatted, expected, "of {text}");
}

#[test]
fn indentation_spaces_and_quotes_are_those_of_everybody() {
    check("a:   1\nb :  [ 1,2,   {x: 1} ]\n", "a: 1\nb: [1, 2, { x: 1 }]\n");
    check(
        "rules:\n    - name: a\n      match:\n          models: ['x', \"y\"]\n",
        "rules:\n- name: a\n  match:\n    models: [\"x\", \"y\"]\n",
    );
    check("a:\n- - 1\n  - 2\n-   b: 1\n    c: 'it''s'\n", "a:\n- - 1\n  - 2\n- b: 1\n  c: \"it's\"\n");
    check("a: '\"'\nb: {}\nc: [ ]\nd:\ne: { f: , g: ~ }\n", "a: '\"'\nb: {}\nc: []\nd:\ne: { f:, g: ~ }\n");
}

#[test]
fn ends_of_lines_and_empty_lines() {
    check("\u{feff}\n\na: 1   \r\n\r\n\r\n\r\nb: 2\r\n\r\n", "a: 1\n\nb: 2\n");
    check("a: 1", "a: 1\n");
    check("", "");
    check("# only this  ", "# only this\n");
    check("\n\n---\n# a\na: 1\n", "---\n# a\na: 1\n");
}

#[test]
fn comments_stay_with_what_they_are_about() {
    check(
        "# top\n\n#   below\na: 1    # behind\nb:   # of b\n    # of c\n    c: 1\n    # behind c\n# of d\nd: '#' # no # more\n# end\n",
        "# top\n\n#   below\na: 1    # behind\nb:   # of b\n  # of c\n  c: 1\n  # behind c\n# of d\nd: \"#\" # no # more\n# end\n",
    );
    check("a:\n  - b   # one\n  # two\n  - c\n  # three\nd: 1\n", "a:\n- b     # one\n# two\n- c\n# three\nd: 1\n");
    check("-\n  # of a\n  a: 1\n", "# of a\n- a: 1\n");
}

#[test]
fn a_list_in_brackets_with_comments_gets_lines() {
    check("a: [\n  b, # one\n  c,\n  # two\n]\nd: 1\n", "a:\n- b  # one\n- c\n# two\nd: 1\n");
    check("a: [\n  b,\n  c\n] # all\n", "a: [b, c] # all\n");
    check("a:    # of a\n  { b: 1 }   # of b\n", "# of a\na: { b: 1 }  # of b\n");
}

#[test]
fn what_is_too_wide_gets_lines() {
    let long = "x".repeat(60);
    check(
        &format!("a: [{long}, {{ b: 1, c: 2 }}, {long}]\n"),
        &format!("a:\n- {long}\n- {{ b: 1, c: 2 }}\n- {long}\n"),
    );
    check(&format!("- {{ a: {long}, b: {long} }}\n"), &format!("- a: {long}\n  b: {long}\n"));
}

#[test]
fn texts_of_several_lines_keep_them() {
    check("a: |\n     b\n       c\n\n     d\ne: >-\n    f\n    g\n", "a: |\n  b\n    c\n\n  d\ne: >-\n  f\n  g\n");
    check("- x: |+\n      b\n\n- 1\n", "- x: |+\n    b\n\n- 1\n");
    check("a: b\n   c\nd: \"e\n  f\"\n", "a: \"b c\"\nd: \"e f\"\n");
}

#[test]
fn anchors_and_merges_stay() {
    check(
        "a:   &x {  b: 1 }\nc:\n  <<:   *x\n  d:    &y   2\ne: [ *y,*x ]\nf: &z\n    g: 1\n- 1\n"
            .replace("- 1\n", "")
            .as_str(),
        "a: &x { b: 1 }\nc:\n  <<: *x\n  d: &y 2\ne: [*y, *x]\nf: &z\n  g: 1\n",
    );
    check("k:\n - [ ]\nl:\n- [1]\n- 2\n", "k:\n- []\nl:\n- [1]\n- 2\n");
    check("- &a\n  b: 1\n- &c   { d: 1 }\n- *a\n", "- &a\n  b: 1\n- &c { d: 1 }\n- *a\n");
    check("a: \"&no\" # &no\nb: &yes x&y\n", "a: \"&no\" # &no\nb: &yes x&y\n");
}

#[test]
fn what_does_not_parse_is_refused() {
    assert!(format(Path::new("f"), "a: [\n").is_err());
    assert!(format(Path::new("f"), "a: 1\n---\nb: 1\n").is_err());
}

/// Files of the repository: whatever they are, they mean the same and have their one layout.
#[test]
fn every_file_of_the_repository_can_be_formatted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders = vec![root.join("examples"), root.join("corpus/operators"), root.join("envoy/istio")];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "yaml") {
                let text = std::fs::read_to_string(&entry).unwrap();
                if crate::Source::read(&entry).is_ok() {
                    let formatted = format(&entry, &text).unwrap_or_else(|finding| panic!("{finding}"));
                    assert_eq!(format(&entry, &formatted).unwrap(), formatted);
                    count += 1;
                }
            }
        }
    }
    assert!(count > 40, "{count}");
}

/// A value, and how whoever has written it writes.
#[derive(Debug, Clone)]
enum Written {
    Word(&'static str),
    List(Vec<(Written, Style)>),
    Map(Vec<(Written, Style)>),
}

/// Of what comes in front of an item: in brackets or not, how far in, spaces, comments, empty lines.
#[derive(Debug, Clone, Copy)]
struct Style {
    is_flow: bool,
    indent: usize,
    spaces: usize,
    comment: u8,
    empty: usize,
}

const WORDS: [&str; 12] =
    ["a", "\"b # c\"", "'d''e'", "1.50", "~", "''", "x y", "\"\\u00e9\\\\\"", "http://x/#y", "é", "'\"'", "-1"];

fn written() -> impl Strategy<Value = Written> {
    let style = (any::<bool>(), 1..5_usize, 1..4_usize, 0..8_u8, 0..3_usize)
        .prop_map(|(is_flow, indent, spaces, comment, empty)| Style { is_flow, indent, spaces, comment, empty });
    let word = proptest::sample::select(&WORDS[..]).prop_map(Written::Word);
    word.prop_recursive(4, 40, 5, move |inner| {
        let items = proptest::collection::vec((inner, style.clone()), 0..5);
        prop_oneof![items.clone().prop_map(Written::List), items.prop_map(Written::Map)]
    })
}

impl Written {
    fn flow(&self) -> String {
        let items = |open: &str, close: &str, items: &[(Written, Style)], is_map: bool| {
            let item = |(nth, (item, style)): (usize, &(Written, Style))| {
                let space = " ".repeat(style.spaces - 1);
                if is_map {
                    format!("{space}k{nth}: {space}{}", item.flow())
                } else {
                    format!("{space}{}", item.flow())
                }
            };
            format!("{open}{}{close}", items.iter().enumerate().map(item).collect::<Vec<_>>().join(","))
        };
        match self {
            Self::Word(word) => (*word).to_owned(),
            Self::List(list) => items("[", " ]", list, false),
            Self::Map(map) => items("{", "}", map, true),
        }
    }

    /// On lines of its own, in this column.
    fn block(&self, column: usize, out: &mut String) {
        let (items, is_map) = match self {
            Self::List(items) => (items, false),
            Self::Map(items) => (items, true),
            Self::Word(word) => return out.push_str(&format!("{}{word}\n", " ".repeat(column))),
        };
        let inner = column + items[0].1.indent;
        for (nth, (item, style)) in items.iter().enumerate() {
            out.push_str(&"\n".repeat(style.empty));
            if style.comment & 1 > 0 {
                out.push_str(&format!("{}# above {nth}\n", " ".repeat(column)));
            }
            out.push_str(&" ".repeat(column));
            out.push_str(&if is_map { format!("k{nth}:") } else { "-".to_owned() });
            let behind = if style.comment & 2 > 0 { "  # behind  \n" } else { "\n" };
            match item {
                Self::List(items) | Self::Map(items) if !style.is_flow && !items.is_empty() => {
                    out.push_str(behind);
                    item.block(inner, out);
                    if style.comment & 4 > 0 {
                        out.push_str(&format!("{}# below\n", " ".repeat(inner)));
                    }
                }
                _ => out.push_str(&format!("{}{}{behind}", " ".repeat(style.spaces), item.flow())),
            }
        }
    }
}

fn comments(text: &str) -> usize {
    text.lines().filter(|line| ["# above", "# behind", "# below"].iter().any(|comment| line.contains(comment))).count()
}

proptest! {
    /// However it is written: the same meaning, the same comments, and one layout.
    #[test]
    fn formatting_changes_no_meaning_and_happens_once(tree in written()) {
        let mut text = String::new();
        match &tree {
            Written::List(items) | Written::Map(items) if !items.is_empty() => tree.block(0, &mut text),
            _ => text = tree.flow() + "\n",
        }
        let meaning = |text: &str| -> Document { Source::parse("f", text, Format::Yaml).unwrap().document };
        let formatted = format(Path::new("f"), &text);
        prop_assert!(formatted.is_ok(), "{text}");
        let formatted = formatted.unwrap();
        prop_assert_eq!(meaning(&formatted), meaning(&text));
        prop_assert_eq!(comments(&formatted), comments(&text), "{}\n{}", text, &formatted);
        prop_assert_eq!(format(Path::new("f"), &formatted).unwrap(), formatted.clone());
        prop_assert!(formatted.lines().all(|line| line.trim_end() == line) && !formatted.contains("\n\n\n"));
    }
}
