//! The part of a policy that is without errors, so that one mistake does not hide all others.
//!
//! What is taken out is taken out so that the rest allows more and is shadowed less: nothing is found in it that would not be
//! found in a mended policy, unless the mended one differs more.

use pointsman_document::{Document, DocumentError};
use pointsman_engine::Policy;
use std::collections::BTreeMap;

/// A policy without what was wrong in the author's.
pub(super) struct Sound {
    pub(super) policy: Policy,
    pub(super) document: Document,
    pub(super) kept: Kept,
}

/// Of each list out of which items were taken: where those that are left stand in the file.
#[derive(Debug, Default)]
pub(super) struct Kept(BTreeMap<String, Vec<usize>>);

impl Kept {
    /// The path in the file of a path in the rest.
    pub(super) fn in_file(&self, path: &str) -> String {
        let (mut file, mut read, mut rest) = (String::new(), String::new(), path);
        while let Some((before, behind)) = rest.split_once('[') {
            let Some((number, behind)) = behind.split_once(']') else { break };
            file.push_str(before);
            read.push_str(before);
            let nth = number.parse().ok();
            let kept =
                nth.and_then(|nth: usize| self.0.get(&read)?.get(nth)).map_or_else(|| number.into(), usize::to_string);
            file.push_str(&format!("[{kept}]"));
            read.push_str(&format!("[{number}]"));
            rest = behind;
        }
        file + rest
    }

    /// Notes that an item of a list was taken out.
    fn without(&mut self, list: &str, nth: usize, length: usize) {
        let places = self.0.entry(list.to_owned()).or_insert_with(|| (0..length).collect());
        if nth < places.len() {
            places.remove(nth);
        }
        // Of lists in items behind it nothing was noted yet, or it moves up with its item.
        let moved: Vec<_> = self.0.keys().filter_map(|key| Some((key.clone(), moved(key, list, nth)?))).collect();
        for (from, to) in moved {
            if let Some(places) = self.0.remove(&from) {
                self.0.extend(to.map(|to| (to, places)));
            }
        }
    }
}

/// What a list in an item of `list` is called once the item `nth` is out: `None` where it stays, nothing where it is gone.
fn moved(key: &str, list: &str, nth: usize) -> Option<Option<String>> {
    let (number, rest) = key.strip_prefix(list)?.strip_prefix('[')?.split_once(']')?;
    let number: usize = number.parse().ok()?;
    match number.cmp(&nth) {
        std::cmp::Ordering::Less => None,
        std::cmp::Ordering::Equal => Some(None),
        std::cmp::Ordering::Greater => Some(Some(format!("{list}[{}]{rest}", number - 1))),
    }
}

/// Takes out what is wrong until nothing is: what referred to it is wrong then, too.
pub(super) fn part(document: &Document) -> Option<Sound> {
    const ROUNDS: usize = 6;
    let (mut document, mut kept) = (document.clone(), Kept::default());
    for _ in 0..ROUNDS {
        let errors = match Policy::from_document(&document) {
            Ok(policy) => return Some(Sound { policy, document, kept }),
            Err(errors) => errors,
        };
        let mut parts: Vec<Wrong> = errors.iter().map(wrong).collect::<Option<_>>()?;
        // From behind and from inside, so that the places of the others stay what they are.
        parts.sort_by(|a, b| b.cmp(a));
        parts.dedup();
        parts.iter().for_each(|part| part.take_out(&mut document, &mut kept));
    }
    None
}

