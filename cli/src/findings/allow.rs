//! What an author has said is meant: a comment in the file, or an option of the command.
//!
//! A comment, and no field of the policy: it is between the author and who reads the file. The proxy need not know of it, and
//! the policy's version stays what it is. JSON has no comments, and is mostly written by programs: for that there is `--allow`.

use super::Finding;
use super::table::Code;
use pointsman_source::{Finding as Placed, Part, Position, Source};
use std::str::FromStr;

/// How such a comment begins.
const MARK: &str = "# pointsman: allow";

/// `CODE` or `CODE@FIELD`, for what cannot say so itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allowance {
    code: Code,
    field: Option<String>,
}

impl FromStr for Allowance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (code, field) = text.split_once('@').map_or((text, None), |(code, field)| (code, Some(field)));
        let code: Code = code.parse()?;
        if !code.can_be_allowed() {
            return Err("this one cannot be allowed".to_owned());
        }
        Ok(Self { code, field: field.map(str::to_owned) })
    }
}

impl Allowance {
    fn covers(&self, finding: &Finding) -> bool {
        let is_there = |field: &str| {
            let rest = finding.placed.path.strip_prefix(field);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.code == finding.code && self.field.as_deref().is_none_or(is_there)
    }
}

/// A comment of that kind.
#[derive(Debug)]
struct Comment {
    at: Position,
    /// The lines that it speaks of: its own, and where nothing else stands there the next one.
    lines: [usize; 2],
    codes: Vec<Code>,
}

/// Marks what the author of the file, or who runs the command, allows.
pub(super) fn apply(source: &Source, allowed: &[Allowance], findings: &mut [Finding]) {
    let comments = comments(source.text());
    for finding in findings.iter_mut().filter(|finding| finding.code.can_be_allowed()) {
        finding.is_allowed |= allowed.iter().any(|allowance| allowance.covers(finding))
            || finding.placed.file == source.file && comments.iter().any(|comment| speaks_of(comment, source, finding));
    }
}

/// Comments for which there is nothing, or that say nothing. `looked_for` are the codes that were looked for.
pub(super) fn unused(source: &Source, findings: &[Finding], looked_for: fn(Code) -> bool) -> Vec<Finding> {
    let mut unused = Vec::new();
    for comment in comments(source.text()) {
        let mut find = |message: String| {
            let placed = Placed { file: source.file.clone(), at: Some(comment.at), path: String::new(), message };
            unused.push(Finding::new(Code::P0002, placed));
        };
        if comment.codes.is_empty() {
            find(format!("names no code that can be allowed: `{} P0025`", MARK.trim_start_matches("# ")));
        }
        for code in comment.codes.iter().filter(|code| looked_for(**code)) {
            let only = Comment { at: comment.at, lines: comment.lines, codes: vec![*code] };
            if !findings.iter().any(|finding| speaks_of(&only, source, finding)) {
                find(format!("allows {code} ({}), and there is none here", code.title()));
            }
        }
    }
    unused
}

/// A finding is where it is pointed at, and where the rule, tenant or model begins that it is in.
fn speaks_of(comment: &Comment, source: &Source, finding: &Finding) -> bool {
    let path = &finding.placed.path;
    let item = path.find(']').and_then(|end| path.get(..=end)).unwrap_or(path);
    let begins = source.finding(item, Part::Value, "").at;
    let lines = finding.placed.at.into_iter().chain(begins).map(|at| at.line);
    comment.codes.contains(&finding.code) && lines.into_iter().any(|line| comment.lines.contains(&line))
}

fn comments(text: &str) -> Vec<Comment> {
    let lines: Vec<&str> = text.lines().collect();
    let is_quiet = |line: &str| line.trim_start().is_empty() || line.trim_start().starts_with('#');
    let mut comments = Vec::new();
    for (number, line) in (1..).zip(&lines) {
        let starts = line.match_indices(MARK).map(|(at, _)| at);
        let starts = starts
            .filter(|at| line.get(..*at).is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t'])));
        for start in starts {
            let rest = line.get(start + MARK.len()..).unwrap_or_default();
            // What follows the codes says why.
            let words = rest.split([' ', ',', '\t']).filter(|word| !word.is_empty());
            let codes = words.map_while(|word| word.trim_end_matches([':', '.', ';']).parse::<Code>().ok());
            let before = line.get(..start).unwrap_or_default();
            let next = match before.trim().is_empty() {
                true => (number..)
                    .zip(lines.iter().skip(number))
                    .find(|(_, line)| !is_quiet(line))
                    .map_or(number, |(at, _)| at + 1),
                false => number,
            };
            comments.push(Comment {
                at: Position { line: number, column: before.chars().count() + 1 },
                lines: [number, next],
                codes: codes.filter(|code| code.can_be_allowed()).collect(),
            });
        }
    }
    comments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(usize, [usize; 2], &[Code])]) {
        let found = comments(text);
        let found: Vec<_> = found.iter().map(|it| (it.at.column, it.lines, it.codes.as_slice())).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_comment_speaks_of_its_line_or_the_next_with_something_in_it() {
        check("a: 1 # pointsman: allow P0025, the proxy sets it\nb: 2\n", &[(6, [1, 1], &[Code::P0025])]);
        check(
            "- x\n  # pointsman: allow P0010 P0012\n  # because\n\n- y\n",
            &[(3, [2, 5], &[Code::P0010, Code::P0012])],
        );
        check("# pointsman: allow p0033: soon", &[(1, [1, 1], &[Code::P0033])]);
    }

    #[test]
    fn what_names_no_code_allows_nothing() {
        check("# pointsman: allow everything", &[(1, [1, 1], &[])]);
        check("# pointsman: allow P0001", &[(1, [1, 1], &[])]);
        check("a: x# pointsman: allow P0010", &[]);
    }

    #[test]
    fn an_option_can_say_where() {
        let covers = |allowance: &str, code: Code, path: &str| {
            let placed = Placed { file: "f".into(), at: None, path: path.into(), message: String::new() };
            allowance.parse::<Allowance>().unwrap().covers(&Finding::new(code, placed))
        };
        assert!(covers("P0010", Code::P0010, "rules[1]") && covers("P0010@rules[1]", Code::P0010, "rules[1].match"));
        assert!(!covers("P0010@rules[1]", Code::P0010, "rules[12]") && !covers("P0010", Code::P0011, "rules[1]"));
        assert!("P0001".parse::<Allowance>().is_err() && "P001".parse::<Allowance>().is_err());
    }
}
