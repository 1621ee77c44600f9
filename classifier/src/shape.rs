//! What a text looks like, whatever it says: how long it is, how many digits, lines and signs it has.
//!
//! What is hard for a model is often seen by that.

/// How many things are looked at, and how many steps each has.
pub(crate) const SHAPES: usize = 8;
pub(crate) const STEPS: usize = 16;

/// The step of each thing that is looked at.
pub(crate) fn of(parts: [&str; 2]) -> [u8; SHAPES] {
    let mut counts = [0_u32; 256];
    for byte in parts.into_iter().flat_map(str::bytes) {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let sum = |of: fn(&u8) -> bool| -> u32 {
        (0..=255_u8).zip(counts).filter(|(byte, _)| of(byte)).map(|(_, count)| count).sum()
    };
    let all = sum(|_| true);
    let spaces = sum(|byte| *byte == b' ');
    [
        half_octaves(all),
        half_octaves(spaces + sum(|byte| *byte == b'\n')),
        half_octaves(sum(|byte| *byte == b'\n')),
        share(sum(u8::is_ascii_digit), all),
        share(sum(u8::is_ascii_uppercase), all),
        share(sum(|byte| !byte.is_ascii()), all),
        share(sum(u8::is_ascii_punctuation), all),
        share(sum(|byte| b"+-*/=^<>\\{}[]()_$|%".contains(byte)), all),
    ]
}

/// Steps that each are half again as many, up to 8192.
fn half_octaves(count: u32) -> u8 {
    let Some(octave) = count.checked_ilog2() else {
        return 0;
    };
    let half = octave > 0 && count & (1 << (octave - 1)) != 0;
    // From 64 on in halves: shorter texts are told apart by octaves.
    let step = if octave < 6 { 1 + octave / 2 } else { 4 + (octave - 6) * 2 + u32::from(half) };
    u8::try_from(step.min(15)).unwrap_or(15)
}

/// Steps of a share: none, under 1/128, and so on, finer where shares are small.
fn share(count: u32, all: u32) -> u8 {
    if count == 0 {
        return 0;
    }
    let of_256 = count * 256 / all.max(1);
    match of_256 {
        0..=1 => 1,
        2..=3 => 2,
        4..=5 => 3,
        6..=8 => 4,
        9..=12 => 5,
        13..=17 => 6,
        18..=24 => 7,
        25..=33 => 8,
        34..=46 => 9,
        47..=64 => 10,
        65..=90 => 11,
        91..=127 => 12,
        128..=180 => 13,
        _ => 14,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_grow_with_what_they_count() {
        let lengths: Vec<u8> = [0, 1, 3, 8, 40, 70, 100, 130, 200, 300, 500, 5000].map(half_octaves).to_vec();
        assert!(lengths.is_sorted(), "{lengths:?}");
        let shares: Vec<u8> = (0..=256).map(|count| share(count, 256)).collect();
        assert!(shares.is_sorted());
        assert!(half_octaves(u32::MAX) < STEPS as u8 && share(8192, 8192) < STEPS as u8);
    }

    #[test]
    fn a_text_without_bytes_has_a_shape() {
        assert_eq!(of(["", ""]), [0; SHAPES]);
        assert_eq!(of(["1+1", ""])[3], 13);
    }
}
