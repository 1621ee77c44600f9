//! Maps as proxy-wasm hosts write them: a count, then two lengths for each pair, then name, NUL, value, NUL.

/// Names and values.
pub type Pairs<'a> = Vec<(&'a [u8], &'a [u8])>;

/// A header map. An empty one is no bytes at all; what follows the last pair is not looked at.
#[must_use]
pub fn headers(map: &[u8]) -> Option<Pairs<'_>> {
    if map.is_empty() { Some(Vec::new()) } else { read(map).map(|(pairs, _)| pairs) }
}

/// Names and values of an attribute that is a map, `None` if it is anything else.
#[must_use]
pub fn map(attribute: &[u8]) -> Option<Pairs<'_>> {
    read(attribute).filter(|(_, rest)| rest.is_empty()).map(|(pairs, _)| pairs)
}

/// Writes a map.
#[must_use]
pub fn write<'a>(pairs: impl ExactSizeIterator<Item = (&'a [u8], &'a [u8])> + Clone) -> Vec<u8> {
    let mut map = Vec::new();
    map.extend((pairs.len() as u32).to_le_bytes());
    for (name, value) in pairs.clone() {
        map.extend((name.len() as u32).to_le_bytes());
        map.extend((value.len() as u32).to_le_bytes());
    }
    for text in pairs.flat_map(|(name, value)| [name, value]) {
        map.extend_from_slice(text);
        map.push(0);
    }
    map
}

/// The pairs, and what follows them.
fn read(map: &[u8]) -> Option<(Pairs<'_>, &[u8])> {
    let (count, rest) = number(map)?;
    // The lengths of all pairs must be there before anything is reserved for them.
    let (lengths, mut text) = rest.split_at_checked(count.checked_mul(8)?)?;
    let mut pairs = Vec::with_capacity(count);
    for pair in lengths.chunks_exact(8) {
        let (name_length, pair) = number(pair)?;
        let (value_length, _) = number(pair)?;
        let (name, value);
        (name, text) = terminated(text, name_length)?;
        (value, text) = terminated(text, value_length)?;
        pairs.push((name, value));
    }
    Some((pairs, text))
}

fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*number) as usize, rest))
}

fn terminated(text: &[u8], length: usize) -> Option<(&[u8], &[u8])> {
    let (value, rest) = text.split_at_checked(length)?;
    Some((value, rest.strip_prefix(b"\0")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let pairs: [(&[u8], &[u8]); 2] = [(b"a", b""), (b"b\0", b"\xff")];
        let sent = write(pairs.into_iter());
        assert_eq!(map(&sent).as_deref(), Some(&pairs[..]));
        assert_eq!(headers(&[&sent[..], b"more"].concat()).as_deref(), Some(&pairs[..]));
        assert_eq!(map(&[&sent[..], b"more"].concat()), None);
        assert_eq!((headers(b"").map(|pairs| pairs.len()), map(b"")), (Some(0), None));
        (0..sent.len()).for_each(|end| assert_eq!(map(&sent[..end]), None, "{end}"));
    }

    #[test]
    fn a_count_that_cannot_be_true_reserves_nothing() {
        assert_eq!(map(&[0xff; 64]), None);
    }
}
