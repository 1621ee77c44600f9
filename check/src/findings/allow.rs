//! What an author has said is meant: a comment in the file, or an option of the command.
//!
//! A comment, and no field of the policy: it is between the author and who reads the file. The proxy need not know of it, and
//! the policy's version stays what it is. JSON has no comments, and is mostly written by programs: for that there is `--allow`.

use super::Finding;
use super::table::Code;
use pointsman_source::{File, Finding as Placed, Position, Source};
use std::collections::HashSet;
use std::str::FromStr;

/// How such a comment begins.
const MARK: &str = "# pointsman: allow";

/// `CODE` or `CODE@FIELD`, for what cannot say so itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
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

impl Comment {
    fn spots(&self) -> impl Iterator<Item = Spot> {
        self.codes.iter().flat_map(|code| self.lines.map(|line| (*code, line)))
    }
}

/// A code at a line.
type Spot = (Code, usize);

/// Marks what the author of the file, or who runs the command, allows.
pub fn apply(source: &Source, allowed: &[Allowance], findings: &mut [Finding]) {
    for file in source.files() {
        let comments = comments(&file.text);
        let spoken_of: HashSet<Spot> = comments.iter().flat_map(Comment::spots).collect();
        for finding in findings.iter_mut().filter(|finding| finding.code.can_be_allowed()) {
            finding.is_allowed |= allowed.iter().any(|allowance| allowance.covers(finding))
                || spots(source, file, finding).any(|spot| spoken_of.contains(&spot));
        }
    }
}

/// Comments for which there is nothing, or that say nothing. `looked_for` are the codes that were looked for.
pub fn unused(source: &Source, findings: &[Finding], looked_for: fn(Code) -> bool) -> Vec<Finding> {
    source.files().iter().flat_map(|file| unused_in(source, file, findings, looked_for)).collect()
}

fn unused_in(source: &Source, file: &File, findings: &[Finding], looked_for: fn(Code) -> bool) -> Vec<Finding> {
    let comments = comments(&file.text);
    if comments.is_empty() {
        return Vec::new();
    }
    let found: HashSet<Spot> = findings.iter().flat_map(|finding| spots(source, file, finding)).collect();
    let mut unused = Vec::new();
    for comment in comments {
        let mut find = |message: String| {
            let placed = Placed { file: file.name.clone(), at: Some(comment.at), path: String::new(), message };
            unused.push(Finding::new(Code::P0002, placed));
        };
        if comment.codes.is_empty() {
            find(format!("names no code that can be allowed: `{} P0025`", MARK.trim_start_matches("# ")));
        }
        for code in comment.codes.iter().filter(|code| looked_for(**code)) {
            if !comment.lines.iter().any(|line| found.contains(&(*code, *line))) {
                find(format!("allows {code} ({}), and there is none here", code.title()));
            }
        }
    }
    unused
}

/// Where comments of this file can speak of a finding: where it is pointed at, and where the rule, tenant or model begins that
/// it is in.
fn spots(source: &Source, file: &File, finding: &Finding) -> impl Iterator<Item = Spot> {
    let is_here = finding.placed.file == file.name;
    let begins = is_here.then(|| source.beginning(&finding.placed)).flatten();
    let places = finding.placed.at.filter(|_| is_here).into_iter().chain(begins);
    let code = finding.code;
    places.map(move |at| (code, at.line))
}

/// All of them, in one pass: a file may be nothing but comments.
fn comments(text: &str) -> Vec<Comment> {
    let mut comments: Vec<Comment> = Vec::new();
    // Those with nothing else at their line, until one comes that has something.
    let mut alone: Vec<usize> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let content = line.trim_start();
        let indentation = line.len() - content.len();
        if !content.is_empty() && !content.starts_with('#') {
            for nth in alone.drain(..) {
                if let Some(Comment { lines: [_, next], .. }) = comments.get_mut(nth) {
                    *next = number;
                }
            }
        }
        let (mut counted, mut column) = (0, 1);
        for (start, _) in line.match_indices(MARK) {
            let before = line.get(counted..start).unwrap_or_default();
            (counted, column) = (start, column + before.chars().count());
            if start > 0 && !before.ends_with([' ', '\t']) {
                continue;
            }
            if start == indentation {
                alone.push(comments.len());
            }
            let codes = codes(line.get(start + MARK.len()..).unwrap_or_default());
            comments.push(Comment { at: Position { line: number, column }, lines: [number, number], codes });
        }
    }
    comments
}

/// The codes that a comment names first; what follows them says why.
fn codes(rest: &str) -> Vec<Code> {
    let words = rest.split([' ', ',', '\t']).filter(|word| !word.is_empty());
    let codes = words.map_while(|word| word.trim_end_matches([':', '.', ';']).parse::<Code>().ok());
    codes.filter(|code| code.can_be_allowed()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pointsman_source::{Format, Part};
    use std::time::{Duration, Instant};

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

    /// Whoever looks on from each comment for what it speaks of needs minutes for these.
    #[test]
    fn a_file_of_comments_is_read_in_one_pass() {
        let begun = Instant::now();
        let text = format!("a: 1\n{}", "# pointsman: allow P0010: x\n".repeat(100_000));
        let source = Source::parse("f", &text, Format::Yaml).unwrap();
        let mut findings: Vec<Finding> =
            (0..1000).map(|_| Finding::new(Code::P0011, source.finding("a", Part::Value, ""))).collect();
        apply(&source, &[], &mut findings);
        assert_eq!(unused(&source, &findings, Code::is_of_policies).len(), 100_000);
        // And where all of them are at one line.
        let line = format!("{}{}", " ".repeat(100_000), "# pointsman: allow P0010 ".repeat(100_000));
        assert_eq!(comments(&line).last().map(|last| last.at.column), Some(100_000 + 99_999 * 25 + 1));
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }

    #[test]
    fn a_comment_speaks_of_nothing_in_another_file() {
        let text = "a: 1 # pointsman: allow P0010\n";
        let [source, other] = ["f", "g"].map(|file| Source::parse(file, text, Format::Yaml).unwrap());
        let mut findings = [Finding::new(Code::P0010, other.finding("a", Part::Value, ""))];
        apply(&source, &[], &mut findings);
        assert!(!findings[0].is_allowed && unused(&source, &findings, Code::is_of_policies).len() == 1);
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
