//! What is sent, as a diff of the client's request.

use crate::record::printable;
use pointsman_engine::trace::{Attempt, BodyChange, HeaderChange, Trace};

/// How much of what goes or comes is shown at either end, in characters.
const SHOWN: usize = 200;

/// What each attempt changes, and the copy: a block each. Of those that come after the first, only what they change otherwise.
pub(super) fn changes(trace: &Trace, colours: bool) -> String {
    let mut page = String::new();
    let first = trace.attempts.first();
    for (nth, attempt) in trace.attempts.iter().enumerate() {
        let title = if nth == 0 { "sends".to_owned() } else { format!("attempt {}, if that fails, sends", nth + 1) };
        page.push_str(&block(&title, attempt, first.filter(|_| nth > 0), colours));
    }
    if let Some(copy) = &trace.mirror {
        page.push_str(&block("copies", copy, first, colours));
    }
    page
}

fn block(title: &str, attempt: &Attempt, but: Option<&Attempt>, colours: bool) -> String {
    let place = format!("{} on {}, {}", attempt.model, attempt.cluster, attempt.path);
    let mut block = format!("\n{title} {}\n", printable(&place));
    let mut line = |mark: char, text: &str| {
        let (start, end) = match mark {
            '-' if colours => ("\u{1b}[31m", "\u{1b}[0m"),
            '+' if colours => ("\u{1b}[32m", "\u{1b}[0m"),
            _ => ("", ""),
        };
        block.push_str(&format!("  {start}{mark} {}{end}\n", printable(text)));
    };
    for header in &attempt.headers {
        if but.is_some_and(|but| but.headers.contains(header)) {
            continue;
        }
        let HeaderChange { name, removed, added } = header;
        if let Some(removed) = removed {
            line('-', &format!("{name}: {}", middle(removed)));
        }
        if let Some(added) = added {
            line('+', &format!("{name}: {}", middle(added)));
        }
    }
    for BodyChange { at, before, removed, added, after } in &attempt.body {
        line('@', &format!("body, byte {at}"));
        line('-', &format!("{before}{}{after}", middle(removed)));
        line('+', &format!("{before}{}{after}", middle(added)));
    }
    block
}

/// A long text without its middle.
fn middle(text: &str) -> String {
    let count = text.chars().count();
    if count <= 2 * SHOWN {
        return text.to_owned();
    }
    let start: String = text.chars().take(SHOWN).collect();
    let end: String = text.chars().skip(count - SHOWN).collect();
    format!("{start}…{end}")
}
