//! Data that is no text: base64, wherever it stands.
//!
//! A *run* is a stretch of a string's bytes that all can be base64, line breaks included. Where nothing says that it is
//! data, a run is text until [`BLOCK`] bytes of it in a row look like base64 ([`Shape`]); from there to its end it is data.
//! Behind `data:…;base64,` at the beginning of a string, and under keys that hold data, it is data at once, unless it is
//! short or reads like prose. The first byte that cannot be base64 ends it: what follows is text.
//!
//! So no more than a block is ever held back, and blocks are counted from where a run begins, whatever the pieces are in
//! which a string arrives. Data has no length and no sense, but [`Words`] in it are still told to those who look for words:
//! nobody hides a keyword by writing it between data.

mod shape;
mod words;

use shape::Shape;
use words::Words;

/// How much of a run is judged at once, in bytes.
const BLOCK: usize = 128;

/// What is called data and is not longer may be a word.
const SHORT: usize = 32;

/// The longest beginning of a data URL, up to its comma.
const LONGEST_PREFIX: usize = 128;

/// Who hears what is left.
pub(super) trait Audience {
    fn text(&mut self, text: &[u8]);
    /// Whether words in data are to be told.
    fn looks_for_words(&self) -> bool;
    /// Words that stand in data, each with what keeps it from the next.
    fn words(&mut self, words: &[u8]);
    /// Something was left out: what stands before it and behind it is not one.
    fn gap(&mut self);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In front of the string's first byte.
    Start,
    /// It may be the beginning of a data URL.
    Prefix,
    /// The run that is said to be data.
    Named,
    Text,
    /// The rest of a run that is data.
    Data,
}

/// Tells text from data in one string after the other.
#[derive(Debug)]
pub(super) struct Sieve {
    state: State,
    /// Whether the string's key says that it is data.
    is_named: bool,
    /// Whether what is held goes on a run that was text so far.
    goes_on: bool,
    /// What is not known yet.
    held: Held,
    /// How much of that is the beginning of a data URL.
    prefix: usize,
    words: Words,
}

impl Default for Sieve {
    fn default() -> Self {
        let (held, words) = (Held::EMPTY, Words::default());
        Self { state: State::Start, is_named: false, goes_on: false, held, prefix: 0, words }
    }
}

impl Sieve {
    pub(super) fn begin(&mut self, is_named: bool) {
        (self.state, self.is_named, self.goes_on, self.prefix) = (State::Start, is_named, false, 0);
        self.held.clear();
    }

    /// How many bytes may still turn out to be text.
    pub(super) fn held(&self) -> usize {
        self.held.len
    }

    pub(super) fn text(&mut self, text: &[u8], audience: &mut impl Audience) {
        let mut rest = text;
        while let Some(first) = rest.first() {
            rest = match self.state {
                State::Start => {
                    self.state = if first.eq_ignore_ascii_case(&b'd') { State::Prefix } else { self.behind_prefix() };
                    rest
                }
                State::Prefix => self.prefix(rest, audience),
                State::Named => self.named(rest, audience),
                State::Text => self.plain(rest, audience),
                State::Data => self.data(rest, audience),
            };
        }
    }

    /// The string is over.
    pub(super) fn end(&mut self, audience: &mut impl Audience) {
        if self.state == State::Prefix {
            self.again(self.behind_prefix(), audience);
        }
        if self.state == State::Named {
            self.settle(audience);
        }
        match self.state {
            State::Data => self.words.end(audience),
            _ if self.held.len > 0 => audience.text(self.held.bytes()),
            _ => {}
        }
        self.begin(false);
    }

    fn behind_prefix(&self) -> State {
        if self.is_named { State::Named } else { State::Text }
    }

    /// Looks again at what is held, as something else.
    fn again(&mut self, state: State, audience: &mut impl Audience) {
        let held = self.held;
        self.held.clear();
        (self.state, self.prefix) = (state, 0);
        self.text(held.bytes(), audience);
    }

