//! `; name=value; name="value"` behind the first word of a header, as every parser reads it.

/// The parameters of a header's value, one after the other. `Err` is what parsers read differently, and ends them.
pub(super) struct Parameters<'a> {
    rest: &'a [u8],
}

/// A name and its value, without quotes.
pub(super) type Parameter<'a> = (&'a [u8], &'a [u8]);

/// It can be read in more than one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Odd;

impl<'a> Parameters<'a> {
    /// The first word of a value, and what stands behind it.
    pub(super) fn split(value: &'a [u8]) -> (&'a [u8], Self) {
        let end = value.iter().position(|byte| *byte == b';').unwrap_or(value.len());
        let (word, rest) = value.split_at_checked(end).unwrap_or((value, &[]));
        (word.trim_ascii(), Self { rest })
    }

    fn read(&mut self) -> Result<Parameter<'a>, Odd> {
        let rest = self.rest.strip_prefix(b";").ok_or(Odd)?.trim_ascii_start();
        let end = rest.iter().position(|byte| !is_token(*byte)).ok_or(Odd)?;
        let (name, rest) = rest.split_at_checked(end).filter(|(name, _)| !name.is_empty()).ok_or(Odd)?;
        let rest = rest.strip_prefix(b"=").ok_or(Odd)?;
        let (value, rest) = match rest.strip_prefix(b"\"") {
            Some(rest) => {
                let end = rest.iter().position(|byte| *byte == b'"').ok_or(Odd)?;
                let (value, rest) = rest.split_at_checked(end).ok_or(Odd)?;
                // A quote behind a backslash ends the value for some parsers, and belongs to it for others. Some look for the
                // names of parameters without regard to quotes.
                if value.ends_with(b"\\") || names_parameter(value) {
                    return Err(Odd);
                }
                (value, rest.get(1..).unwrap_or_default())
            }
            None => {
                let end = rest.iter().position(|byte| !is_token(*byte)).unwrap_or(rest.len());
                rest.split_at_checked(end).filter(|(value, _)| !value.is_empty()).ok_or(Odd)?
            }
        };
        self.rest = rest.trim_ascii_start();
        Ok((name, value))
    }
}

impl<'a> Iterator for Parameters<'a> {
    type Item = Result<Parameter<'a>, Odd>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let read = self.read();
        if read.is_err() {
            self.rest = &[];
        }
        Some(read)
    }
}

/// Whether something in a value looks like another parameter that matters.
fn names_parameter(value: &[u8]) -> bool {
    ["name=", "name*", "boundary="]
        .iter()
        .any(|name| value.windows(name.len()).any(|window| window.eq_ignore_ascii_case(name.as_bytes())))
}

/// The signs of a token (RFC 9110, 5.6.2).
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expected: Option<&[(&str, &str)]>) {
        let (_, parameters) = Parameters::split(value.as_bytes());
        let read: Result<Vec<_>, Odd> = parameters.collect();
        let expected: Option<Vec<Parameter<'_>>> =
            expected.map(|all| all.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect());
        assert_eq!(read.ok(), expected, "{value}");
    }

    #[test]
    fn parameters_are_tokens_or_quoted() {
        check("a", Some(&[]));
        check("a;b=c", Some(&[("b", "c")]));
        check("a ; b=\"c d\" ;\tB*=e", Some(&[("b", "c d"), ("B*", "e")]));
        check("a; b=\"\"", Some(&[("b", "")]));
        check("a; b=\"C:\\x.mp3\"", Some(&[("b", "C:\\x.mp3")]));
    }

    #[test]
    fn what_parsers_read_differently_is_odd() {
        for odd in [
            "a;",
            "a; b",
            "a; b=",
            "a; =c",
            "a; b =c",
            "a; b= c",
            "a; b=c d",
            "a; b=\"c",
            "a; b=\"c\\\"d\"",
            "a; b=\"c\\\\\"",
            "a; b=\"c\"d",
            "a; b=\"c\" d=e",
            "a;; b=c",
            "a; b=\u{e9}",
            "a; b=\"x; NAME=model\"",
            "a; b=\"x; boundary=y\"",
        ] {
            check(odd, None);
        }
    }
}
