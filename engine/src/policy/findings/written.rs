//! Label values, patterns, principals and stars that mean nothing, as the author wrote them.

use super::{Kind, Search, listed};
use crate::policy::pattern::Pattern;
use pointsman_document::{Document, Report, did_you_mean};
use std::collections::BTreeSet;

pub(super) fn check(search: &mut Search<'_>) {
    let document = search.document;
    let items = |list: &str| document.get(list).map(Document::items).unwrap_or_default().iter().enumerate();
    for (nth, tenant) in items("tenants") {
        let at = format!("tenants[{nth}]");
        if let Some(models) = tenant.get("models") {
            labels(search, models.get("require"), &format!("{at}.models.require"));
            patterns(search, models, &at);
        }
        let Some(matches) = tenant.get("match") else { continue };
        credentials(search, matches, &format!("{at}.match"));
        for (nth, way) in matches.get("any").map(Document::items).unwrap_or_default().iter().enumerate() {
            credentials(search, way, &format!("{at}.match.any[{nth}]"));
        }
    }
    for (nth, profile) in items("profiles") {
        let at = format!("profiles[{nth}]");
        if let Some(models) = profile.get("models") {
            labels(search, models.get("require"), &format!("{at}.models.require"));
            patterns(search, models, &at);
        }
    }
    for (nth, rule) in items("rules") {
        if let Some(matches) = rule.get("match") {
            let at = format!("rules[{nth}].match");
            stars(search, matches, &at);
            header_stars(search, matches, &at);
        }
    }
}

/// What a caller has to show.
fn credentials(search: &mut Search<'_>, wanted: &Document, at: &str) {
    principals(search, wanted, at);
    stars(search, wanted, at);
    header_stars(search, wanted, at);
}

/// Profiles that no tenant has.
pub(super) fn profiles(search: &mut Search<'_>) {
    let document = search.document;
    let items = |list: &str| document.get(list).map(Document::items).unwrap_or_default();
    let inherited = |tenant: &'_ Document| tenant.get("profiles").map(Document::items).unwrap_or_default().to_vec();
    let inherited: Vec<Document> = items("tenants").iter().flat_map(inherited).collect();
    let used: BTreeSet<&str> = inherited.iter().filter_map(Document::as_str).collect();
    for (nth, profile) in items("profiles").iter().enumerate() {
        if let Some(name) = profile.get("name").and_then(Document::as_str).filter(|name| !used.contains(name)) {
            let message = format!("no tenant has the profile `{name}`: what it limits is limited for nobody");
            search.find(Kind::UnusedProfile, format!("profiles[{nth}]"), message);
        }
    }
}

/// Required values that no model has.
fn labels(search: &mut Search<'_>, labels: Option<&Document>, at: &str) {
    let Some(Document::Object(required)) = labels else { return };
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
        search.find(Kind::UnknownLabelValue, format!("{at}.{key}"), message);
    }
}

/// Patterns and groups over the catalog that match nothing in it; a name that is in none of them is an error.
fn patterns(search: &mut Search<'_>, models: &Document, at: &str) {
    for (list, effect) in [("allow", "allows"), ("deny", "denies")] {
        for (nth, pattern) in models.get(list).map(Document::items).unwrap_or_default().iter().enumerate() {
            let at = format!("{at}.models.{list}[{nth}]");
            labels(search, pattern.get("labels"), &format!("{at}.labels"));
            let Some(text) = pattern.as_str().or_else(|| pattern.get("model")?.as_str()) else { continue };
            let pattern = Pattern::new(text);
            if !search.policy.catalog.models.iter().any(|model| pattern.matches(model.name())) {
                let message = format!("`{text}` matches no model, and so {effect} nothing");
                search.find(Kind::UnmatchedPattern, at, message);
            }
        }
    }
}

/// Patterns of a budget that match nothing, where others of it do.
pub(super) fn budget(search: &mut Search<'_>, nth: usize, at: &str) {
    let document = search.document;
    let budget = document.get("budgets").and_then(|budgets| budgets.items().get(nth));
    let written = budget.and_then(|budget| budget.get("match")?.get("models"));
    for (nth, item) in written.map(Document::items).unwrap_or_default().iter().enumerate() {
        let Some(text) = item.as_str() else { continue };
        let pattern = Pattern::new(text);
        if !search.policy.catalog.models.iter().any(|model| pattern.matches(model.name())) {
            let message = format!("`{text}` matches no model, and so counts nothing");
            search.find(Kind::UnmatchedPattern, format!("{at}.match.models[{nth}]"), message);
        }
    }
}

/// Istio writes its principals without the scheme that they have in certificates.
fn principals(search: &mut Search<'_>, matches: &Document, at: &str) {
    for (nth, principal) in matches.get("principals").map(Document::items).unwrap_or_default().iter().enumerate() {
        let Some(text) = principal.as_str() else { continue };
        let is_bare = !text.starts_with('*') && !text.contains(':') && text.contains("/ns/");
        if is_bare {
            let message = format!("no certificate has this, as its URI has a scheme; did you mean `spiffe://{text}`?");
            search.find(Kind::PrincipalWithoutScheme, format!("{at}.principals[{nth}]"), message);
        }
    }
}

/// `contains` compares whole items, and what stands between spaces.
fn stars(search: &mut Search<'_>, matches: &Document, at: &str) {
    for (nth, claim) in matches.get("claims").map(Document::items).unwrap_or_default().iter().enumerate() {
        let Some(text) = claim.get("contains").and_then(Document::as_str) else { continue };
        let name = claim.get("name").and_then(Document::as_str);
        let message = if text.contains('*') {
            format!("`{text}` is no pattern: `contains` looks for an item or a word that is spelled so, with its `*`")
        } else if text.contains(' ') && name.is_some_and(|name| SCOPES.contains(&name)) {
            format!(
                "`{text}` is no scope, as they have no spaces: for several, write a claim for each, which all must match"
            )
        } else {
            continue;
        };
        search.find(Kind::LiteralStar, format!("{at}.claims[{nth}].contains"), message);
    }
}

/// Claims that hold scopes, whose names have no spaces in them (RFC 6749, section 3.3).
const SCOPES: [&str; 2] = ["scope", "scp"];

/// The exact value of a header is no pattern.
fn header_stars(search: &mut Search<'_>, matches: &Document, at: &str) {
    for (nth, header) in matches.get("headers").map(Document::items).unwrap_or_default().iter().enumerate() {
        let text = |key: &str| header.get(key).and_then(Document::as_str);
        let (Some(name), Some(value)) = (text("name"), text("value")) else { continue };
        let is_exact = text("type").is_none_or(|kind| kind == "Exact");
        if !is_exact || !value.contains('*') || has_stars(name) {
            continue;
        }
        let meant = match value.strip_suffix('*') {
            Some(prefix) if !prefix.contains('*') => format!("`type: Prefix` with `value: \"{prefix}\"`"),
            _ => "`type: RegularExpression`".to_owned(),
        };
        let message = format!("a `*` in an exact value is the character itself; did you mean {meant}?");
        search.find(Kind::LiteralStar, format!("{at}.headers[{nth}].value"), message);
    }
}

/// Headers of HTTP in which a star is a value: `accept: */*`, `if-match: *`.
fn has_stars(name: &str) -> bool {
    let begins = |with: &str| name.get(..with.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(with));
    begins("accept") || begins("if-")
}
