//! The least that finds a top-level `model`: strings skipped by `memchr2`, brackets counted.

/// The value of the last top-level `model`, undecoded. It looks at every byte, as a reader must that wants to notice a
/// second `model`.
pub fn model(body: &[u8]) -> Option<&[u8]> {
    let (mut at, mut depth, mut key, mut found) = (0, 0_usize, None::<&[u8]>, None);
    while let Some(&byte) = body.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => key = None,
            b'"' => {
                let end = string_end(body, at)?;
                let text = body.get(at..end)?;
                at = end + 1;
                if depth == 1 {
                    match key {
                        None => key = Some(text),
                        Some(key) if key == b"model" => found = Some(text),
                        Some(_) => {}
                    }
                }
            }
            _ => {}
        }
    }
    found
}

fn string_end(body: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr2(b'"', b'\\', body.get(at..)?)?;
        if body.get(at) == Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}
