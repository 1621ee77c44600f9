//! What a parser says is wrong with YAML, in words for people who write it, at the line that they have to change.

use crate::{Position, SyntaxError, too_deep};

/// A sentence for each of the parser's that people meet; others stay as they are.
const WORDS: [(&str, &str); 16] = [
    (
        "mapping values are not allowed",
        "a `key: value` cannot stand here: it is indented deeper than the line above, which has its value already, or a text with `: ` in it needs quotes",
    ),
    (
        "while parsing a block mapping, did not find expected key",
        "this line is indented less than the one above and more than those before it: lines of one object begin in one column",
    ),
    (
        "block collection, did not find expected '-'",
        "this line stands in a list and does not begin with `- `: indent it as far as the item it belongs to",
    ),
    (
        "block sequence entries are not allowed",
        "a list cannot begin here: put `- ` on a line of its own, or write `[…]`",
    ),
    ("flow mapping, did not find expected ',' or '}'", "a `{` is not closed, or a `,` is missing before this"),
    ("flow sequence, expected ',' or ']'", "a `[` is not closed, or a `,` is missing before this"),
    ("illegal placement of ':'", "a `[` or `{` above is not closed, or a text with a `:` needs quotes"),
    (
        "simple key expect",
        "a `:` is missing behind a key, or this line is not indented as far as the text it goes on with",
    ),
    ("found unexpected end of stream", "a text in quotes is not closed"),
    ("invalid indentation in quoted scalar", "a text in quotes is not closed, or its lines are not indented"),
    (
        "invalid trailing content after double-quoted",
        "something follows the text in quotes: put all of it into the quotes",
    ),
    ("found unknown escape character", "a `\\` in double quotes begins an escape: write `\\\\`, or use single quotes"),
    ("unknown anchor", "nothing above has the anchor that this `*` names; a text that begins with `*` needs quotes"),
    ("while scanning an anchor or alias", "a name is missing behind `*` or `&`; a text that begins so needs quotes"),
    ("found character that cannot start any token", "a text that begins with this character needs quotes"),
    ("unexpected character", "a text that begins with this character needs quotes"),
];

/// The parser notices some mistakes only at a later line, and a tab in many ways.
pub(super) fn plain(text: &str, at: Position, said: &str) -> SyntaxError {
    if let Some(line) = tabbed(text, at.line) {
        let column = text.lines().nth(line - 1).and_then(|text| text.find('\t')).unwrap_or_default() + 1;
        let message = "a tab indents this line, and YAML takes only spaces".into();
        return SyntaxError { at: Position { line, column }, message };
    }
    // Of lists within lists it counts what it has seen, and not what it has said.
    if said.contains("recursion limit") {
        return too_deep(at);
    }
    if let Some(column) = variable(text, at) {
        let message =
            "`${` begins no text within `{ }` and `[ ]`: a variable needs quotes there, as in `\"${name}\"`".into();
        return SyntaxError { at: Position { column, ..at }, message };
    }
    let words = WORDS.iter().find(|(theirs, _)| said.contains(theirs)).map(|(_, ours)| *ours);
    SyntaxError { at, message: words.unwrap_or(said).to_owned() }
}

/// Where a `${` stands in a list or an object, of which the parser takes the `{` for the beginning of another one.
fn variable(text: &str, at: Position) -> Option<usize> {
    let line = text.lines().nth(at.line.saturating_sub(1))?;
    let mark: String = line.chars().skip(at.column.checked_sub(2)?).take(2).collect();
    (mark == "${").then_some(at.column - 1)
}

/// The line with a tab in its indentation that can be meant: the one that the parser names, or the next one.
fn tabbed(text: &str, line: usize) -> Option<usize> {
    let is_tabbed = |text: &str| {
        let indentation = text.len() - text.trim_start_matches([' ', '\t']).len();
        text.get(..indentation).is_some_and(|indentation| indentation.contains('\t')) && !text.trim().is_empty()
    };
    let mut near = text.lines().enumerate().skip(line.saturating_sub(1)).take(2);
    near.find(|(_, text)| is_tabbed(text)).map(|(nth, _)| nth + 1)
}

#[cfg(test)]
mod tests {
    use crate::yaml::parse;

    fn check(yaml: &str, line: usize, message: &str) {
        let err = parse(yaml).expect_err(yaml);
        assert_eq!((err.at.line, err.message.contains(message)), (line, true), "{yaml:?}: {}", err.message);
    }

    #[test]
    fn a_tab_is_named_at_its_line() {
        check("models:\n- name: a\n\tcluster: c\n", 3, "a tab indents");
        check("models:\n\t- name: a\n", 2, "a tab indents");
        check("models:\n- name: a\n  \tcluster: c\n", 3, "a tab indents");
    }

    #[test]
    fn mistakes_of_indentation_and_brackets_are_told_apart() {
        check("models:\n- name: a\n   cluster: c\n", 3, "indented deeper than the line above");
        check("models:\n  - name: a\n - name: b\n", 3, "column");
        check("models: [a, b\nrules: []\n", 2, "is not closed");
        check("models: [{ name: a, cluster: c ]\n", 1, "`{` is not closed");
        check("a: \"b\n", 1, "not closed");
        check("a: *b\n", 1, "nothing above has the anchor");
        check("a: \"\\d\"\n", 1, "single quotes");
        check("a: @b\n", 1, "needs quotes");
        check("a: gpt: b\n", 1, "needs quotes");
    }

    #[test]
    fn a_variable_without_quotes_is_named_where_it_stands() {
        for (text, column) in [("a: { b: ${n} }\n", 9), ("- [x, ${n}]\n", 7), ("- { n: ${n}, m: 1 }", 8)] {
            let err = parse(text).expect_err(text);
            assert_eq!(
                (err.at.column, err.message.contains("needs quotes")),
                (column, true),
                "{text}: {}",
                err.message
            );
        }
        assert!(parse("a: ${n}\nb: [\"${n}\", '${n}']\n").is_ok());
        assert!(parse("a: { b: \"${n}\" ]\n").is_err_and(|err| !err.message.contains("variable")));
    }

    #[test]
    fn depth_has_one_sentence_whoever_counts_it() {
        for text in
            ["[".repeat(200), "[".repeat(100_000), "{a: ".repeat(100_000), format!("a: {}", "[".repeat(100_000))]
        {
            check(&text, 1, "nested deeper than 128 levels");
        }
        check(&"- ".repeat(100_000), 1, "nested deeper than 128 levels");
    }
}
