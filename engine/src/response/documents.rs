//! An answer as the JSON documents that it consists of: one, or one in each server-sent event, or one in each line. Read as it
//! passes, in any split, and nothing of it is kept.
//!
//! Who listens is told of each document, what the lexer sees in it, and where that stands in the answer. What is no JSON, or is
//! nothing to a listener any more, passes unread: an answer is never refused, and never waits for its reader.

use crate::json::{Fault, Lexer, MAX_DEPTH, Sink};

/// How an answer holds its documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// It is one.
    Whole,
    /// Server-sent events: the `data` of each is one. <https://html.spec.whatwg.org/multipage/server-sent-events.html>
    Events,
    /// Each line is one, as Ollama streams. <https://github.com/ndjson/ndjson-spec>
    Lines,
}

impl Shape {
    /// A content type of that shape.
    #[cfg(test)]
    pub(crate) fn content_type(self) -> &'static [u8] {
        match self {
            Self::Whole => b"application/json",
            Self::Events => b"text/event-stream",
            Self::Lines => b"application/x-ndjson",
        }
    }

    /// The shape of what has this content type.
    pub(crate) fn of(content_type: &[u8]) -> Option<Self> {
        let essence = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        if essence.eq_ignore_ascii_case(b"application/json") {
            Some(Self::Whole)
        } else if essence.eq_ignore_ascii_case(b"text/event-stream") {
            Some(Self::Events)
        } else if essence.eq_ignore_ascii_case(b"application/x-ndjson") {
            Some(Self::Lines)
        } else {
            None
        }
    }
}

/// Why a document is not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The listener knows all that it wants to know.
    Enough,
    /// It is none.
    Unreadable,
}

impl From<Fault> for Stop {
    fn from(_: Fault) -> Self {
        Self::Unreadable
    }
}

/// Who hears what the documents of an answer hold.
pub(crate) trait Listener: Sink<Refusal = Stop> {
    /// A document begins.
    fn begin_document(&mut self);
    /// From here on, what the lexer says to be at an offset stands so much further behind in the answer.
    fn shift(&mut self, by: u64);
    /// Nothing more comes of this document, whether it is complete or not.
    fn end_document(&mut self);
    /// An event begins: its first line does, whatever it is.
    fn begin_event(&mut self, _at: u64) {}
    /// It ends behind its empty line. Told once more where a line feed behind a carriage return belongs to that.
    fn end_event(&mut self, _end: u64) {}
}

/// Where an answer of events is within its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// So much of the name of the field `data` has passed.
    Name(usize),
    /// Behind its colon: one space is none of the value.
    Space,
    /// In its value.
    Value,
    /// In another field, or a comment.
    Other,
    /// Behind a carriage return: a line feed belongs to it.
    Return,
}

impl Line {
    /// Before the first byte of a line: where lines are documents, they are nothing but value.
    fn begin(shape: Shape) -> Self {
        if shape == Shape::Lines { Self::Value } else { Self::Name(0) }
    }
}

const DATA: &[u8] = b"data";

/// An answer as it passes.
#[derive(Debug)]
pub(crate) struct Documents {
    shape: Shape,
    line: Line,
    /// Whether an event is in progress.
    is_in_event: bool,
    /// The document in progress.
    lexer: Option<Lexer>,
    /// Whether anybody wants to know more of it.
    is_read: bool,
    /// Bytes of the answer that have passed.
    position: u64,
}

impl Documents {
    pub(crate) fn new(shape: Shape) -> Self {
        Self { shape, line: Line::begin(shape), is_in_event: false, lexer: None, is_read: true, position: 0 }
    }

    /// Whether nothing more can come that anybody wants to know.
    pub(crate) fn is_over(&self) -> bool {
        self.shape == Shape::Whole && !self.is_read
    }

    /// Bytes of the answer that have passed.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The next bytes.
    pub(crate) fn feed(&mut self, bytes: &[u8], listener: &mut impl Listener) {
        match self.shape {
            Shape::Whole => self.value(bytes, listener),
            Shape::Events | Shape::Lines => self.lines(bytes, listener),
        }
    }

