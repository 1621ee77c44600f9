//! The headers of one part, line by line.

use super::disposition::Disposition;
use super::parameters::{Parameters, is_token};
use super::{Fault, Part};

/// The most lines of one part.
const MOST: usize = 16;

/// What the headers of a part have said so far.
#[derive(Debug, Default)]
pub(super) struct Headers {
    lines: usize,
    disposition: Option<Disposition>,
    content_type: Option<ContentType>,
    has_encoding: bool,
    /// The length of the content by a header of its own.
    length: Option<u64>,
}

/// What a part says of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ContentType {
    /// Text in UTF-8, or in the ASCII that is a part of it.
    Plain,
    Other,
}

impl Headers {
    /// A line, without its end.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<(), Fault> {
        self.lines += 1;
        if self.lines > MOST {
            return Err(Fault::Form("too many headers in a part"));
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            return Err(Fault::Form("a header on several lines"));
        }
        const ODD: Fault = Fault::Form("a line among a part's headers that is none");
        let end = line.iter().position(|byte| *byte == b':').ok_or(ODD)?;
        let (name, value) = line.split_at_checked(end).ok_or(ODD)?;
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let is_control = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
        if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) || value.iter().any(is_control) {
            return Err(ODD);
        }
        self.header(&name.to_ascii_lowercase(), value)
    }

    fn header(&mut self, name: &[u8], value: &[u8]) -> Result<(), Fault> {
        let stood = match name {
            b"content-disposition" => self.disposition.replace(Disposition::read(value)?).is_some(),
            b"content-type" => self.content_type.replace(ContentType::read(value)?).is_some(),
            b"content-transfer-encoding" => {
                let is_plain = ["7bit", "8bit", "binary"].iter().any(|it| value.eq_ignore_ascii_case(it.as_bytes()));
                if !is_plain {
                    return Err(Fault::Form("a content-transfer-encoding that changes the content"));
                }
                std::mem::replace(&mut self.has_encoding, true)
            }
            b"content-encoding" => return Err(Fault::Form("a compressed part")),
            b"content-length" => {
                let digits = Some(value).filter(|value| value.iter().all(u8::is_ascii_digit));
                let length = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
                self.length.replace(length.ok_or(Fault::Form(WRONG_LENGTH))?).is_some()
            }
            _ => false,
        };
        if stood { Err(Fault::Form("a header that stands twice in a part")) } else { Ok(()) }
    }

    /// What they say together.
    pub(super) fn part(&self) -> Result<Part<'_>, Fault> {
        let Disposition { name, is_file } = self.disposition.as_ref().ok_or(Fault::Form("a part without a name"))?;
        // The default charset of a form's texts, for those servers that know it.
        if name.eq_ignore_ascii_case("_charset_") {
            return Err(Fault::Form("a part `_charset_`, which gives others another charset"));
        }
        let is_plain = !is_file && self.content_type.is_none_or(|it| it == ContentType::Plain);
        Ok(Part { name, is_file: *is_file, is_plain })
    }

    /// Whether the content is as long as they say, if they say it.
    pub(super) fn check(&self, length: u64) -> Result<(), Fault> {
        if self.length.is_none_or(|said| said == length) { Ok(()) } else { Err(Fault::Form(WRONG_LENGTH)) }
    }
}

const WRONG_LENGTH: &str = "a content-length that is not the part's";

impl ContentType {
    fn read(value: &[u8]) -> Result<Self, Fault> {
        let (kind, parameters) = Parameters::split(value);
        let begins = |with: &[u8]| kind.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
        if begins(b"multipart/") || begins(b"message/") {
            return Err(Fault::Form("a part that consists of parts"));
        }
        let mut is_plain = kind.eq_ignore_ascii_case(b"text/plain");
        let mut charsets = 0;
        for parameter in parameters {
            is_plain &= parameter.is_ok_and(|(name, value)| {
                charsets += 1;
                let known = ["utf-8", "utf8", "us-ascii"];
                name.eq_ignore_ascii_case(b"charset")
                    && known.iter().any(|known| value.eq_ignore_ascii_case(known.as_bytes()))
            });
        }
        Ok(if is_plain && charsets <= 1 { Self::Plain } else { Self::Other })
    }
}
