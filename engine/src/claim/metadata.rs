//! Dynamic metadata as Envoy serialises it: one protobuf message (`envoy.config.core.v3.Metadata`) of maps and values.
//!
//! Asked for a single value, Envoy gives bytes without a type: the list `["admin"]` and the object `{"admin": ""}` are the
//! same bytes, and so are a number and some texts of eight characters. Asked for all of the metadata, it gives this
//! message, in which each value says what it is.

use super::Claim;

/// What a message cannot be.
#[derive(Debug)]
struct Broken;

/// The claim that `path` leads to: the filter's namespace, then names, each an object's member.
#[must_use]
pub fn claim<'a, 'p>(metadata: &'a [u8], path: impl IntoIterator<Item = &'p str>) -> Option<Claim<'a>> {
    find(metadata, path).unwrap_or(Some(Claim::Unreadable))
}

fn find<'a, 'p>(metadata: &'a [u8], path: impl IntoIterator<Item = &'p str>) -> Result<Option<Claim<'a>>, Broken> {
    let mut path = path.into_iter();
    // The namespaces are a map as well, from names to objects.
    let Some(namespace) = path.next() else { return Ok(None) };
    let mut object = member(metadata, namespace)?;
    let mut value = None;
    for name in path {
        let Some(found) = object.map(|object| member(object, name)).transpose()?.flatten() else { return Ok(None) };
        (value, object) = (Some(found), Kind::of(found)?.and_then(Kind::object));
    }
    value.map(whole).transpose()
}

fn whole(value: &[u8]) -> Result<Claim<'_>, Broken> {
    Ok(match Kind::of(value)? {
        Some(Kind::List(list)) => Claim::List(items(list)?),
        kind => scalar(kind),
    })
}

/// What a `google.protobuf.Value` holds.
#[derive(Clone, Copy)]
enum Kind<'a> {
    Number(f64),
    Text(&'a [u8]),
    Boolean(bool),
    Object(&'a [u8]),
    List(&'a [u8]),
}

impl<'a> Kind<'a> {
    /// `None` for null.
    fn of(value: &'a [u8]) -> Result<Option<Self>, Broken> {
        let mut kind = None;
        for field in fields(value) {
            kind = match field? {
                (2, Wire::Fixed(bits)) => Some(Kind::Number(f64::from_bits(bits))),
                (3, Wire::Bytes(text)) => Some(Kind::Text(text)),
                (4, Wire::Varint(value)) => Some(Kind::Boolean(value != 0)),
                (5, Wire::Bytes(object)) => Some(Kind::Object(object)),
                (6, Wire::Bytes(list)) => Some(Kind::List(list)),
                _ => None,
            };
        }
        Ok(kind)
    }

    fn object(self) -> Option<&'a [u8]> {
        if let Kind::Object(object) = self { Some(object) } else { None }
    }
}

fn scalar(kind: Option<Kind<'_>>) -> Claim<'_> {
    match kind {
        Some(Kind::Number(number)) => Claim::Number(number),
        Some(Kind::Text(text)) => str::from_utf8(text).map_or(Claim::Unreadable, |text| Claim::Text(text.into())),
        Some(Kind::Boolean(value)) => Claim::Boolean(value),
        Some(Kind::Object(_) | Kind::List(_)) | None => Claim::Other,
    }
}

/// The items of a `google.protobuf.ListValue`.
fn items(list: &[u8]) -> Result<Vec<Claim<'_>>, Broken> {
    let mut items = Vec::new();
    for field in fields(list) {
        if let (1, Wire::Bytes(value)) = field? {
            items.push(scalar(Kind::of(value)?));
        }
    }
    Ok(items)
}

/// The value of a name in a protobuf map that is a message's first field. Of several, the last one counts, as in every
/// reader of protobuf.
fn member<'a>(message: &'a [u8], name: &str) -> Result<Option<&'a [u8]>, Broken> {
    let mut found = None;
    for field in fields(message) {
        let (1, Wire::Bytes(entry)) = field? else { continue };
        let (mut key, mut value) = (&b""[..], &b""[..]);
        for part in fields(entry) {
            match part? {
                (1, Wire::Bytes(bytes)) => key = bytes,
                (2, Wire::Bytes(bytes)) => value = bytes,
                _ => {}
            }
        }
        if key == name.as_bytes() {
            found = Some(value);
        }
    }
    Ok(found)
}

/// A field's value, by its wire type.
enum Wire<'a> {
    Varint(u64),
    Fixed(u64),
    Bytes(&'a [u8]),
    /// Four bytes, of which no field here consists.
    Short,
}

/// The fields of a message, with their numbers; an error once, where it is broken.
fn fields(mut message: &[u8]) -> impl Iterator<Item = Result<(u64, Wire<'_>), Broken>> {
    std::iter::from_fn(move || {
        if message.is_empty() {
            return None;
        }
        match field(message) {
            Some((number, wire, rest)) => {
                message = rest;
                Some(Ok((number, wire)))
            }
            None => {
                message = &[];
                Some(Err(Broken))
            }
        }
    })
}

fn field(message: &[u8]) -> Option<(u64, Wire<'_>, &[u8])> {
    let (tag, rest) = varint(message)?;
    let (wire, rest) = match tag & 7 {
        0 => varint(rest).map(|(value, rest)| (Wire::Varint(value), rest))?,
        1 => rest.split_first_chunk().map(|(bits, rest)| (Wire::Fixed(u64::from_le_bytes(*bits)), rest))?,
        2 => {
            let (length, rest) = varint(rest)?;
            let (bytes, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            (Wire::Bytes(bytes), rest)
        }
        5 => (Wire::Short, rest.get(4..)?),
        _ => return None,
    };
    Some((tag >> 3, wire, rest))
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (nth, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f).checked_shl(7 * nth as u32)?;
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(nth + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests;
