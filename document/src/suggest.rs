//! "Did you mean": the known name closest to a mistyped one.

/// Names longer than this are not compared: the work grows with the square of the length.
const LONGEST: usize = 64;

/// The name among `known` that is nearest to `name`, if one is near enough to be a typing mistake.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = letters(name);
    let limit = (name.len() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        if name.len() > LONGEST || candidate.len().abs_diff(name.len()) > limit {
            continue;
        }
        let distance = distance(&name, &letters(candidate));
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Case, `-` and `_` are what people mix up most, so they do not count.
fn letters(name: &str) -> Vec<u8> {
    name.bytes().map(|byte| if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() }).collect()
}

/// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut previous_a = None;
    for (row, letter) in a.iter().enumerate() {
        let mut current = Vec::with_capacity(above.len());
        current.push(row + 1);
        let (mut left, mut previous_b) = (row + 1, None);
        for (column, other) in b.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX - 1);
            let mut cost =
                (at(&above, column + 1) + 1).min(left + 1).min(at(&above, column) + usize::from(letter != other));
            if column > 0 && previous_a == Some(other) && previous_b == Some(letter) {
                cost = cost.min(at(&before, column - 1) + 1);
            }
            current.push(cost);
            (left, previous_b) = (cost, Some(other));
        }
        before = std::mem::replace(&mut above, current);
        previous_a = Some(letter);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, nearest_name: Option<&str>) {
        assert_eq!(nearest(name, ["gpt-4o", "gpt-5", "claude-haiku", "auto", "inputTokens"]), nearest_name, "{name}");
    }

    #[test]
    fn typing_mistakes_are_recognised() {
        check("gpt-5x", Some("gpt-5"));
        check("gpt4o", Some("gpt-4o"));
        check("GPT_4O", Some("gpt-4o"));
        check("calude-haiku", Some("claude-haiku"));
        check("input_tokens", Some("inputTokens"));
        check("atuo", Some("auto"));
    }

    #[test]
    fn strangers_are_not() {
        check("mistral-large", None);
        check("o3", None);
        check("", None);
    }
}
