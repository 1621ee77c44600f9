//! What the estimate is off by, as the engine makes it, beside a fourth of the bytes.

use crate::texts::Text;
use pointsman_engine::{Caller, Live, Policy, Received, Step, receive};
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::sync::Arc;

const POLICY: &[u8] = br#"{"record":"facts","models":[{"name":"m","cluster":"c"}],
    "rules":[{"name":"all","match":{"inputTokens":{"min":0}},"route":{"targets":[{"model":"m"}]}}]}"#;

struct Nobody;

impl Caller for Nobody {
    fn principal(&self) -> Option<Vec<u8>> {
        None
    }
    fn claim(&self, _: &[String]) -> Option<pointsman_engine::Claim<'_>> {
        None
    }
}

/// The estimate, by way of a request and its record.
fn estimate(policy: &Arc<Policy>, text: &str) -> Result<f64, Box<dyn Error>> {
    let mut body = String::from(r#"{"model":"m","prompt":""#);
    for character in text.chars() {
        match character {
            '"' | '\\' => body.extend(['\\', character]),
            '\0'..' ' => write!(body, "\\u{:04x}", u32::from(character))?,
            _ => body.push(character),
        }
    }
    body.push_str("\"}");
    let length = body.len().to_string();
    let headers: [(&[u8], &[u8]); 5] = [
        (b":method", b"POST"),
        (b":path", b"/v1/completions"),
        (b":authority", b"llm"),
        (b"content-type", b"application/json"),
        (b"content-length", length.as_bytes()),
    ];
    let Received::Read(mut reading) = receive(policy, &headers, &Nobody, &Live::default, false) else {
        return Err("not read".into());
    };
    let mut step = reading.push(body.as_bytes());
    if !matches!(step, Step::Route(_)) {
        step = reading.finish();
    }
    let Step::Route(edits) = step else { return Err("not routed".into()) };
    let facts = edits.record.facts.as_ref().ok_or("no facts")?;
    Ok(facts.input_tokens as f64)
}

/// Relative errors of one estimate over texts of one kind.
#[derive(Default)]
struct Errors(Vec<f64>);

impl Errors {
    fn mean(&self) -> f64 {
        100.0 * self.0.iter().map(|error| error.abs()).sum::<f64>() / self.0.len() as f64
    }

    fn bias(&self) -> f64 {
        100.0 * self.0.iter().sum::<f64>() / self.0.len() as f64
    }

    /// What nine in ten are within.
    fn most(&self) -> f64 {
        let mut sorted: Vec<f64> = self.0.iter().map(|error| error.abs()).collect();
        sorted.sort_by(f64::total_cmp);
        100.0 * sorted.get(sorted.len() * 9 / 10).copied().unwrap_or_default()
    }

    fn show(&self) -> String {
        format!("{:.0} %, {:+.0} %, {:.0} %", self.mean(), self.bias(), self.most())
    }
}

pub(crate) fn report(texts: &[Text]) -> Result<String, Box<dyn Error>> {
    let policy = Arc::new(Policy::from_json(POLICY).map_err(|errors| errors.to_string())?);
    let mut kinds: BTreeMap<&str, [Errors; 3]> = BTreeMap::new();
    for text in texts.iter().filter(|text| text.held_out || text.kind.ends_with("elsewhere")) {
        let [new, old, before] = kinds.entry(&text.kind).or_default();
        let estimate = estimate(&policy, &text.text)?;
        let off = |estimate: f64, tokens: usize| estimate / tokens as f64 - 1.0;
        new.0.push(off(estimate, text.tokens));
        old.0.push(off(text.text.len().div_ceil(4) as f64, text.tokens));
        before.0.push(off(estimate, text.before));
    }
    let mut out = String::from(
        "| text | texts | estimate | bytes / 4 | estimate against `cl100k_base` |\n| --- | --- | --- | --- | --- |\n",
    );
    for (kind, [new, old, before]) in &kinds {
        writeln!(out, "| {kind} | {} | {} | {} | {} |", new.0.len(), new.show(), old.show(), before.show())?;
    }
    let mean = |of: usize| kinds.values().map(|errors| errors[of].mean()).sum::<f64>() / kinds.len() as f64;
    writeln!(out, "| mean of all kinds | | {:.1} % | {:.1} % | {:.1} % |", mean(0), mean(1), mean(2))?;
    Ok(out)
}
