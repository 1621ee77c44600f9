//! The one layout: two spaces, lists in the column of their key, at most one empty line.

use super::WIDTH;
use super::comments::Comment;
use super::layout::{Kind, Layout, Node};

pub(super) fn print(text: &str, layout: Layout) -> String {
    let Layout { root, comments, marker } = layout;
    let is_empty: Vec<bool> = text.split('\n').map(|line| line.trim().is_empty()).collect();
    let mut starts = Vec::new();
    root.iter().for_each(|root| begins(root, &mut starts));
    starts.sort_unstable();
    let mut printer = Printer { out: String::new(), comments, next: 0, last: 0, is_empty, starts };
    if let Some(line) = marker {
        printer.alone_before(line, 0);
        printer.out.push_str("---\n");
        printer.last = line;
    }
    if let Some(root) = root {
        printer.root(&root);
    }
    printer.alone_before(usize::MAX, 0);
    printer.out
}

/// The lines on which items and entries begin.
fn begins(node: &Node, lines: &mut Vec<usize>) {
    lines.push(node.begin);
    match &node.kind {
        Kind::List(_, items) => items.iter().for_each(|item| begins(item, lines)),
        Kind::Map(_, entries) => entries.iter().for_each(|(key, value)| {
            lines.push(key.begin);
            begins(value, lines);
        }),
        _ => {}
    }
}

struct Printer {
    out: String,
    comments: Vec<Comment>,
    /// The first comment that is not printed yet.
    next: usize,
    /// The last line of the file that is.
    last: usize,
    is_empty: Vec<bool>,
    starts: Vec<usize>,
}

impl Printer {
    fn root(&mut self, root: &Node) {
        match &root.kind {
            Kind::List(..) | Kind::Map(..) if !self.fits(root, 0) => {
                self.alone_before(root.begin, 0);
                if let Some(anchor) = &root.anchor {
                    self.out.push_str(&format!("&{anchor}\n"));
                }
                self.block(root, 0, false);
            }
            _ => {
                self.alone_before(root.begin, 0);
                self.gap(root.begin);
                let start = self.out.len();
                self.value(root, 0, 0, start);
            }
        }
    }

    /// Comments on lines of their own in front of a line.
    fn alone_before(&mut self, line: usize, column: usize) {
        while let Some(comment) = self.comments.get(self.next).filter(|comment| comment.line < line).cloned() {
            self.next += 1;
            self.gap(comment.line);
            self.margin(column);
            self.out.push_str(&comment.text);
            self.out.push('\n');
            self.last = self.last.max(comment.line);
        }
    }

    /// Those behind the last item of a block that stood as far right as its items.
    fn alone_behind(&mut self, original: usize, column: usize) {
        let next = self.starts.partition_point(|start| *start <= self.last);
        let limit = self.starts.get(next).copied().unwrap_or(usize::MAX);
        while self.comments.get(self.next).is_some_and(|comment| comment.line < limit && comment.column >= original) {
            let Some(line) = self.comments.get(self.next).map(|comment| comment.line) else { return };
            self.alone_before(line + 1, column);
        }
    }

    /// An empty line where the file has one or more.
    fn gap(&mut self, line: usize) {
        let between = self.is_empty.iter().take(line.saturating_sub(1)).skip(self.last);
        if !self.out.is_empty() && between.copied().any(|is_empty| is_empty) {
            self.out.push('\n');
        }
    }

    fn margin(&mut self, column: usize) {
        self.out.extend(std::iter::repeat_n(' ', column));
    }

    /// The comment at the end of a line of the file, behind what begins at `start`; in the column that it had, if there is room.
    fn end(&mut self, line: usize, start: usize) {
        self.last = self.last.max(line);
        if let Some(comment) = self.comments.get(self.next).filter(|comment| comment.line == line).cloned() {
            self.next += 1;
            let used = self.out.get(start..).unwrap_or_default().chars().count();
            self.margin(comment.column.saturating_sub(used).max(1));
            self.out.push_str(&comment.text);
        }
        self.out.push('\n');
    }

    /// A list or an object, each part on a line of its own. `is_begun`: the first goes where the line ends now.
    fn block(&mut self, node: &Node, column: usize, is_begun: bool) {
        match &node.kind {
            Kind::List(_, items) => {
                for (nth, item) in items.iter().enumerate() {
                    let start = self.begin(item.begin, column, is_begun && nth == 0);
                    self.out.push('-');
                    self.item(item, column + 2, start);
                }
            }
            Kind::Map(_, entries) => {
                for (nth, (key, value)) in entries.iter().enumerate() {
                    let start = self.begin(key.begin, column, is_begun && nth == 0);
                    self.out.push_str(&word(key));
                    self.out.push(':');
                    self.last = self.last.max(key.end);
                    self.member(key, value, column, start);
                }
            }
            _ => {}
        }
        self.alone_behind(node.column, column);
    }

    /// Where a line begins in the text.
    fn begin(&mut self, line: usize, column: usize, is_begun: bool) -> usize {
        if !is_begun {
            self.alone_before(line, column);
            self.gap(line);
            self.margin(column);
            return self.out.len() - column;
        }
        self.out.rfind('\n').map_or(0, |end| end + 1)
    }

