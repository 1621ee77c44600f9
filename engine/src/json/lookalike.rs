//! Characters that some server takes for ASCII letters: it folds case by Unicode, normalises names (NFKC), trims them, or
//! drops what cannot be seen. A known name can only be mistaken for another text that becomes ASCII in one of these ways,
//! so a small table of such characters is enough.

mod table;
#[cfg(test)]
mod tests;

use table::{LETTERS, LIGATURES, UNSEEN};

/// Hands over what a forgiving server makes of a character: nothing for what is trimmed or cannot be seen, letters in lower
/// case for what looks like such letters, and the character itself otherwise.
pub(super) fn fold(character: char, mut to: impl FnMut(&[u8])) {
    let code = u32::from(character);
    match code {
        0..=0x20 | 0x7F => {}
        0x21..0x80 => to(&[u8::try_from(code).unwrap_or_default().to_ascii_lowercase()]),
        _ if is_unseen(character) => {}
        _ => match letter(code) {
            Some(letter) => to(&[letter]),
            None => match LIGATURES.binary_search_by_key(&code, |(code, _)| *code) {
                Ok(at) => to(LIGATURES.get(at).map_or(&[][..], |(_, letters)| letters.trim_ascii_end())),
                Err(_) => to(character.encode_utf8(&mut [0; 4]).as_bytes()),
            },
        },
    }
}

fn is_unseen(character: char) -> bool {
    let code = u32::from(character);
    let after = UNSEEN.partition_point(|(first, _)| *first <= code);
    let among = |at: usize| UNSEEN.get(at).is_some_and(|(_, last)| code <= *last);
    character.is_whitespace() || character.is_control() || after.checked_sub(1).is_some_and(among)
}

/// The letter that a single character is taken for.
fn letter(code: u32) -> Option<u8> {
    let after = LETTERS.partition_point(|(first, _, _)| *first <= code);
    let (first, letter, length) = LETTERS.get(after.checked_sub(1)?)?;
    let nth = u8::try_from(code - first).ok()?;
    (nth < *length).then(|| letter.saturating_add(nth))
}
