//! Label values, patterns and stars that mean nothing, as the author wrote them.

use super::{Kind, Search, listed};
use crate::policy::pattern::Pattern;
use pointsman_document::{Document, Report, did_you_mean};
use std::collections::BTreeSet;

pub(super) fn check(search: &mut Search<'_>) {
    let tenants = search.document.get("tenants").map(Document::items).unwrap_or_default();
    for (nth, tenant) in tenants.iter().enumerate() {
        let at = format!("tenants[{nth}]");
        if let Some(models) = tenant.get("models") {
            labels(search, models, &at);
            patterns(search, models, &at);
        }
        if let Some(claims) = tenant.get("match").and_then(|matches| matches.get("claims")) {
            stars(search, claims, &at);
        }
    }
}

/// Required values that no model has.
fn labels(search: &mut Search<'_>, models: &Document, at: &str) {
    let Some(Document::Object(required)) = models.get("require") else { return };
    for (key, value) in required {
        let Some(value) = value.as_str() else { continue };
        let models = &search.policy.catalog.models;
        let known: BTreeSet<&str> = models.iter().filter_map(|model| model.label(key)).collect();
        if known.contains(value) {
            continue;
        }
        let meant = Report::default().suggest(value, known.iter().copied());
        let has = if meant.is_some() { did_you_mean(&meant) } else { format!(": they have {}", listed(known)) };
        let message = format!("no model has the label `{key}` with the value `{value}`{has}");
        search.find(Kind::UnknownLabelValue, format!("{at}.models.require.{key}"), message);
    }
}

/// Patterns over the catalog that match nothing in it; a name that is in none of them is an error.
fn patterns(search: &mut Search<'_>, models: &Document, at: &str) {
    for (list, effect) in [("allow", "allows"), ("deny", "denies")] {
        for (nth, pattern) in models.get(list).map(Document::items).unwrap_or_default().iter().enumerate() {
            let Some(text) = pattern.as_str() else { continue };
            let pattern = Pattern::new(text);
            if !search.policy.catalog.models.iter().any(|model| pattern.matches(model.name())) {
                let message = format!("`{text}` matches no model, and so {effect} nothing");
                search.find(Kind::UnmatchedPattern, format!("{at}.models.{list}[{nth}]"), message);
            }
        }
    }
}

/// `contains` compares whole items.
fn stars(search: &mut Search<'_>, claims: &Document, at: &str) {
    for (nth, claim) in claims.items().iter().enumerate() {
        if let Some(text) = claim.get("contains").and_then(Document::as_str).filter(|text| text.contains('*')) {
            let message = format!(
                "`{text}` is no pattern: `contains` looks for an item or a word that is spelled so, with its `*`"
            );
            search.find(Kind::LiteralStar, format!("{at}.match.claims[{nth}].contains"), message);
        }
    }
}
