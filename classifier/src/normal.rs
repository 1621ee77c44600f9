//! Text as it is compared: lower case, each run of white space one space, and nothing that is not seen.

/// Characters, with a space at both ends.
///
/// Of long texts only pieces are kept, evenly taken from all over the text: what a text costs is bounded, and its middle
/// still counts.
pub(crate) fn normalise(parts: [&str; 2]) -> Vec<u32> {
    let mut characters = Vec::with_capacity(parts.iter().map(|part| part.len()).sum::<usize>() + 4);
    characters.push(SPACE);
    for part in parts {
        push_all(&mut characters, part);
        push(&mut characters, SPACE);
    }
    thin(&mut characters);
    characters
}

pub(crate) const SPACE: u32 = b' ' as u32;

#[inline]
fn push(characters: &mut Vec<u32>, character: u32) {
    if character != SPACE || characters.last() != Some(&SPACE) {
        characters.push(character);
    }
}

fn push_all(characters: &mut Vec<u32>, text: &str) {
    let mut rest = text;
    while let Some(first) = rest.as_bytes().first() {
        if first.is_ascii() {
            let ascii = rest.bytes().take_while(u8::is_ascii);
            let mut length = 0;
            for byte in ascii {
                length += 1;
                let character = if byte <= b' ' || byte == 127 { b' ' } else { byte.to_ascii_lowercase() };
                push(characters, u32::from(character));
            }
            rest = rest.get(length..).unwrap_or_default();
        } else {
            let mut left = rest.chars();
            if let Some(character) = left.next() {
                push_other(characters, character);
            }
            rest = left.as_str();
        }
    }
}

fn push_other(characters: &mut Vec<u32>, character: char) {
    match character {
        // What is not seen on a screen hides words from those who look for them.
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' => {}
        '\u{e0000}'..='\u{e007f}' | '\u{fe00}'..='\u{fe0f}' => {}
        // The same letters in the width of Chinese ones.
        '\u{ff01}'..='\u{ff5e}' => {
            let narrow = u32::from(character) - 0xFEE0;
            push(characters, u8::try_from(narrow).map_or(narrow, |ascii| u32::from(ascii.to_ascii_lowercase())));
        }
        _ if character.is_whitespace() || character.is_control() => push(characters, SPACE),
        _ => push(characters, character.to_lowercase().next().map_or(SPACE, u32::from)),
    }
}

/// The most characters that are looked at.
const MOST: usize = PIECE * PIECES;
const PIECE: usize = 128;
const PIECES: usize = 24;

/// Leaves [`PIECES`] pieces of a longer text, the first one and others at even distances.
fn thin(characters: &mut Vec<u32>) {
    if characters.len() <= MOST {
        return;
    }
    let all = characters.len().div_ceil(PIECE);
    let mut pieces = Vec::with_capacity(MOST + 2);
    for (index, piece) in characters.chunks(PIECE).enumerate() {
        // Among `all` pieces, those at which another one of `PIECES` is due.
        if index * PIECES % all < PIECES {
            pieces.extend_from_slice(piece);
        }
    }
    pieces.push(SPACE);
    *characters = pieces;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> String {
        normalise([text, ""]).into_iter().filter_map(char::from_u32).collect()
    }

    #[test]
    fn case_space_and_what_is_not_seen_make_no_difference() {
        assert_eq!(normal("Hello,\r\n\t World"), " hello, world ");
        assert_eq!(normal("ig\u{200b}no\u{ad}re"), " ignore ");
        assert_eq!(normal("ＩＧＮＯＲＥ"), " ignore ");
        assert_eq!(normal("ÄRGER"), " ärger ");
        assert_eq!(normal(""), " ");
    }

    #[test]
    fn long_texts_keep_pieces_of_all_their_parts() {
        let text: String = (0..100_000).map(|at| format!("{at} ")).collect();
        let thinned = normalise([&text, ""]);
        assert!(thinned.len() <= MOST + 1, "{}", thinned.len());
        let kept: String = thinned.into_iter().filter_map(char::from_u32).collect();
        assert!(kept.starts_with(" 0 1 2 3"));
        for part in [" 100", " 3", " 5", " 9"] {
            assert!(kept.contains(part), "{part}");
        }
        assert_eq!(normalise([&"a".repeat(MOST - 2), ""]).len(), MOST);
    }
}