    fn item(&mut self, item: &Node, column: usize, start: usize) {
        if !self.is_block(item, self.width(start) + 1) {
            self.value(item, column, column - 2, start);
        } else if item.anchor.is_some() {
            self.below(item, item.begin, column, start);
        } else {
            self.hoist(first(item).begin, column - 2, start);
            self.out.push(' ');
            self.block(item, column, true);
        }
    }

    fn member(&mut self, key: &Node, value: &Node, column: usize, start: usize) {
        if self.is_block(value, self.width(start) + 1) {
            // A list stands in the column of its key.
            let inner = if matches!(value.kind, Kind::List(..)) { column } else { column + 2 };
            self.below(value, key.end, inner, start);
        } else {
            self.value(value, column + 2, column, start);
        }
    }

    /// A block on the lines below; what is behind its key or dash stays there.
    fn below(&mut self, node: &Node, line: usize, column: usize, start: usize) {
        if let Some(anchor) = &node.anchor {
            self.out.push_str(&format!(" &{anchor}"));
        }
        self.end(line, start);
        self.block(node, column, false);
    }

    /// What stands behind a key or a dash. Comments that were in front of it go above the line.
    fn value(&mut self, node: &Node, lines: usize, column: usize, start: usize) {
        let start = self.hoist(node.begin, column, start);
        let text = if let Kind::Lines(head, _) = &node.kind { head.clone() } else { inline(node) };
        let anchor = node.anchor.as_ref().filter(|_| matches!(node.kind, Kind::Lines(..)));
        let anchor = anchor.map(|anchor| format!("&{anchor} ")).unwrap_or_default();
        if !text.is_empty() {
            if self.out.len() > start {
                self.out.push(' ');
            }
            self.out.push_str(&anchor);
            self.out.push_str(&text);
        }
        let Kind::Lines(_, body) = &node.kind else { return self.end(node.end.max(self.last), start) };
        self.out.push('\n');
        for line in body {
            if !line.is_empty() {
                self.margin(lines.max(2));
                self.out.push_str(line);
            }
            self.out.push('\n');
        }
        self.last = self.last.max(node.end);
    }

    /// Puts comments that stand in the midst of what becomes one line above it, and says where that begins now.
    fn hoist(&mut self, line: usize, column: usize, start: usize) -> usize {
        let rest = self.comments.get(self.next..).unwrap_or_default();
        let taken: Vec<_> = rest.iter().take_while(|comment| comment.line < line).collect();
        let above: String = taken.iter().map(|comment| format!("{}{}\n", " ".repeat(column), comment.text)).collect();
        self.next += taken.len();
        self.out.insert_str(start, &above);
        start + above.len()
    }

    fn width(&self, start: usize) -> usize {
        self.out.get(start..).unwrap_or_default().chars().count()
    }

    /// Whether a node has lines of its own below its key or dash.
    fn is_block(&self, node: &Node, used: usize) -> bool {
        match &node.kind {
            Kind::List(_, items) if items.is_empty() => false,
            Kind::Map(_, entries) if entries.is_empty() => false,
            Kind::List(..) | Kind::Map(..) => !self.fits(node, used),
            _ => false,
        }
    }

    /// Whether a list or an object stays on one line.
    fn fits(&self, node: &Node, used: usize) -> bool {
        let (Kind::List(is_flow, _) | Kind::Map(is_flow, _)) = &node.kind else { return true };
        let rest = self.comments.get(self.next..).unwrap_or_default();
        // One behind its end is no comment inside.
        let has_comments = rest.iter().any(|it| it.line >= node.begin && it.line < node.end);
        *is_flow && !has_comments && !has_lines(node) && used + inline(node).chars().count() <= WIDTH
    }
}

/// The first thing that is written of a node.
fn first(node: &Node) -> &Node {
    match &node.kind {
        Kind::Map(_, entries) => entries.first().map_or(node, |(key, _)| key),
        Kind::List(_, items) => items.first().map_or(node, first),
        _ => node,
    }
}

fn has_lines(node: &Node) -> bool {
    match &node.kind {
        Kind::Lines(..) => true,
        Kind::List(_, items) => items.iter().any(has_lines),
        Kind::Map(_, entries) => entries.iter().any(|(_, value)| has_lines(value)),
        Kind::Line(_) => false,
    }
}

/// A scalar with its anchor.
fn word(node: &Node) -> String {
    let text = if let Kind::Line(text) = &node.kind { text.as_str() } else { "" };
    match &node.anchor {
        Some(anchor) => format!("&{anchor} {text}").trim_end().to_owned(),
        None => text.to_owned(),
    }
}

/// A node on one line.
fn inline(node: &Node) -> String {
    let text = match &node.kind {
        Kind::Line(_) | Kind::Lines(..) => return word(node),
        Kind::List(_, items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Kind::Map(_, entries) if entries.is_empty() => "{}".to_owned(),
        Kind::Map(_, entries) => {
            let entry = |(key, value): &(Node, Node)| match inline(value) {
                value if value.is_empty() => format!("{}:", word(key)),
                value => format!("{}: {value}", word(key)),
            };
            format!("{{ {} }}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    };
    match &node.anchor {
        Some(anchor) => format!("&{anchor} {text}"),
        None => text,
    }
}
