//! How many tokens a request of a record may take, where nobody has counted them.

use crate::api::Api;
use crate::record::Record;

/// How many tokens an answer is guessed to have, where nothing says how many it may have: what budgets guess.
const GUESSED_OUTPUT: u64 = 1_024;

impl Record {
    /// The tokens of input and output that the request is estimated to take; `None` where the record has no facts.
    #[must_use]
    pub fn estimate(&self) -> Option<(u64, u64)> {
        let facts = self.facts.as_deref()?;
        let said = facts.max_output_tokens.filter(|tokens| *tokens < u64::MAX);
        let counted = self.answer.as_ref().and_then(|answer| answer.estimated_output);
        let generates = self.api.is_some_and(|api| Api::GENERATING.contains(&api) && !api.only_counts());
        let output = if generates { counted.or(said).unwrap_or(GUESSED_OUTPUT) } else { 0 };
        Some((facts.input_tokens, output))
    }
}
