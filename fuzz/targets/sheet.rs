//! Any sheet of accounts, and any requests that it is changed for: never a panic, no growth, nothing negative, no way past a limit.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pointsman_engine::budget::{Ask, Key, Period, Sheet, Window};

/// A sheet as it is shared, the length of a rolling window (0: a day of the calendar), a limit, and requests: when, whose, what
/// they take at least and at most, and what they have used, if that is ever known.
type Input<'a> = (&'a [u8], u64, u64, Vec<(u64, u8, u64, u64, Option<u64>)>);

/// A sheet with all its accounts, each with all its parts of time and all that can be set aside.
const LARGEST: usize = 17 + 33 * (16 + 2 + 17 * 16 + 8 * 24);

fuzz_target!(|input: Input| {
    let (bytes, length, limit, requests) = input;
    let window = if length == 0 { Window::Every(Period::Day) } else { Window::Rolling(length) };
    let mut sheet = Sheet::read(bytes).unwrap_or_default();
    for (now, whose, least, most, used) in requests {
        let key = Key::of(&[whose]);
        let before = sheet.balance(key, window, now).used;
        match sheet.reserve(key, Ask { least, most }, limit, window, now) {
            Ok(open) => {
                assert!(least == 0 || before.saturating_add(open.amount()) <= limit);
                assert!(open.amount() >= least || least == 0);
                if let Some(used) = used {
                    sheet.settle(&open, used, window, now);
                    assert!(sheet.balance(key, window, now).used >= used);
                }
            }
            Err(balance) => assert!(balance.used == before && least > limit.saturating_sub(before)),
        }
        let written = sheet.write();
        assert!(written.len() <= LARGEST);
        assert_eq!(Sheet::read(&written).as_ref(), Some(&sheet));
    }
});