    fn lines(&mut self, bytes: &[u8], listener: &mut impl Listener) {
        let (mut rest, begin) = (bytes, Line::begin(self.shape));
        while let Some(byte) = rest.first() {
            if self.line == Line::Name(0) && !self.is_in_event {
                self.is_in_event = true;
                listener.begin_event(self.position);
            }
            let passed = match (self.line, byte) {
                (Line::Return, b'\n') => {
                    let passed = self.turn(begin);
                    if !self.is_in_event {
                        listener.end_event(self.position);
                    }
                    passed
                }
                (Line::Return, _) => {
                    self.line = begin;
                    continue;
                }
                (_, b'\n' | b'\r') => {
                    let is_empty = self.line == Line::Name(0);
                    self.end_line(listener);
                    let passed = self.turn(if *byte == b'\n' { begin } else { Line::Return });
                    if is_empty {
                        self.is_in_event = false;
                        listener.end_event(self.position);
                    }
                    passed
                }
                (Line::Name(seen), byte) => self.turn(match DATA.get(seen) {
                    Some(expected) if expected == byte => Line::Name(seen + 1),
                    None if *byte == b':' => Line::Space,
                    _ => Line::Other,
                }),
                (Line::Space, b' ') => self.turn(Line::Value),
                (Line::Space | Line::Value | Line::Other, _) => {
                    let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                    let value = rest.get(..end).unwrap_or_default();
                    if self.line == Line::Other {
                        self.position += end as u64;
                    } else {
                        self.line = Line::Value;
                        self.value(value, listener);
                    }
                    end
                }
            };
            rest = rest.get(passed..).unwrap_or_default();
        }
    }

    /// One byte has been read.
    fn turn(&mut self, to: Line) -> usize {
        self.line = to;
        self.position += 1;
        1
    }

    fn end_line(&mut self, listener: &mut impl Listener) {
        match self.line {
            // An empty line ends the event.
            Line::Name(0) => self.end_document(listener),
            _ if self.shape == Shape::Lines => self.end_document(listener),
            // Lines of one value are joined by a line feed. It is not there in the answer, but a fault in a text all the same.
            Line::Space | Line::Value if self.lexer.is_some() => {
                let position = self.position;
                self.value(b"\n", listener);
                self.position = position;
            }
            _ => {}
        }
    }

    fn end_document(&mut self, listener: &mut impl Listener) {
        if self.lexer.take().is_some() && self.is_read {
            listener.end_document();
        }
        self.is_read = true;
    }