    fn prefix<'t>(&mut self, text: &'t [u8], audience: &mut impl Audience) -> &'t [u8] {
        let Some((byte, rest)) = text.split_first() else { return text };
        self.held.push(std::slice::from_ref(byte));
        match is_data_url(self.held.bytes()) {
            None if self.held.len < LONGEST_PREFIX => {}
            Some(true) => (self.state, self.prefix) = (State::Named, self.held.len),
            _ => self.again(self.behind_prefix(), audience),
        }
        rest
    }

    fn named<'t>(&mut self, text: &'t [u8], audience: &mut impl Audience) -> &'t [u8] {
        let room = BLOCK.saturating_sub(self.held.len - self.prefix);
        let (run, rest) = split_run(text, room);
        self.held.push(run);
        if run.len() == room || !rest.is_empty() {
            self.settle(audience);
        }
        rest
    }

    /// Whether what is said to be data is data.
    fn settle(&mut self, audience: &mut impl Audience) {
        let held = self.held;
        let run = held.bytes().get(self.prefix..).unwrap_or_default();
        if run.len() <= SHORT || Shape::of(run).is_prose() {
            return self.again(State::Text, audience);
        }
        // Anybody can write anything in front of the comma.
        if let Some(prefix) = held.bytes().get(..self.prefix)
            && audience.looks_for_words()
        {
            audience.words(prefix);
        }
        self.words.begin();
        self.begin_data(run, audience);
    }

    fn begin_data(&mut self, run: &[u8], audience: &mut impl Audience) {
        (self.state, self.prefix) = (State::Data, 0);
        self.held.clear();
        self.data(run, audience);
    }

    fn plain<'t>(&mut self, text: &'t [u8], audience: &mut impl Audience) -> &'t [u8] {
        if self.held.len == 0 {
            let (plain, run) = text.split_at_checked(next_run(text)).unwrap_or((text, &[]));
            if !plain.is_empty() {
                self.goes_on = false;
                audience.text(plain);
                return run;
            }
        }
        let room = BLOCK - self.held.len;
        let (run, rest) = split_run(text, room);
        self.held.push(run);
        if run.len() == room {
            self.judge(audience);
        } else if !rest.is_empty() {
            audience.text(self.held.bytes());
            self.held.clear();
            self.goes_on = false;
        }
        rest
    }

    /// A block of a run is complete.
    fn judge(&mut self, audience: &mut impl Audience) {
        let held = self.held;
        if !std::mem::replace(&mut self.goes_on, true) {
            self.words.begin();
        }
        if Shape::of(held.bytes()).is_base64() {
            return self.begin_data(held.bytes(), audience);
        }
        self.words.follow(held.bytes());
        self.held.clear();
        audience.text(held.bytes());
    }

    fn data<'t>(&mut self, text: &'t [u8], audience: &mut impl Audience) -> &'t [u8] {
        let (run, rest) = split_run(text, text.len());
        if audience.looks_for_words() {
            self.words.hear(run, audience);
        }
        if !rest.is_empty() {
            self.words.end(audience);
            (self.state, self.goes_on) = (State::Text, false);
        }
        rest
    }
}

/// A few bytes that are held back.
#[derive(Clone, Copy, Debug)]
struct Held {
    bytes: [u8; LONGEST_PREFIX + BLOCK],
    len: usize,
}

impl Held {
    const EMPTY: Self = Self { bytes: [0; LONGEST_PREFIX + BLOCK], len: 0 };

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn clear(&mut self) {
        self.len = 0;
    }

    /// There is room for it: nobody holds back more than a prefix and a block.
    fn push(&mut self, text: &[u8]) {
        if let Some(free) = self.bytes.get_mut(self.len..).and_then(|free| free.get_mut(..text.len())) {
            free.copy_from_slice(text);
            self.len += text.len();
        }
    }
}

/// Whether this is the beginning of a data URL up to its data: `None` as long as it may become one.
fn is_data_url(text: &[u8]) -> Option<bool> {
    const SCHEME: &[u8] = b"data:";
    let matching = SCHEME.iter().zip(text).all(|(expected, byte)| byte.eq_ignore_ascii_case(expected));
    let Some(kind) = text.get(SCHEME.len()..).filter(|_| matching) else { return (!matching).then_some(false) };
    match kind.split_last() {
        Some((b',', kind)) => {
            let at = kind.len().checked_sub(7)?;
            kind.get(at..).map(|end| end.eq_ignore_ascii_case(b";base64"))
        }
        Some((b'!'..=b'~', _)) | None => None,
        Some(_) => Some(false),
    }
}

/// Where the first run begins that is a block long, or that the text's end cuts.
///
/// Looks at the last byte of each block first: in prose, one block in a few looks is done with.
fn next_run(text: &[u8]) -> usize {
    let mut from = 0;
    loop {
        let window = text.get(from..).unwrap_or_default();
        let window = window.get(..BLOCK).unwrap_or(window);
        match window.iter().rposition(|byte| !is_base64(*byte)) {
            Some(at) => from += at + 1,
            None => return from,
        }
    }
}

/// The bytes of a run that come first, at most so many, and the rest.
fn split_run(text: &[u8], most: usize) -> (&[u8], &[u8]) {
    let text_end = text.len().min(most);
    let head = text.get(..text_end).unwrap_or(text);
    let end = head.iter().position(|byte| !is_base64(*byte)).unwrap_or(text_end);
    text.split_at_checked(end).unwrap_or((text, &[]))
}

/// The alphabets of RFC 4648, padding, and the line breaks of MIME and PEM.
const BASE64: [bool; 256] = {
    let mut table = [false; 256];
    let mut rest: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=\r\n";
    while let [byte, tail @ ..] = rest {
        let (_, slot) = table.split_at_mut(*byte as usize);
        if let [slot, ..] = slot {
            *slot = true;
        }
        rest = tail;
    }
    table
};

fn is_base64(byte: u8) -> bool {
    BASE64.get(usize::from(byte)).copied().unwrap_or_default()
}

/// What is base64 and keeps words apart.
fn is_separator(byte: u8) -> bool {
    matches!(byte, b'+' | b'/' | b'-' | b'=' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests;
