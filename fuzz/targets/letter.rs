//! Any letter or address in a gate's queue: never a panic, and whatever is obeyed is exactly what stands there.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pointsman_engine::stream::letter::{Address, HeaderEdit, Letter, write};

fuzz_target!(|bytes: &[u8]| {
    if let Some(address) = Address::decode(bytes) {
        assert_eq!(address.encode(), bytes);
    }
    let Some(letter) = Letter::read(bytes) else { return };
    let mut length = 5;
    for edit in letter.edits() {
        let (name, value) = match edit {
            HeaderEdit::Set(name, value) => (name, value),
            HeaderEdit::Remove(name) => (name, &b""[..]),
        };
        length += 9 + name.len() + value.len();
    }
    // A removal may carry a value, which says nothing: all else comes back byte by byte.
    let again = write(letter.context, letter.edits());
    assert!(length <= bytes.len() && again.len() == length);
    let read = Letter::read(&again).expect("a letter");
    assert!(read.context == letter.context && read.edits().eq(letter.edits()));
    if length == bytes.len() {
        assert_eq!(again, bytes);
    }
});
