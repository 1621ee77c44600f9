//! `$'…'`, with the escapes of C.

use super::Shell;

/// Letters behind a backslash, and what they stand for.
const PLAIN: [(char, u8); 12] = [
    ('n', b'\n'),
    ('t', b'\t'),
    ('r', b'\r'),
    ('a', 7),
    ('b', 8),
    ('e', 27),
    ('f', 12),
    ('v', 11),
    ('\\', b'\\'),
    ('\'', b'\''),
    ('"', b'"'),
    ('?', b'?'),
];

impl Shell<'_> {
    /// The rest of it, behind the first quote.
    pub(super) fn escaped(&mut self) -> Result<(), String> {
        self.word.get_or_insert_default();
        loop {
            match self.rest.next().ok_or("a `$'` is not closed")? {
                '\'' => return Ok(()),
                '\\' => self.escape()?,
                letter => self.push(letter),
            }
        }
    }

    fn escape(&mut self) -> Result<(), String> {
        let letter = self.rest.next().ok_or("a `$'` is not closed")?;
        if let Some((_, byte)) = PLAIN.iter().find(|(known, _)| *known == letter) {
            self.word.get_or_insert_default().push(*byte);
            return Ok(());
        }
        match letter {
            'x' => self.byte(0, 16, 2),
            'u' => self.character(4)?,
            'U' => self.character(8)?,
            '0'..='7' => self.byte(letter.to_digit(8).unwrap_or_default(), 8, 2),
            other => {
                self.push('\\');
                self.push(other);
            }
        }
        Ok(())
    }

    /// As shells do, what does not fit is cut off.
    fn byte(&mut self, first: u32, radix: u32, digits: usize) {
        let [byte, ..] = self.number(first, radix, digits).to_le_bytes();
        self.word.get_or_insert_default().push(byte);
    }

    /// One character. Half of one, as JavaScript writes those beyond 16 bits, takes its other half along.
    fn character(&mut self, digits: usize) -> Result<(), String> {
        let mut number = self.number(0, 16, digits);
        if (0xD800..0xDC00).contains(&number) && self.rest.next_if_eq(&'\\').is_some() {
            let _ = self.rest.next_if_eq(&'u');
            let low = self.number(0, 16, 4);
            number = 0x10000 + ((number - 0xD800) << 10) + (low.saturating_sub(0xDC00) & 0x3FF);
        }
        self.push(char::from_u32(number).ok_or("`\\u` stands for no character")?);
        Ok(())
    }

    fn number(&mut self, first: u32, radix: u32, digits: usize) -> u32 {
        let mut number = first;
        for _ in 0..digits {
            let Some(digit) = self.rest.next_if(|letter| letter.is_digit(radix)).and_then(|it| it.to_digit(radix))
            else {
                break;
            };
            number = number.wrapping_mul(radix).wrapping_add(digit);
        }
        number
    }
}
