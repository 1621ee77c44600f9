//! A line on standard error while a replay runs, where that is a terminal.
//!
//! One line that writes over itself needs no library; `indicatif` would bring five packages for it.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_millis(200);
const WIDTH: u64 = 30;

/// How far a replay is.
#[derive(Debug)]
pub(super) struct Progress {
    size: Option<u64>,
    bytes: u64,
    lines: u64,
    started: Instant,
    shown: Option<Instant>,
    is_terminal: bool,
}

impl Progress {
    pub(super) fn new(size: Option<u64>) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        Self {
            size: size.filter(|size| *size > 0),
            bytes: 0,
            lines: 0,
            started: Instant::now(),
            shown: None,
            is_terminal,
        }
    }

    /// So much more has been read.
    pub(super) fn step(&mut self, bytes: u64, lines: u64) {
        self.bytes += bytes;
        self.lines += lines;
        if self.is_terminal && self.shown.unwrap_or(self.started).elapsed() >= INTERVAL {
            self.shown = Some(Instant::now());
            let rate = self.lines as f64 / self.started.elapsed().as_secs_f64().max(0.001);
            let bar = self.size.map_or_else(String::new, |size| bar(self.bytes, size));
            let _ = write!(std::io::stderr(), "\r{bar}{} records, {rate:.0} a second ", self.lines);
        }
    }

    /// Takes the line away.
    pub(super) fn end(&self) {
        if self.shown.is_some() {
            let _ = write!(std::io::stderr(), "\r{:79}\r", "");
        }
    }
}

fn bar(done: u64, size: u64) -> String {
    let filled = usize::try_from(done.min(size) * WIDTH / size).unwrap_or(0);
    let empty = usize::try_from(WIDTH).unwrap_or(0).saturating_sub(filled);
    format!("[{}{}] {:3}%  ", "#".repeat(filled), " ".repeat(empty), done.min(size) * 100 / size)
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn a_bar_ends_where_the_files_do() {
        assert_eq!(bar(50, 100), format!("[{}{}]  50%  ", "#".repeat(15), " ".repeat(15)));
        assert_eq!(bar(200, 100), format!("[{}] 100%  ", "#".repeat(30)));
    }
}
