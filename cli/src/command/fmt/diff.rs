//! What differs between two texts, as `diff -u` has it.

use pointsman_document::Visible;
use std::path::Path;

/// Lines that stay the same around a change.
const CONTEXT: usize = 3;

/// Pairs of lines that are compared at most: of larger changes, all lines go and come.
const MAX_PAIRS: usize = 4_000_000;

/// A line of the one text, of the other, or of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line<'t> {
    Same(&'t str),
    Gone(&'t str),
    New(&'t str),
}

pub(super) fn unified(file: &Path, before: &str, after: &str) -> String {
    let name = file.display();
    let mut text = format!("--- {name}\n+++ {name} (formatted)\n");
    let lines = compared(&before.split('\n').collect::<Vec<_>>(), &after.split('\n').collect::<Vec<_>>());
    let is_change = |line: &Line<'_>| !matches!(line, Line::Same(_));
    let mut at = 0;
    while let Some(first) = lines.iter().skip(at).position(is_change).map(|offset| at + offset) {
        let (start, mut end) = (first.saturating_sub(CONTEXT).max(at), first + 1);
        // Changes with little between them are one hunk.
        while let Some(next) = lines.iter().skip(end).take(2 * CONTEXT).position(is_change) {
            end += next + 1;
        }
        let end = (end + CONTEXT).min(lines.len());
        let count = |lines: &[Line<'_>], is_of: fn(&Line<'_>) -> bool| lines.iter().filter(|line| is_of(line)).count();
        let (above, hunk) = (lines.get(..start).unwrap_or_default(), lines.get(start..end).unwrap_or_default());
        let old = |line: &Line<'_>| !matches!(line, Line::New(_));
        let new = |line: &Line<'_>| !matches!(line, Line::Gone(_));
        let (from, to) = (count(above, old) + 1, count(above, new) + 1);
        text.push_str(&format!("@@ -{from},{} +{to},{} @@\n", count(hunk, old), count(hunk, new)));
        hunk.iter().for_each(|line| text.push_str(&shown(line)));
        at = end;
    }
    text
}

fn shown(line: &Line<'_>) -> String {
    let (mark, line) = match line {
        Line::Same(line) => (' ', line),
        Line::Gone(line) => ('-', line),
        Line::New(line) => ('+', line),
    };
    format!("{mark}{}\n", Visible(line))
}

/// The longest common lines, by the table of all pairs between what is alike at both ends.
fn compared<'t>(before: &[&'t str], after: &[&'t str]) -> Vec<Line<'t>> {
    let front = before.iter().zip(after).take_while(|(old, new)| old == new).count();
    let (old, new) = (before.get(front..).unwrap_or_default(), after.get(front..).unwrap_or_default());
    let back = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    let (old, end) = old.split_at(old.len() - back);
    let new = new.get(..new.len() - back).unwrap_or_default();
    let mut lines: Vec<Line<'t>> = before.iter().take(front).map(|line| Line::Same(line)).collect();
    lines.extend(between(old, new));
    lines.extend(end.iter().map(|line| Line::Same(line)));
    lines
}

fn between<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<Line<'t>> {
    let gone = |lines: &[&'t str]| lines.iter().map(|line| Line::Gone(line)).collect::<Vec<_>>();
    let came = |lines: &[&'t str]| lines.iter().map(|line| Line::New(line)).collect::<Vec<_>>();
    if old.len().saturating_mul(new.len()) > MAX_PAIRS {
        return [gone(old), came(new)].concat();
    }
    // How many lines are common from each pair on.
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    let at = |common: &[u32], row: usize, column: usize| common.get(row * width + column).copied().unwrap_or_default();
    for (row, line) in old.iter().enumerate().rev() {
        for (column, other) in new.iter().enumerate().rev() {
            let best = if line == other {
                at(&common, row + 1, column + 1) + 1
            } else {
                at(&common, row + 1, column).max(at(&common, row, column + 1))
            };
            if let Some(cell) = common.get_mut(row * width + column) {
                *cell = best;
            }
        }
    }
    let (mut row, mut column, mut lines) = (0, 0, Vec::new());
    while let (Some(line), Some(other)) = (old.get(row), new.get(column)) {
        if line == other {
            lines.push(Line::Same(line));
            (row, column) = (row + 1, column + 1);
        } else if at(&common, row + 1, column) >= at(&common, row, column + 1) {
            lines.push(Line::Gone(line));
            row += 1;
        } else {
            lines.push(Line::New(other));
            column += 1;
        }
    }
    lines.extend(gone(old.get(row..).unwrap_or_default()));
    lines.extend(came(new.get(column..).unwrap_or_default()));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hunks_have_their_places() {
        let before = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\n";
        let after = before.replace("b\n", "B\n").replace("k\n", "");
        assert_eq!(
            unified(Path::new("f"), before, &after),
            "--- f\n+++ f (formatted)\n@@ -1,5 +1,5 @@\n a\n-b\n+B\n c\n d\n e\n@@ -8,6 +8,5 @@\n h\n i\n j\n-k\n l\n \n"
        );
        assert_eq!(unified(Path::new("f"), "", ""), "--- f\n+++ f (formatted)\n");
        assert_eq!(
            unified(Path::new("f"), "a\r\n", "a\n"),
            "--- f\n+++ f (formatted)\n@@ -1,2 +1,2 @@\n-a\\r\n+a\n \n"
        );
    }
}