/// A piece of the document to take out, the large ones first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wrong {
    /// A section.
    Section(String),
    /// A whole item.
    Item(&'static str, usize),
    /// A field of an item, which may be missing.
    Field(&'static str, usize, Vec<String>),
    /// An item of a list inside of an item.
    Inner(&'static str, usize, Vec<String>, usize),
}

/// What to take out for an error; `None` where nothing is left to say without it.
fn wrong(error: &DocumentError) -> Option<Wrong> {
    let path = error.path();
    let section = path.split(['[', '.']).next().filter(|section| !section.is_empty())?;
    let Some(section) =
        ["models", "aliases", "profiles", "tenants", "rules"].into_iter().find(|known| *known == section)
    else {
        // Paths of rules lead somewhere or nowhere by these.
        return (section != "pathPrefixes").then(|| Wrong::Section(section.to_owned()));
    };
    let (nth, field) = path.strip_prefix(section)?.strip_prefix('[')?.split_once(']')?;
    let nth: usize = nth.parse().ok()?;
    let field = field.strip_prefix('.').unwrap_or(field);
    let keys = |field: &str| field.split('.').map(str::to_owned).collect::<Vec<_>>();
    let first = || field.split(['.', '[']).next().unwrap_or_default();
    match section {
        // Without its name or cluster it is no model, and the catalog has a hole; without its fallback rules serve less.
        "models" => {
            (!["", "name", "cluster", "fallback"].contains(&first())).then(|| Wrong::Field(section, nth, keys(first())))
        }
        "tenants" if field.starts_with("profiles[") => {
            let item = field.strip_prefix("profiles[")?.split(']').next()?.parse().ok()?;
            Some(Wrong::Inner(section, nth, keys("profiles"), item))
        }
        "profiles" | "tenants" => Some(match field.strip_prefix("models.") {
            Some(models) if models.starts_with("allow") => Wrong::Field(section, nth, keys("models.allow")),
            Some(models) if models.starts_with("require.") => Wrong::Field(section, nth, {
                // The key of a label may hold dots.
                let label = models.strip_prefix("require.").unwrap_or_default();
                vec!["models".to_owned(), "require".to_owned(), label.to_owned()]
            }),
            Some(models) => match models.strip_prefix("deny[").and_then(|rest| rest.strip_suffix(']')?.parse().ok()) {
                Some(item) => Wrong::Inner(section, nth, keys("models.deny"), item),
                None => Wrong::Item(section, nth),
            },
            None => Wrong::Item(section, nth),
        }),
        _ => Some(Wrong::Item(section, nth)),
    }
}

impl Wrong {
    fn take_out(&self, document: &mut Document, kept: &mut Kept) {
        match self {
            Self::Section(section) => remove_key(document, section),
            Self::Item(section, nth) => {
                if let Some(length) = get(document, section).and_then(|items| remove_item(items, *nth)) {
                    kept.without(section, *nth, length);
                }
            }
            Self::Field(section, nth, keys) => {
                let Some((last, keys)) = keys.split_last() else { return };
                let object = item(document, section, *nth).and_then(|item| descend(item, keys));
                object.into_iter().for_each(|object| remove_key(object, last));
            }
            Self::Inner(section, nth, keys, inner) => {
                let list = item(document, section, *nth).and_then(|item| descend(item, keys));
                if let Some(length) = list.and_then(|list| remove_item(list, *inner)) {
                    kept.without(&format!("{section}[{nth}].{}", keys.join(".")), *inner, length);
                }
            }
        }
    }
}

fn get<'d>(document: &'d mut Document, key: &str) -> Option<&'d mut Document> {
    match document {
        Document::Object(members) => members.iter_mut().find(|(name, _)| name == key).map(|(_, value)| value),
        _ => None,
    }
}

fn item<'d>(document: &'d mut Document, section: &str, nth: usize) -> Option<&'d mut Document> {
    match get(document, section)? {
        Document::Array(items) => items.get_mut(nth),
        _ => None,
    }
}

fn descend<'d>(document: &'d mut Document, keys: &[String]) -> Option<&'d mut Document> {
    keys.iter().try_fold(document, |document, key| get(document, key))
}

fn remove_key(document: &mut Document, key: &str) {
    if let Document::Object(members) = document {
        members.retain(|(name, _)| name != key);
    }
}

/// How long the list was.
fn remove_item(list: &mut Document, nth: usize) -> Option<usize> {
    match list {
        Document::Array(items) if nth < items.len() => {
            let length = items.len();
            items.remove(nth);
            Some(length)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, rest: &str, paths: &[(&str, &str)]) {
        let Sound { document, kept, .. } = part(&Document::from_json(json.as_bytes()).unwrap()).unwrap();
        assert_eq!(document, Document::from_json(rest.as_bytes()).unwrap());
        for (path, file) in paths {
            assert_eq!(kept.in_file(path), *file);
        }
    }

    #[test]
    fn items_keep_their_places_in_the_file() {
        let model = r#"{"name": "a", "cluster": "c"}"#;
        let rule = |name: &str, model: &str| {
            format!(r#"{{"name": "{name}", "route": {{"targets": [{{"model": "{model}"}}]}}}}"#)
        };
        check(
            &format!(
                r#"{{"models": [{model}], "rules": [{}, {}, {}, {}]}}"#,
                rule("r", "x"),
                rule("s", "a"),
                rule("t", "x"),
                rule("u", "a")
            ),
            &format!(r#"{{"models": [{model}], "rules": [{}, {}]}}"#, rule("s", "a"), rule("u", "a")),
            &[
                ("rules[0].match", "rules[1].match"),
                ("rules[1].route.targets[0]", "rules[3].route.targets[0]"),
                ("models[0]", "models[0]"),
            ],
        );
    }

    #[test]
    fn of_a_tenant_only_what_is_wrong_goes() {
        let json = |models: &str| {
            format!(
                r#"{{"models": [{{"name": "a", "cluster": "c"}}],
                    "tenants": [{{"name": "t", "match": {{"principals": ["*"]}}, "models": {models}}}]}}"#
            )
        };
        check(
            &json(r#"{"deny": ["b", "a", "c", "x*"], "allow": ["b", "a"], "require": {"k.l": "v"}}"#),
            &json(r#"{"deny": ["a", "x*"], "require": {}}"#),
            &[
                ("tenants[0].models.deny[0]", "tenants[0].models.deny[1]"),
                ("tenants[0].models.deny[1]", "tenants[0].models.deny[3]"),
            ],
        );
    }

    #[test]
    fn without_a_catalog_nothing_is_left() {
        for json in [r#"{"models": [{"name": "a"}]}"#, "[]", r#"{"rules": []}"#, r#"{"models": 1}"#] {
            assert!(part(&Document::from_json(json.as_bytes()).unwrap()).is_none(), "{json}");
        }
    }
}
