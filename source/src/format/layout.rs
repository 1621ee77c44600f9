//! How a YAML file is written: its values as they are spelled, where they stand, its comments.

use super::comments::{self, Comment};
use super::spelling::{self, Spelling};
use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// A file as it is written.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) root: Option<Node>,
    pub(super) comments: Vec<Comment>,
    /// The line of a `---`.
    pub(super) marker: Option<usize>,
}

/// A value as it is written.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// The lines that it begins and ends on.
    pub(super) begin: usize,
    pub(super) end: usize,
    /// The column that it begins in.
    pub(super) column: usize,
    pub(super) anchor: Option<String>,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// Text for one line; nothing for a value that is left out.
    Line(String),
    /// The head of a text of several lines (`|-`) and its lines, without what they are indented by.
    Lines(String, Vec<String>),
    /// A list, and whether it is written in brackets.
    List(bool, Vec<Node>),
    /// An object, and whether it is written in brackets.
    Map(bool, Vec<(Node, Node)>),
}

/// `None` for what cannot be laid out anew.
pub(super) fn of(text: &str, chars: &[char]) -> Option<Layout> {
    let scalars = spelling::all(text, chars)?;
    let comments = comments::find(chars, &scalars);
    let anchors = anchors(chars, &scalars, &comments);
    let mut reading = Reading { chars, anchors, open: Vec::new(), root: None };
    let mut marker = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        if matches!(event, Event::DocumentStart(true)) {
            marker = Some(span.start.line());
        }
        reading.take(event, &span)?;
    }
    Some(Layout { root: reading.root, comments, marker })
}

/// The names of all anchors, in their order: the parser numbers them so.
fn anchors(chars: &[char], scalars: &[Spelling], comments: &[Comment]) -> Vec<String> {
    let mut commented = comments.iter().peekable();
    let mut scalars = scalars.iter().peekable();
    let (mut names, mut line, mut column, mut before) = (Vec::new(), 1, 0, ' ');
    let mut letters = chars.iter().copied().enumerate().peekable();
    while let Some((at, letter)) = letters.next() {
        while scalars.next_if(|scalar| scalar.end <= at).is_some() {}
        while commented.next_if(|comment| comment.line < line).is_some() {}
        let is_scalar = scalars.peek().is_some_and(|scalar| scalar.has(at));
        let is_comment = commented.peek().is_some_and(|comment| comment.line == line && comment.column <= column);
        let is_begun = before.is_whitespace() || "[{,:-".contains(before);
        if letter == '&' && is_begun && !is_scalar && !is_comment {
            let mut name = String::new();
            let is_name = |letter: char| !letter.is_whitespace() && !"[]{},".contains(letter);
            while let Some((_, letter)) = letters.next_if(|(_, letter)| is_name(*letter)) {
                name.push(letter);
                column += 1;
            }
            names.push(name);
        }
        before = letter;
        (line, column) = if letter == '\n' { (line + 1, 0) } else { (line, column + 1) };
    }
    names
}

struct Open {
    node: Node,
    key: Option<Node>,
}

struct Reading<'c> {
    chars: &'c [char],
    anchors: Vec<String>,
    open: Vec<Open>,
    root: Option<Node>,
}

