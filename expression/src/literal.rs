//! Numbers and strings as they are written.

use crate::error::ExpressionErrorKind as Kind;
use crate::lexer::Token;

/// The number at the beginning of a text, and its length.
pub(crate) fn number(text: &str) -> Result<(Token<'static>, usize), Kind> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let length = digits.bytes().take_while(u8::is_ascii_hexdigit).count();
        let value = digits.get(..length).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        return whole(value, text, length + 2);
    }
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut length = digits(text);
    let mut is_double = false;
    let after = |length: usize| text.get(length..).unwrap_or_default();
    // `1.size()` is a call: a fraction has digits.
    if let Some(fraction) = after(length).strip_prefix('.').map(digits).filter(|fraction| *fraction > 0) {
        length += 1 + fraction;
        is_double = true;
    }
    if let Some(exponent) = after(length).strip_prefix(['e', 'E']) {
        let sign = usize::from(exponent.starts_with(['+', '-']));
        let count = digits(exponent.get(sign..).unwrap_or_default());
        if count > 0 {
            length += 1 + sign + count;
            is_double = true;
        }
    }
    let written = text.get(..length).unwrap_or_default();
    if !is_double {
        return whole(written.parse().ok(), text, length);
    }
    match written.parse::<f64>().ok().filter(|value| value.is_finite()) {
        Some(value) => ends(text, length).map(|()| (Token::Double(value), length)),
        None => Err(Kind::Literal("the number is too large for a double")),
    }
}

fn whole(value: Option<u64>, text: &str, length: usize) -> Result<(Token<'static>, usize), Kind> {
    ends(text, length)?;
    match value.filter(|value| *value <= i64::MIN.unsigned_abs()) {
        Some(value) => Ok((Token::Int(value), length)),
        None => Err(Kind::Literal("the number is too large for an int")),
    }
}

/// A number does not end in letters.
fn ends(text: &str, length: usize) -> Result<(), Kind> {
    match text.get(length..).and_then(|rest| rest.chars().next()) {
        Some('u' | 'U') => Err(Kind::LeftOut("unsigned numbers")),
        Some(next) if next.is_ascii_alphanumeric() || next == '_' => {
            Err(Kind::Literal("a number does not end in letters"))
        }
        _ => Ok(()),
    }
}

/// The string at the beginning of a text, and its length; or what is wrong with it, and where.
pub(crate) fn text(source: &str) -> Result<(String, usize), (usize, &'static str)> {
    let is_raw = source.starts_with(['r', 'R']);
    let open = usize::from(is_raw);
    let body = source.get(open..).unwrap_or_default();
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| body.starts_with(quote)).unwrap_or("\"");
    let mut at = open + quote.len();
    let mut value = String::new();
    loop {
        let rest = source.get(at..).unwrap_or_default();
        if rest.starts_with(quote) {
            return Ok((value, at + quote.len()));
        }
        let Some(next) = rest.chars().next() else { return Err((0, "the string does not end")) };
        if matches!(next, '\n' | '\r') && quote.len() == 1 {
            return Err((at, "the string does not end on its line"));
        }
        if next == '\\' && !is_raw {
            let (character, length) = escape(rest).ok_or((at, "no such escape in strings"))?;
            value.push(character);
            at += length;
        } else {
            value.push(next);
            at += next.len_utf8();
        }
    }
}

/// What an escape stands for, and its length.
fn escape(text: &str) -> Option<(char, usize)> {
    let code = |from: usize, length: usize, radix: u32| {
        let digits = text.get(from..from + length).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let value = u32::from_str_radix(digits?, radix).ok()?;
        Some((char::from_u32(value)?, from + length))
    };
    let plain = |character| Some((character, 2));
    match text.chars().nth(1)? {
        same @ ('\\' | '?' | '"' | '\'' | '`') => plain(same),
        'a' => plain('\u{7}'),
        'b' => plain('\u{8}'),
        'f' => plain('\u{c}'),
        'n' => plain('\n'),
        'r' => plain('\r'),
        't' => plain('\t'),
        'v' => plain('\u{b}'),
        'x' | 'X' => code(2, 2, 16),
        'u' => code(2, 4, 16),
        'U' => code(2, 8, 16),
        '0'..='3' => code(1, 3, 8),
        _ => None,
    }
}
