//! The terminal while somebody looks at it: a screen of its own, keys as they are pressed, and all of it given back in the end.

use super::screen::{Line, Style};
use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::style::{Attribute, Color, Print, ResetColor, SetAttribute, SetForegroundColor};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode, size,
};
use crossterm::{execute, queue};
use std::io::{IsTerminal as _, Result, Write as _, stdout};
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, channel};

/// A terminal that is ours, until this value goes.
#[derive(Debug)]
pub(crate) struct Terminal(());

impl Terminal {
    /// Whether there is one that can be drawn on.
    pub(crate) fn is_there() -> bool {
        stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|name| name != "dumb")
    }

    pub(crate) fn take() -> Result<Self> {
        // The program ends at a panic without dropping anything.
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            give_back();
            before(info);
        }));
        enable_raw_mode()?;
        let taken = Self(());
        execute!(stdout(), EnterAlternateScreen, Hide)?;
        Ok(taken)
    }

    /// How many lines it has.
    pub(crate) fn height(&self) -> usize {
        size().map_or(24, |(_, rows)| rows.into())
    }

    /// Draws over what is there, so that nothing flickers.
    pub(crate) fn draw(&mut self, lines: &[Line]) -> Result<()> {
        let (columns, rows) = size()?;
        let mut out = stdout().lock();
        queue!(out, BeginSynchronizedUpdate)?;
        for (row, line) in (0..rows).zip(lines) {
            queue!(out, MoveTo(0, row))?;
            match line.style {
                Style::Plain => {}
                Style::Head => queue!(out, SetAttribute(Attribute::Reverse))?,
                Style::Alarm => queue!(out, SetForegroundColor(Color::Red))?,
                Style::Hint => queue!(out, SetAttribute(Attribute::Dim))?,
            }
            let text = Print(line.within(columns.into()));
            queue!(out, text, ResetColor, SetAttribute(Attribute::Reset), Clear(ClearType::UntilNewLine))?;
        }
        queue!(out, Clear(ClearType::FromCursorDown), EndSynchronizedUpdate)?;
        out.flush()
    }

    /// What is pressed, and that the window has changed. It ends when nobody listens any more, or the terminal has gone.
    pub(crate) fn listen(&self) -> Receiver<Pressed> {
        const PAUSE: Duration = Duration::from_millis(100);
        let (sender, receiver) = channel(16);
        std::thread::spawn(move || {
            while !sender.is_closed() {
                match event::poll(PAUSE) {
                    Ok(false) => {}
                    Ok(true) => match event::read() {
                        Ok(event) => {
                            if pressed(&event).is_some_and(|pressed| sender.blocking_send(pressed).is_err()) {
                                return;
                            }
                        }
                        Err(_) => return,
                    },
                    Err(_) => return,
                }
            }
        });
        receiver
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

fn give_back() {
    let _ = execute!(stdout(), LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}

/// What somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pressed {
    End,
    Letter(char),
    Tab,
    Left,
    Right,
    Up,
    Down,
    PageUp,
    PageDown,
    /// The window has another size.
    Resized,
}

fn pressed(event: &Event) -> Option<Pressed> {
    let key = match event {
        Event::Resize(..) => return Some(Pressed::Resized),
        Event::Key(key) if key.kind != KeyEventKind::Release => key,
        _ => return None,
    };
    let KeyEvent { code, modifiers, .. } = *key;
    Some(match code {
        KeyCode::Char('c' | 'd') if modifiers.contains(KeyModifiers::CONTROL) => Pressed::End,
        KeyCode::Char('q' | 'Q') | KeyCode::Esc => Pressed::End,
        KeyCode::Char(letter) => Pressed::Letter(letter),
        KeyCode::Tab => Pressed::Tab,
        KeyCode::Left => Pressed::Left,
        KeyCode::Right => Pressed::Right,
        KeyCode::Up => Pressed::Up,
        KeyCode::Down => Pressed::Down,
        KeyCode::PageUp => Pressed::PageUp,
        KeyCode::PageDown => Pressed::PageDown,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_what_the_last_line_says() {
        for (code, modifiers, expected) in [
            (KeyCode::Char('q'), KeyModifiers::NONE, Some(Pressed::End)),
            (KeyCode::Char('c'), KeyModifiers::CONTROL, Some(Pressed::End)),
            (KeyCode::Char('c'), KeyModifiers::NONE, Some(Pressed::Letter('c'))),
            (KeyCode::Esc, KeyModifiers::NONE, Some(Pressed::End)),
            (KeyCode::Tab, KeyModifiers::NONE, Some(Pressed::Tab)),
            (KeyCode::F(1), KeyModifiers::NONE, None),
        ] {
            assert_eq!(pressed(&Event::Key(KeyEvent::new(code, modifiers))), expected, "{code:?}");
        }
        assert_eq!(pressed(&Event::Resize(80, 24)), Some(Pressed::Resized));
        assert_eq!(pressed(&Event::FocusLost), None);
    }
}
