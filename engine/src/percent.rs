//! Percent-encoding, as RFC 3986 has it.

/// Text in which a byte that is none of `plain` is spelled as `%` and two digits.
#[must_use]
pub fn encode(bytes: &[u8], is_plain: impl Fn(u8) -> bool) -> String {
    let stays = |byte: &u8| byte.is_ascii() && is_plain(*byte);
    if let Some(text) = std::str::from_utf8(bytes).ok().filter(|_| bytes.iter().all(stays)) {
        return text.to_owned();
    }
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        if stays(byte) {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// What is encoded, once; what only looks so stays as it is.
pub(crate) fn decode(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        let decoded = match (byte, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        if let Some(value) = decoded {
            out.push(value);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            out.push(byte);
        }
    }
    out
}

fn hex(digit: u8) -> Option<u8> {
    (digit as char).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_only_looks_encoded_stays() {
        assert_eq!(decode(b"a%2Fb%2fc%"), b"a/b/c%");
        assert_eq!(decode(b"%2%zz%252e"), b"%2%zz%2e");
    }

    proptest! {
        #[test]
        fn what_is_encoded_can_be_decoded(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(decode(encode(&bytes, |byte| byte != b'%').as_bytes()), bytes);
        }
    }
}
