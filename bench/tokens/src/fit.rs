//! Fits the table: the weights, none below zero and of letters none too small, that make the squared relative error over all kinds of text least.

use crate::features::{CLASSES, COUNT, LEADS, LETTERS, THAI, TRANSITIONS, count};
use crate::texts::Text;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Weights are in parts of a token.
const PARTS: f64 = 64.0;

/// The least that a letter costs: no text shall be long and cost nothing, whatever letters it is made of.
const LEAST: f64 = 6.0;

/// How often the weights are gone through.
const ROUNDS: usize = 4000;

/// What has too few texts to be learnt: scripts that the data does not have, by what their characters cost in that
/// vocabulary at large, in parts of a token.
const GIVEN: [(u8, f64); 5] = [(0xC6, 48.0), (0xD2, 40.0), (0xDC, 64.0), (0xE1, 24.0), (0xF0, 96.0)];

/// What a run costs could stand at its beginning or at its end. Words and numbers shall cost at their beginning: a text can end
/// in one. So these are given, too: the space behind a word and behind a number.
const BEHIND: [(usize, f64); 2] = [(2, 8.0), (6, 0.0)];

/// English and code are most of what is sent; each of the other kinds counts once.
fn importance(kind: &str) -> f64 {
    match kind {
        "en" | "questions" | "instructions" | "code" | "Rust" | "Python" | "Markdown" | "JSON" | "YAML" => 3.0,
        // Kept for the report: another source than what is fitted on.
        "code, elsewhere" | "prompts, elsewhere" => 0.0,
        _ => 1.0,
    }
}

/// The table, as it stands in the engine.
pub(crate) fn fit(texts: &[Text]) -> Result<String, std::fmt::Error> {
    let fitted: Vec<&Text> = texts.iter().filter(|text| !text.held_out).collect();
    let mut sizes = BTreeMap::new();
    fitted.iter().for_each(|text| *sizes.entry(&text.kind).or_insert(0.0) += 1.0);
    // Normal equations: G w = q.
    let (mut g, mut q) = (vec![[0.0; COUNT]; COUNT], [0.0; COUNT]);
    for text in fitted {
        let size = sizes.get(&text.kind).copied().unwrap_or(1.0);
        let (tokens, counts) = (text.tokens as f64, count(&text.text));
        let weight = importance(&text.kind) / size / (tokens * tokens);
        for (row, one) in counts.iter().enumerate().filter(|(_, one)| **one > 0.0) {
            q[row] += weight * one * tokens;
            counts.iter().enumerate().for_each(|(column, other)| g[row][column] += weight * one * other);
        }
    }
    let given = |at: usize| {
        if let Some((_, parts)) = BEHIND.iter().find(|(place, _)| *place == at) {
            return Some(parts / PARTS);
        }
        let lead = LEADS.get(at.checked_sub(TRANSITIONS + LETTERS)?)?;
        GIVEN.iter().find(|(byte, _)| *byte == lead.0).map(|(_, parts)| parts / PARTS)
    };
    let mut weights: [f64; COUNT] = std::array::from_fn(|at| given(at).unwrap_or(0.1));
    for _ in 0..ROUNDS {
        for at in (0..COUNT).filter(|at| given(*at).is_none()) {
            let said: f64 = g[at].iter().zip(&weights).map(|(g, weight)| g * weight).sum();
            let least = if (TRANSITIONS..TRANSITIONS + LETTERS).contains(&at) { LEAST / PARTS } else { 0.0 };
            weights[at] = if g[at][at] > 0.0 { (weights[at] + (q[at] - said) / g[at][at]).max(least) } else { least };
        }
    }
    print(&weights.map(|weight| (weight * PARTS).round() as u16))
}

fn print(parts: &[u16; COUNT]) -> Result<String, std::fmt::Error> {
    let (steps, rest) = parts.split_at(TRANSITIONS);
    let (letters, leads) = rest.split_at(LETTERS);
    let mut out = String::new();
    for (before, steps) in CLASSES.iter().zip(steps.chunks(4)) {
        writeln!(out, "    {steps:?}, // behind a {before}")?;
    }
    writeln!(out, "letters: {letters:?}")?;
    for ((first, last, script), parts) in LEADS.iter().zip(leads) {
        writeln!(out, "    (0x{first:X}, 0x{last:X}, {parts}), // {script}")?;
    }
    writeln!(out, "Thai, {THAI:X?}: {}", leads.last().unwrap_or(&0))?;
    Ok(out)
}
