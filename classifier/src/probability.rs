//! From logits to probabilities, in whole numbers.

/// A whole: scores are in millionths.
pub(crate) const WHOLE: u64 = 1_000_000;

/// 2^(-i/256) in 1/2^30.
const POWERS: [u32; 256] = {
    // 2^(-1/256) in 1/2^62.
    const STEP: u64 = 4_599_216_278_082_138_665;
    let mut table = [0_u32; 256];
    let mut rest: &mut [u32] = &mut table;
    let mut value: u64 = 1 << 62;
    while let Some((slot, others)) = rest.split_first_mut() {
        *slot = (value >> 32) as u32;
        value = ((value as u128 * STEP as u128) >> 62) as u64;
        rest = others;
    }
    table
};

/// The base-2 logarithm of e, in 1/2^16.
const LOG2_E: i64 = 94_548;

/// Each class's share of e^(logit * steepness), in millionths. Logits and steepness are in 1/2^16.
pub(crate) fn shares(logits: &[i64], steepness: u32) -> Vec<u32> {
    let greatest = logits.iter().copied().max().unwrap_or(0);
    let powers: Vec<u64> = logits.iter().map(|logit| power(greatest - logit, steepness)).collect();
    let sum: u64 = powers.iter().sum::<u64>().max(1);
    powers.into_iter().map(|power| u32::try_from(power * WHOLE / sum).unwrap_or(0)).collect()
}

/// e^(-distance * steepness), in 1/2^30.
fn power(distance: i64, steepness: u32) -> u64 {
    // Beyond 2^-64 nothing is left: the product below fits, whatever the file says.
    let distance = distance.clamp(0, i64::from(u32::MAX));
    let scaled = (distance.saturating_mul(i64::from(steepness)) >> 16).min(1 << 40);
    let bits = (scaled * LOG2_E) >> 16;
    let fraction = usize::try_from((bits >> 8) & 0xFF).unwrap_or(0);
    let table = POWERS.get(fraction).copied().unwrap_or(0);
    match u32::try_from(bits >> 16) {
        Ok(whole) if whole < 32 => u64::from(table >> whole),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_what_floating_point_says() {
        for (logits, steepness) in
            [(vec![0.0, 1.0, 2.5], 1.0), (vec![-3.0, -3.0], 0.7), (vec![10.0, 2.0, 9.5], 2.0_f64)]
        {
            let fixed: Vec<i64> = logits.iter().map(|logit: &f64| (logit * 65536.0) as i64).collect();
            let found = shares(&fixed, (steepness * 65536.0) as u32);
            let sum: f64 = logits.iter().map(|logit| (logit * steepness).exp()).sum();
            for (logit, found) in logits.iter().zip(found) {
                let wanted = (logit * steepness).exp() / sum;
                assert!((wanted - f64::from(found) / 1e6).abs() < 0.002, "{wanted} {found}");
            }
        }
    }

    #[test]
    fn no_logit_is_too_great() {
        assert_eq!(shares(&[i64::MAX / 4, i64::MIN / 4], u32::MAX), [1_000_000, 0]);
        assert_eq!(shares(&[], 1), Vec::<u32>::new());
        assert_eq!(shares(&[5, 5], 0), [500_000, 500_000]);
    }
}