    /// Bytes of a document.
    fn value(&mut self, bytes: &[u8], listener: &mut impl Listener) {
        let position = self.position;
        self.position += bytes.len() as u64;
        if !self.is_read || bytes.is_empty() {
            return;
        }
        let lexer = self.lexer.get_or_insert_with(|| {
            listener.begin_document();
            Lexer::new(MAX_DEPTH)
        });
        listener.shift(position.wrapping_sub(lexer.position()));
        if lexer.feed(bytes, listener).is_err() {
            self.is_read = false;
            listener.end_document();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Container, Literal, Numeral, Want};
    use crate::tests::splits;
    use proptest::prelude::*;

    /// Hears the texts of all documents, and where they stand.
    #[derive(Debug, Default, PartialEq, Eq)]
    struct Heard {
        words: Vec<String>,
        text: String,
        shift: u64,
        start: u64,
    }

    impl Heard {
        fn say(&mut self, word: &str) {
            self.words.push(word.to_owned());
        }
    }

    impl Sink for Heard {
        type Refusal = Stop;

        fn begin(&mut self, _: Container, _: u64) -> Result<(), Stop> {
            Ok(())
        }
        fn end(&mut self, _: u64) -> Result<(), Stop> {
            Ok(())
        }
        fn begin_key(&mut self, _: u64) -> Want {
            Want::Nothing
        }
        fn end_key(&mut self, _: u64) -> Result<(), Stop> {
            Ok(())
        }
        fn begin_string(&mut self, at: u64) -> Result<Want, Stop> {
            (self.start, self.text) = (at.wrapping_add(self.shift), String::new());
            Ok(Want::Text)
        }
        fn text(&mut self, text: &[u8]) {
            self.text.push_str(std::str::from_utf8(text).expect("whole characters"));
        }
        fn lone_surrogate(&mut self, _: bool) -> Result<(), Stop> {
            Ok(())
        }
        fn end_string(&mut self, end: u64) -> Result<(), Stop> {
            let word = format!("{}@{}-{}", self.text, self.start, end.wrapping_add(self.shift));
            self.say(&word);
            if self.text == "enough" { Err(Stop::Enough) } else { Ok(()) }
        }
        fn number(&mut self, _: Numeral, _: u64, _: u64) -> Result<(), Stop> {
            Ok(())
        }
        fn literal(&mut self, _: Literal, _: u64) -> Result<(), Stop> {
            Ok(())
        }
    }

    impl Listener for Heard {
        fn begin_document(&mut self) {
            self.say("{");
        }
        fn shift(&mut self, by: u64) {
            self.shift = by;
        }
        fn end_document(&mut self) {
            self.say("}");
        }
    }

    fn heard(shape: Shape, pieces: &[&[u8]]) -> Vec<String> {
        let (mut documents, mut heard) = (Documents::new(shape), Heard::default());
        pieces.iter().for_each(|piece| documents.feed(piece, &mut heard));
        assert_eq!(documents.position(), pieces.iter().map(|piece| piece.len() as u64).sum::<u64>());
        heard.words
    }

    fn events(text: &str, expected: &[&str]) {
        assert_eq!(heard(Shape::Events, &[text.as_bytes()]), expected, "{text:?}");
    }

    #[test]
    fn shapes_are_told_by_content_types() {
        let shape = |content_type: &str| Shape::of(content_type.as_bytes());
        assert_eq!(shape("application/json"), Some(Shape::Whole));
        assert_eq!(shape("Text/Event-Stream ; charset=utf-8"), Some(Shape::Events));
        assert_eq!(shape("application/json; charset=utf-8"), Some(Shape::Whole));
        assert_eq!(shape("application/x-ndjson"), Some(Shape::Lines));
        assert_eq!([shape(""), shape("text/plain"), shape("application/jsonl")], [None; 3]);
    }

    #[test]
    fn a_whole_answer_is_one_document() {
        assert_eq!(heard(Shape::Whole, &[br#" {"a":"b"} "#]), ["{", "b@6-9"]);
        assert_eq!(heard(Shape::Whole, &[b"[1]"]), ["{", "}"]);
        assert_eq!(heard(Shape::Whole, &[br#"{"a":"enough","b":"c"}"#]), ["{", "enough@5-13", "}"]);
    }

    #[test]
    fn each_event_is_one_document() {
        events("event: x\ndata: {\"a\":\"b\"}\n\ndata:{\"a\":\"c\"}\n\n", &["{", "b@20-23", "}", "{", "c@36-39", "}"]);
        events(
            "data: {\"a\":\"b\"}\r\n\r\nid: {\r: {\rdata: {\"a\":\"c\"}\r\r",
            &["{", "b@11-14", "}", "{", "c@40-43", "}"],
        );
        // Several lines of one value.
        events("data: {\"a\":\ndata: \"b\"}\n\n", &["{", "b@18-21", "}"]);
        events("data: {\"a\":\"b\ndata: c\"}\n\ndata: {\"a\":\"c\"}\n\n", &["{", "}", "{", "c@36-39", "}"]);
        // What is no document, and what nobody wants to know.
        events("data: [DONE]\n\ndatum: {\"a\":\"b\"}\n\ndata\n\ndata:\n\n", &["{", "}"]);
        events(
            "data: {\"a\":\"enough\",\"b\":\"c\"}\n\ndata: {\"a\":\"b\"}\n\n",
            &["{", "enough@11-19", "}", "{", "b@41-44", "}"],
        );
        // A field whose name only begins like it.
        events("dat: {\"a\":\"b\"}\ndatas: {\"a\":\"b\"}\n data: {\"a\":\"b\"}\n\n", &[]);
    }

    #[test]
    fn each_line_is_one_document() {
        let lines = |text: &str, expected: &[&str]| {
            assert_eq!(heard(Shape::Lines, &[text.as_bytes()]), expected, "{text:?}");
        };
        lines("{\"a\":\"b\"}\n{\"a\":\"c\"}", &["{", "b@5-8", "}", "{", "c@15-18"]);
        lines("{\"a\":\"b\"} \r\n\r{\"a\":\"c\"}\r", &["{", "b@5-8", "}", "{", "c@18-21", "}"]);
        // A line break ends a document wherever it stands, and one that is none keeps nothing of the next.
        lines("{\"a\":\n\"b\"}\n{\"a\":\"c\"}\n", &["{", "}", "{", "}", "{", "c@16-19", "}"]);
        lines("{\"a\":\"enough\",\"b\":\"c\"}\n{\"a\":\"b\"}\n", &["{", "enough@5-13", "}", "{", "b@28-31", "}"]);
    }

    proptest! {
        #[test]
        fn any_split_is_heard_alike(
            parts in prop::collection::vec(prop::sample::select(vec![
                "data", ":", " ", "\n", "\r", "\n\n", "\r\n\r\n", "{\"a\":", "\"b\u{e9}\"", "\"enough\"", "}", "data: {\"a\":\"b\"}\n\n", "x",
            ]), 0..30),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
            shape in prop::sample::select(vec![Shape::Whole, Shape::Events, Shape::Lines]),
        ) {
            let text = parts.concat().into_bytes();
            let expected = heard(shape, &[&text]);
            for pieces in splits(&text, &cuts) {
                prop_assert_eq!(heard(shape, &pieces), &expected[..]);
            }
        }
    }
}
