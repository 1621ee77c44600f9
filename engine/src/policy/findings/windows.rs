//! Models whose window has no room for a question.

use super::{Kind, Search};

pub(super) fn check(search: &mut Search<'_>) {
    let full = |(nth, model): (usize, &crate::policy::Model)| {
        let window = model.context_window.filter(|window| window.reserved >= window.tokens)?;
        Some((nth, window.tokens))
    };
    let models = search.policy.catalog.models.iter().enumerate();
    for (nth, tokens) in models.filter_map(full).collect::<Vec<_>>() {
        let message = format!(
            "leaves nothing of `contextWindow` ({tokens}) for input: no request that names no limit of its own can go to this model"
        );
        search.find(Kind::ReservedWindow, format!("models[{nth}].reservedOutput"), message);
    }
}
