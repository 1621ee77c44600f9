//! Any map that a host can write: never a panic, nothing is made up, and what is written is read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pointsman_engine::stream::pairs;

fuzz_target!(|bytes: &[u8]| {
    if let Some(map) = pairs::map(bytes) {
        assert_eq!(pairs::write(map.iter().copied()), bytes);
        assert_eq!(pairs::headers(bytes), Some(map));
    }
    if let Some(headers) = pairs::headers(bytes) {
        let length: usize = headers.iter().map(|(name, value)| 10 + name.len() + value.len()).sum();
        assert!(length <= bytes.len());
        assert_eq!(pairs::headers(&pairs::write(headers.iter().copied())), Some(headers));
    }
});