impl Reading<'_> {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Option<()> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let kind = if tag.is_some() { Kind::Line(quoted(&text)) } else { self.scalar(&text, style, span)? };
                let spelling = Spelling::of(self.chars, span, style);
                let (begin, end) = match &kind {
                    Kind::Lines(_, lines) => (span.start.line() - 1, span.start.line() + lines.len() - 1),
                    Kind::Line(text) if text.is_empty() => (span.start.line(), span.start.line()),
                    _ => (span.start.line(), span.start.line() + self.newlines(span.start.index(), spelling.end)),
                };
                let anchor = self.name(anchor)?;
                self.place(Node { begin, end, column: span.start.col(), anchor, kind })
            }
            Event::Alias(anchor) => {
                let name = self.name(anchor)??;
                let (begin, end) = (span.start.line(), span.end.line());
                let kind = Kind::Line(format!("*{name}"));
                self.place(Node { begin, end, column: span.start.col(), anchor: None, kind })
            }
            Event::SequenceStart(anchor, _) => {
                let is_flow = self.opens(span, '[');
                self.begin(Kind::List(is_flow, Vec::new()), anchor, span)
            }
            Event::MappingStart(anchor, _) => {
                let is_flow = self.opens(span, '{');
                self.begin(Kind::Map(is_flow, Vec::new()), anchor, span)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Open { mut node, .. } = self.open.pop()?;
                let last = match &node.kind {
                    Kind::List(true, _) | Kind::Map(true, _) => Some(span.end.line()),
                    Kind::List(_, items) => items.last().map(|item| item.end),
                    Kind::Map(_, entries) => entries.last().map(|(key, value)| key.end.max(value.end)),
                    _ => None,
                };
                node.end = last.unwrap_or(node.begin).max(node.begin);
                self.place(node)
            }
            _ => Some(()),
        }
    }

    fn opens(&self, span: &Span, bracket: char) -> bool {
        // Of a block the parser may say that it begins where its first item does, and that nothing stands there.
        let is_there = span.start.index() < span.end.index();
        is_there && self.chars.get(spelling::behind_properties(self.chars, span.start.index())) == Some(&bracket)
    }

    fn newlines(&self, start: usize, end: usize) -> usize {
        self.chars.get(start..end).unwrap_or_default().iter().filter(|letter| **letter == '\n').count()
    }

    fn name(&self, anchor: usize) -> Option<Option<String>> {
        match anchor.checked_sub(1) {
            None => Some(None),
            Some(nth) => self.anchors.get(nth).map(|name| Some(name.clone())),
        }
    }

    fn begin(&mut self, kind: Kind, anchor: usize, span: &Span) -> Option<()> {
        let (begin, column) = (span.start.line(), span.start.col());
        let node = Node { begin, end: begin, column, anchor: self.name(anchor)?, kind };
        self.open.push(Open { node, key: None });
        Some(())
    }

    fn place(&mut self, node: Node) -> Option<()> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open { node: Node { kind: Kind::List(_, items), .. }, .. }) => items.push(node),
            Some(Open { node: Node { kind: Kind::Map(_, entries), .. }, key }) => match key.take() {
                None => *key = Some(node),
                Some(key) => entries.push((key, node)),
            },
            Some(_) => return None,
        }
        Some(())
    }

    fn scalar(&self, text: &str, style: ScalarStyle, span: &Span) -> Option<Kind> {
        let Spelling { start, end } = Spelling::of(self.chars, span, style);
        let raw: String = self.chars.get(start..end)?.iter().collect();
        let is_one_line = !raw.trim_end().contains('\n');
        Some(match style {
            ScalarStyle::Plain if text.is_empty() => Kind::Line(String::new()),
            ScalarStyle::Plain if is_one_line => Kind::Line(raw.trim_end().to_owned()),
            ScalarStyle::DoubleQuoted if is_one_line => Kind::Line(raw),
            ScalarStyle::SingleQuoted if is_one_line && text.contains(['"', '\\']) => Kind::Line(raw),
            ScalarStyle::Literal | ScalarStyle::Folded if text.trim().is_empty() => Kind::Line(quoted(text)),
            ScalarStyle::Literal | ScalarStyle::Folded => self.lines(span)?,
            // What goes on over several lines is one text all the same.
            _ => Kind::Line(quoted(text)),
        })
    }

    /// A text of several lines. One that says how far it is indented cannot be moved, nor one that begins with empty lines.
    fn lines(&self, span: &Span) -> Option<Kind> {
        let before: String = self.chars.get(..span.start.index())?.iter().collect();
        let (before, margin) = before.rsplit_once('\n')?;
        let head = before.rsplit('\n').next()?.trim_end();
        let head = head.get(head.rfind(['|', '>'])?..)?;
        if !["|", "|-", "|+", ">", ">-", ">+"].contains(&head) || !margin.trim().is_empty() {
            return None;
        }
        let raw: String = self.chars.get(span.start.index()..span.end.index())?.iter().collect();
        let body = raw.strip_suffix('\n').unwrap_or(&raw).split('\n').enumerate();
        let strip = |(nth, line): (usize, &str)| {
            if nth == 0 { line.to_owned() } else { line.get(margin.len()..).unwrap_or_default().to_owned() }
        };
        let mut body: Vec<String> = body.map(strip).collect();
        while !head.ends_with('+') && body.last().is_some_and(|line| line.trim().is_empty()) {
            body.pop();
        }
        Some(Kind::Lines(head.to_owned(), body))
    }
}

/// Text in double quotes, on one line.
fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    let is_odd = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}');
    json.chars()
        .map(|letter| if is_odd(letter) { format!("\\u{:04x}", u32::from(letter)) } else { letter.into() })
        .collect()
}
