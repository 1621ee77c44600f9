//! Comments of a YAML file, which its parser does not tell of.

use super::spelling::{self, Spelling};

/// A comment and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comment {
    /// Counted from 1.
    pub(super) line: usize,
    /// Counted from 0.
    pub(super) column: usize,
    /// From the `#` on, without spaces at its end.
    pub(super) text: String,
}

/// Every comment: what begins with `#` behind a space, and is in no scalar.
pub(super) fn find(chars: &[char], scalars: &[Spelling]) -> Vec<Comment> {
    let (mut comments, mut scalars) = (Vec::new(), scalars.iter().peekable());
    let (mut line, mut begin, mut at) = (1, 0, 0);
    while let Some(letter) = chars.get(at) {
        while scalars.next_if(|scalar| scalar.end <= at).is_some() {}
        let is_scalar = scalars.peek().is_some_and(|scalar| scalar.has(at));
        let is_begun =
            at.checked_sub(1).and_then(|before| chars.get(before)).is_none_or(|before| before.is_whitespace());
        if *letter == '\n' {
            (line, begin) = (line + 1, at + 1);
        } else if *letter == '#' && is_begun && !is_scalar {
            let rest = chars.iter().skip(at).take_while(|letter| **letter != '\n');
            let text: String = rest.collect();
            comments.push(Comment { line, column: at - begin, text: text.trim_end().to_owned() });
            at += text.chars().count();
            continue;
        }
        at += 1;
    }
    comments
}

/// Whether two texts have the same comments.
pub(super) fn same(one: &str, other: &str) -> bool {
    let of = |text: &str| {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
        let chars: Vec<char> = text.chars().collect();
        let mut found: Vec<String> =
            find(&chars, &spelling::all(&text, &chars)?).into_iter().map(|comment| comment.text).collect();
        found.sort();
        Some(found)
    };
    let (one, other) = (of(one), of(other));
    one.is_some() && one == other
}
