use super::*;
use std::fmt::Write;
use unicode_normalization::UnicodeNormalization;

/// Compatibility forms and cases, one after the other, until nothing changes: what any order of the two ends in.
fn folded(text: &str) -> String {
    let mut text = text.to_owned();
    loop {
        let upper: String = text.nfkc().flat_map(char::to_uppercase).collect();
        let next: String = upper.chars().flat_map(char::to_lowercase).nfkc().collect();
        if next == text {
            return text;
        }
        text = next;
    }
}

/// The letters and underscores that a character becomes, by Unicode's own tables.
fn expected(character: char) -> Option<String> {
    // Its small letter is an `i` with a dot above: one character by one character, an `i`.
    let text = if character == '\u{130}' { "i".to_owned() } else { folded(&character.to_string()) };
    let is_name = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_name.then_some(text)
}

/// The table as it stands in `table.rs`.
fn table() -> String {
    let mut runs: Vec<(u32, u8, u8)> = Vec::new();
    let mut ligatures = Vec::new();
    for character in '\u{80}'..=char::MAX {
        let (code, Some(text)) = (u32::from(character), expected(character)) else { continue };
        match (text.as_bytes(), runs.last_mut()) {
            ([letter], Some((first, start, length)))
                if code == *first + u32::from(*length) && *letter == *start + *length =>
            {
                *length += 1;
            }
            ([letter], _) => runs.push((code, *letter, 1)),
            _ => ligatures.push((code, text)),
        }
    }
    let mut rust = String::from(
        "//! Written by the tests beside this: `UPDATE_LOOKALIKES=1 cargo test -p pointsman-engine lookalike`.\n\n\
         /// Runs of characters that are taken for letters one after the other: the first, its letter, how many.\n\
         #[rustfmt::skip]\n",
    );
    let mut list = |declaration: &str, doc: &str, items: Vec<String>| {
        writeln!(rust, "{doc}pub(super) const {declaration} = [").unwrap();
        for line in items.chunks(6) {
            writeln!(rust, "    {},", line.join(", ")).unwrap();
        }
        rust.push_str("];\n");
    };
    let letters = runs.iter().map(|(first, letter, length)| format!("(0x{first:X}, b'{}', {length})", *letter as char));
    list(&format!("LETTERS: [(u32, u8, u8); {}]", runs.len()), "", letters.collect());
    list(
        &format!("LIGATURES: [(u32, [u8; 4]); {}]", ligatures.len()),
        "\n/// Characters that are taken for several letters, filled up with spaces.\n#[rustfmt::skip]\n",
        ligatures.iter().map(|(code, text)| format!("(0x{code:X}, *b\"{text:4}\")")).collect(),
    );
    let unseen = [
        (0xAD, 0xAD),
        (0x34F, 0x34F),
        (0x61C, 0x61C),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x200B, 0x200F),
        (0x202A, 0x202E),
        (0x2060, 0x206F),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFEFF, 0xFEFF),
        (0xFFA0, 0xFFA0),
        (0xFFF0, 0xFFFB),
        (0x1_BCA0, 0x1_BCA3),
        (0x1_D173, 0x1_D17A),
        (0xE_0000, 0xE_0FFF),
    ];
    list(
        &format!("UNSEEN: [(u32, u32); {}]", unseen.len()),
        "\n/// What Unicode calls `Default_Ignorable_Code_Point`, and interlinear annotations: from, to.\n#[rustfmt::skip]\n",
        unseen.iter().map(|(first, last)| format!("(0x{first:X}, 0x{last:X})")).collect(),
    );
    rust
}

#[test]
fn the_table_is_unicodes() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/json/lookalike/table.rs");
    let table = table();
    if std::env::var_os("UPDATE_LOOKALIKES").is_some() {
        std::fs::write(file, &table).expect("the table can be written");
    }
    let kept = std::fs::read_to_string(file).expect("the table is there");
    assert!(kept == table, "table.rs is out of date; run the tests with UPDATE_LOOKALIKES=1");
}

#[test]
fn every_character_becomes_what_unicode_makes_of_it() {
    let compare = |character: char| {
        let mut found = Vec::new();
        fold(character, |letters| found.extend_from_slice(letters));
        if is_unseen(character) {
            assert_eq!(found, b"", "{character:?}");
        } else {
            let itself = character.to_ascii_lowercase().to_string();
            let expected = if character.is_ascii() { itself } else { expected(character).unwrap_or(itself) };
            assert_eq!(found, expected.as_bytes(), "{character:?}");
        }
    };
    ('\0'..=char::MAX).for_each(compare);
}
