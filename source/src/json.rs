//! JSON to a tree with positions. YAML's parser would not do: it reads escaped surrogate pairs differently.

use crate::{MAX_DEPTH, Place, Placed, Position, SyntaxError, too_deep};
use pointsman_document::Document;

pub(crate) fn parse(text: &str) -> Result<Placed, SyntaxError> {
    let mut reader = Reader { text, offset: 0, counted: 0, at: Position::START };
    reader.skip_whitespace();
    let node = reader.value(0)?;
    reader.skip_whitespace();
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.error("expected the end of the file")),
    }
}

struct Reader<'a> {
    text: &'a str,
    offset: usize,
    /// Up to where `at` has been counted: it only moves forward, so positions cost one pass in all.
    counted: usize,
    at: Position,
}

impl Reader<'_> {
    fn position(&mut self) -> Position {
        for character in self.text.get(self.counted..self.offset).unwrap_or_default().chars() {
            if character == '\n' {
                self.at = Position { line: self.at.line + 1, column: 1 };
            } else {
                self.at.column += 1;
            }
        }
        self.counted = self.offset;
        self.at
    }

    fn error(&mut self, message: impl Into<String>) -> SyntaxError {
        SyntaxError { at: self.position(), message: message.into() }
    }

    fn rest(&self) -> &str {
        self.text.get(self.offset..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.offset).copied()
    }

    fn skip_whitespace(&mut self) {
        self.offset += self.rest().bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    }

    fn skip(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.offset += usize::from(is_next);
        self.skip_whitespace();
        is_next
    }

    fn value(&mut self, depth: usize) -> Result<Placed, SyntaxError> {
        let at = self.position();
        if depth >= MAX_DEPTH {
            return Err(too_deep(at));
        }
        let mut place = Place::at(at);
        let document = match self.peek() {
            Some(b'{') => Document::Object(self.object(depth, &mut place.inside)?),
            Some(b'[') => Document::Array(self.array(depth, &mut place.inside)?),
            Some(b'"') => Document::String(self.string()?),
            _ => self.literal()?,
        };
        Ok(Placed { document, place })
    }

    fn object(&mut self, depth: usize, places: &mut Vec<Place>) -> Result<Vec<(String, Document)>, SyntaxError> {
        let mut members = Vec::new();
        self.skip(b'{');
        if self.skip(b'}') {
            return Ok(members);
        }
        loop {
            let key_at = self.position();
            if self.peek() != Some(b'"') {
                return Err(self.error("expected a key in double quotes"));
            }
            let key = self.string()?;
            self.skip_whitespace();
            if !self.skip(b':') {
                return Err(self.error("expected `:` after the key"));
            }
            let Placed { document, place } = self.value(depth + 1)?;
            members.push((key, document));
            places.push(Place { key: key_at, ..place });
            self.skip_whitespace();
            if self.skip(b'}') {
                return Ok(members);
            }
            if !self.skip(b',') {
                return Err(self.error("expected `,` or `}`"));
            }
        }
    }

    fn array(&mut self, depth: usize, places: &mut Vec<Place>) -> Result<Vec<Document>, SyntaxError> {
        let mut items = Vec::new();
        self.skip(b'[');
        if self.skip(b']') {
            return Ok(items);
        }
        loop {
            let Placed { document, place } = self.value(depth + 1)?;
            items.push(document);
            places.push(place);
            self.skip_whitespace();
            if self.skip(b']') {
                return Ok(items);
            }
            if !self.skip(b',') {
                return Err(self.error("expected `,` or `]`"));
            }
        }
    }

    fn string(&mut self) -> Result<String, SyntaxError> {
        let mut escaped = false;
        let closing = self.rest().bytes().skip(1).position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        let Some(length) = closing.map(|at| at + 2) else {
            return Err(self.error("the text is never closed"));
        };
        match serde_json::from_str(self.rest().get(..length).unwrap_or_default()) {
            Ok(text) => {
                self.offset += length;
                Ok(text)
            }
            Err(_) => Err(self.error("the text holds a control character or a wrong escape")),
        }
    }

    fn literal(&mut self) -> Result<Document, SyntaxError> {
        let length =
            self.rest().bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)).count();
        let token = self.rest().get(..length).unwrap_or_default();
        let value = match token {
            "null" => Document::Null,
            "true" => Document::Bool(true),
            "false" => Document::Bool(false),
            _ => match serde_json::from_str(token) {
                Ok(number) => Document::Number(number),
                Err(_) if token.is_empty() => return Err(self.error("expected a value")),
                Err(_) => {
                    let message = format!("`{token}` is not a JSON value");
                    return Err(self.error(message));
                }
            },
        };
        self.offset += length;
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, compact: &str) {
        assert_eq!(serde_json::to_string(&parse(json).unwrap().document).unwrap(), compact);
    }

    fn refused(json: &str, line: usize, column: usize) {
        let err = parse(json).unwrap_err();
        assert_eq!((err.at.line, err.at.column), (line, column), "{json}: {}", err.message);
    }

    #[test]
    fn values_are_read_and_duplicates_kept() {
        check(
            " { \"a\" : [ 1 , -2.5e3, true, null, {} , [] ], \"a\": \"\\ud83d\\ude00\\\"\" } ",
            "{\"a\":[1,-2500.0,true,null,{},[]],\"a\":\"😀\\\"\"}",
        );
    }

    #[test]
    fn errors_have_a_position() {
        refused("{\n  \"a\": 1,\n}", 3, 1);
        refused("{\"a\" 1}", 1, 6);
        refused("[1 2]", 1, 4);
        refused("[01]", 1, 2);
        refused("[\"a", 1, 2);
        refused("{} x", 1, 4);
        refused("", 1, 1);
        refused(&"[".repeat(200), 1, 129);
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(parse("[\"éé\", 1]").unwrap().place.inside[1].at, Position { line: 1, column: 8 });
    }
}
