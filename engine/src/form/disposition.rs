//! `Content-Disposition`: what a part is called, and whether it is a file.

use super::Fault;
use super::parameters::Parameters;

/// The longest name of a part.
const LONGEST_NAME: usize = 256;

/// What it says of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Disposition {
    pub(super) name: String,
    pub(super) is_file: bool,
}

impl Disposition {
    /// Reads it, if every server reads the same.
    pub(super) fn read(value: &[u8]) -> Result<Self, Fault> {
        const ODD: Fault = Fault::Form("a content-disposition that servers read differently");
        let (kind, parameters) = Parameters::split(value);
        if !kind.eq_ignore_ascii_case(b"form-data") {
            return Err(ODD);
        }
        let (mut name, mut file, mut extended) = (None, None, None);
        for parameter in parameters {
            let (key, value) = parameter.map_err(|_| ODD)?;
            let earlier = match key {
                b"name" => name.replace(value),
                b"filename" => file.replace(value),
                b"filename*" => extended.replace(value),
                // In other cases, by RFC 2231 and in pieces: some servers read these, others do not.
                key if key.windows(4).any(|window| window.eq_ignore_ascii_case(b"name")) => return Err(ODD),
                _ => None,
            };
            if earlier.is_some() {
                return Err(ODD);
            }
        }
        if extended.is_some() && file.is_none() {
            return Err(ODD);
        }
        Ok(Self { name: part_name(name)?, is_file: file.is_some() })
    }
}

/// A name, if it is spelled as it is meant: browsers encode some signs with `%`, other clients with a backslash, mail with
/// `=?utf-8?…?=`, and servers decode the one, the other, or nothing.
fn part_name(name: Option<&[u8]>) -> Result<String, Fault> {
    let name = name.filter(|name| !name.is_empty()).ok_or(Fault::Form("a part without a name"))?;
    let is_encoded = name.iter().any(|byte| matches!(byte, b'%' | b'\\')) || name.windows(2).any(|two| two == b"=?");
    if name.len() > LONGEST_NAME || is_encoded {
        return Err(Fault::Form("a name that is too long, or holds `%`, `=?` or a backslash"));
    }
    String::from_utf8(name.to_vec()).map_err(|_| Fault::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_files_are_read() {
        let check = |value: &str, name: &str, is_file: bool| {
            assert_eq!(
                Disposition::read(value.as_bytes()),
                Ok(Disposition { name: name.to_owned(), is_file }),
                "{value}"
            );
        };
        check("form-data; name=\"model\"", "model", false);
        check("Form-Data; name=model", "model", false);
        check("form-data;name=\"timestamp_granularities[]\"", "timestamp_granularities[]", false);
        check("form-data; name=\"file\"; filename=\"a b; c.mp3\"", "file", true);
        check("form-data; filename=\"C:\\a.mp3\"; name=\"file\"", "file", true);
        check("form-data; name=file; filename=a.mp3; filename*=utf-8''a.mp3", "file", true);
        check("form-data; name=\"file\"; filename=\"\"", "file", true);
        check("form-data; name=\"file\"; filename=\"\u{97f3}%22.mp3\"", "file", true);
        check("form-data; name=\"\u{540d}\"", "\u{540d}", false);
        check("form-data; name=a; size=3", "a", false);
    }

    #[test]
    fn what_servers_read_differently_is_refused() {
        for odd in [
            "",
            "form-data",
            "attachment; name=model",
            "form-data; name=\"\"",
            "form-data; filename=\"a\"",
            "form-data; name=a; name=b",
            "form-data; name=a; Name=b",
            "form-data; NAME=a",
            "form-data; name*=utf-8''model",
            "form-data; name*0=mo; name*1=del",
            "form-data; name=a; filename*=utf-8''a",
            "form-data; name=a; filename=b; filename=c",
            "form-data; name=a; FileName=c",
            "form-data; name=\"mod%65l\"",
            "form-data; name=mod%65l",
            "form-data; name=\"mo\\del\"",
            "form-data; name=\"=?utf-8?B?bW9kZWw=?=\"",
            "form-data; name=\"model\\\"\"",
            "form-data; name=\"a\" filename=\"b\"",
            "form-data; filename=\"a\\\"; name=\"model\"",
            "form-data; filename=\"; name=model\"; name=\"file\"",
            "form-data, form-data; name=model",
        ] {
            assert!(matches!(Disposition::read(odd.as_bytes()), Err(Fault::Form(_))), "{odd}");
        }
        assert_eq!(Disposition::read(b"form-data; name=\"\xff\""), Err(Fault::Encoding));
        let long = format!("form-data; name={}", "n".repeat(257));
        assert!(Disposition::read(long.as_bytes()).is_err());
    }
}
