//! `--fail-if`: a condition on the figures of a replay, such as `denied > 0 or cost_change_percent >= 5`.

use super::report::Figures;
use pointsman_document::{Report, did_you_mean};
use std::fmt;

/// A condition: `or` between lists that `and` holds together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gate {
    text: String,
    alternatives: Vec<Vec<Comparison>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Comparison {
    figure: &'static str,
    operator: Operator,
    value: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Less,
    LessOrEqual,
    Equal,
    Unequal,
    GreaterOrEqual,
    Greater,
}

/// Longer ones first: `>` begins `>=`.
const OPERATORS: [(&str, Operator); 6] = [
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("==", Operator::Equal),
    ("!=", Operator::Unequal),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

impl Gate {
    /// Reads a condition.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let alternatives = words(text, "or").map(|part| words(&part, "and").map(|part| comparison(&part)).collect());
        Ok(Self { text: text.to_owned(), alternatives: alternatives.collect::<Result<_, String>>()? })
    }

    /// Whether it holds, or which figure it needs that is not known.
    pub(crate) fn holds(&self, figures: &Figures) -> Result<bool, &'static str> {
        let mut holds = false;
        for all in &self.alternatives {
            let mut each = true;
            for comparison in all {
                each &= comparison.holds(figures)?;
            }
            holds |= each;
        }
        Ok(holds)
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The parts of a text between a word.
fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = String> + 'a {
    let tokens: Vec<&str> = text.split_whitespace().collect();
    let parts: Vec<String> = tokens.split(|token| *token == word).map(|part| part.join(" ")).collect();
    parts.into_iter()
}

fn comparison(text: &str) -> Result<Comparison, String> {
    let expected = || format!("`{text}` is no comparison such as `denied > 0`");
    let (name, operator, value) = OPERATORS
        .iter()
        .find_map(|(sign, operator)| text.split_once(sign).map(|(name, value)| (name.trim(), *operator, value.trim())))
        .ok_or_else(expected)?;
    let figure = Figures::NAMES.iter().copied().find(|known| *known == name).ok_or_else(|| {
        let known = Report::default().suggest(name, Figures::NAMES.iter().copied());
        let all = || format!("; there is {}", Figures::NAMES.map(|name| format!("`{name}`")).join(", "));
        format!("no figure `{name}`{}", if known.is_some() { did_you_mean(&known) } else { all() })
    })?;
    let value = value.strip_suffix('%').unwrap_or(value).trim();
    let value = value.parse().ok().filter(|value: &f64| value.is_finite()).ok_or_else(expected)?;
    Ok(Comparison { figure, operator, value })
}

impl Comparison {
    fn holds(&self, figures: &Figures) -> Result<bool, &'static str> {
        let figure = figures.get(self.figure).ok_or(self.figure)?;
        Ok(match self.operator {
            Operator::Less => figure < self.value,
            Operator::LessOrEqual => figure <= self.value,
            Operator::Equal => (figure - self.value).abs() < 1e-9,
            Operator::Unequal => (figure - self.value).abs() >= 1e-9,
            Operator::GreaterOrEqual => figure >= self.value,
            Operator::Greater => figure > self.value,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(gate: &str, expected: Result<bool, &'static str>) {
        let mut figures = Figures::default();
        for (name, value) in [("denied", 3.0), ("moved_percent", 12.5), ("unknown", 0.0)] {
            figures.set(name, Some(value));
        }
        assert_eq!(Gate::read(gate).expect(gate).holds(&figures), expected, "{gate}");
    }

    #[test]
    fn comparisons_are_held_together() {
        check("denied > 0", Ok(true));
        check("denied>3", Ok(false));
        check("denied >= 3", Ok(true));
        check("moved_percent > 12.5%", Ok(false));
        check("moved_percent != 12.5", Ok(false));
        check("denied == 3 and unknown > 0", Ok(false));
        check("unknown > 0 and denied > 0 or moved_percent > 10 %", Ok(true));
        check("unknown <= 0 and denied < 4", Ok(true));
        check("cost_change_percent > 5", Err("cost_change_percent"));
    }

    #[test]
    fn what_is_no_condition_says_what_would_be() {
        let error = |gate: &str| Gate::read(gate).expect_err(gate);
        assert_eq!(error("deneid > 0"), "no figure `deneid`; did you mean `denied`?");
        assert!(error("x > 0").starts_with("no figure `x`; there is `records`, "));
        for wrong in ["", "denied", "denied > many", "denied > 0 and", "denied > inf"] {
            assert!(error(wrong).ends_with("is no comparison such as `denied > 0`"), "{wrong}");
        }
    }
}
