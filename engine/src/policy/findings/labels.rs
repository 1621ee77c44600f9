//! Labels of tenants that no rule asks for, in policies whose rules ask for others.

use super::{Kind, Search, listed};
use pointsman_document::{Document, Report, did_you_mean};
use std::collections::BTreeSet;

pub(super) fn check(search: &mut Search<'_>) {
    let document = search.document;
    let items = |list: &str| document.get(list).map(Document::items).unwrap_or_default();
    let mut asked = BTreeSet::new();
    items("rules").iter().filter_map(|rule| rule.get("match")).for_each(|conditions| note(conditions, &mut asked));
    // Where no rule looks at labels, they are written for people.
    if asked.is_empty() {
        return;
    }
    for list in ["profiles", "tenants"] {
        for (nth, item) in items(list).iter().enumerate() {
            let Some(Document::Object(labels)) = item.get("labels") else { continue };
            for (key, _) in labels.iter().filter(|(key, _)| !asked.contains(key.as_str())) {
                let meant = Report::default().suggest(key, asked.iter().copied());
                let others = if meant.is_some() {
                    did_you_mean(&meant)
                } else {
                    format!(": they ask for {}", listed(asked.iter().copied()))
                };
                let message = format!("no rule asks for the label `{key}`{others}");
                search.find(Kind::UnaskedLabel, format!("{list}[{nth}].labels.{key}"), message);
            }
        }
    }
}

/// Notes the labels that conditions ask for, and those that are part of them.
fn note<'d>(conditions: &'d Document, asked: &mut BTreeSet<&'d str>) {
    if let Some(Document::Object(labels)) = conditions.get("tenantLabels") {
        asked.extend(labels.iter().map(|(key, _)| key.as_str()));
    }
    let inner = conditions.get("any").map(Document::items).unwrap_or_default();
    inner.iter().chain(conditions.get("not")).for_each(|inner| note(inner, asked));
}
