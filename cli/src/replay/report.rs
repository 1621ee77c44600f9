//! What a replay has found, for people, for programs, and as a page.

mod figures;
mod html;
mod json;
mod page;
mod text;

pub(crate) use figures::Figures;

use super::tally::{Place, Tally};
use super::traffic::Traffic;
use crate::policy_file::PolicyFile;
use pointsman_document::Document;

/// How it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Output {
    /// For people
    Text,
    /// One object, for programs
    Json,
    /// A page with charts, in one file that loads nothing
    Html,
}

/// Everything that is printed.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) tally: Tally,
    pub(crate) figures: Figures,
    pub(crate) traffic: &'a Traffic,
    /// The policy, and its version.
    policy: (String, String),
    /// What it is compared with.
    against: (String, Option<String>),
    currency: Option<String>,
    /// Rules that decide nothing.
    never: Vec<String>,
    /// What no record can tell, where the policies differ in it.
    notes: Vec<String>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(tally: Tally, policy: &PolicyFile, against: Option<&PolicyFile>, traffic: &'a Traffic) -> Self {
        let names = policy.source.document.get("rules").map(Document::items).unwrap_or_default().iter();
        let names = names.filter_map(|rule| rule.get("name")?.as_str());
        let hit = |name: &&str| tally.rules.0.get(*name).is_some_and(|hits| hits.after > 0);
        let never: Vec<String> = names.filter(|name| !hit(name)).map(str::to_owned).collect();
        let named = |file: &PolicyFile| file.source.file().display().to_string();
        let against_it = against.map_or_else(
            || ("what the records say".to_owned(), None),
            |file| (named(file), Some(file.short_version().to_owned())),
        );
        Self {
            figures: Figures::of(&tally, never.len()),
            policy: (named(policy), policy.short_version().to_owned()),
            against: against_it,
            currency: policy.policy.currency().map(str::to_owned),
            notes: against.map(|against| notes(&policy.source.document, &against.source.document)).unwrap_or_default(),
            never,
            traffic,
            tally,
        }
    }

    /// The text for standard output.
    pub(crate) fn print(&self, output: Output) -> String {
        match output {
            Output::Text => text::print(self),
            Output::Json => json::print(self),
            Output::Html => html::print(self),
        }
    }

    /// Changes, the most frequent first.
    fn moves(&self) -> Vec<(&str, &str, &super::tally::Move)> {
        let mut moves: Vec<_> = self
            .tally
            .moves
            .iter()
            .filter(|((from, to), _)| from != to)
            .map(|((from, to), found)| (from.as_str(), to.as_str(), found))
            .collect();
        moves.sort_by(|a, b| b.2.count.cmp(&a.2.count).then(a.0.cmp(b.0)).then(a.1.cmp(b.1)));
        moves
    }

    /// Where something stands.
    fn place(&self, place: &Place) -> String {
        let name = format!("{}:{}", self.traffic.name(place.file), place.line);
        match &place.id {
            Some(id) => format!("{name} ({id})"),
            None => name,
        }
    }

    /// An amount of money.
    fn money(&self, micros: u64) -> String {
        let amount = crate::record::money(micros);
        match &self.currency {
            Some(currency) => format!("{amount} {currency}"),
            None => amount,
        }
    }
}

/// Where policies differ in what is settled before any rule is asked, of which records do not tell.
fn notes(after: &Document, before: &Document) -> Vec<String> {
    let proofs = |policy: &Document| {
        let tenants = policy.get("tenants").map(Document::items).unwrap_or_default();
        let proof = |tenant: &Document| ["name", "match", "continue"].map(|field| tenant.get(field).cloned());
        tenants.iter().map(proof).collect::<Vec<_>>()
    };
    let mut notes = Vec::new();
    if proofs(after) != proofs(before) {
        notes.push("the policies tell callers apart in different ways: each caller is taken for the tenant that its record names".to_owned());
    }
    let surrogates = |policy: &Document| policy.get("onFailure").and_then(|on| on.get("loneSurrogate")).cloned();
    let sections = ["limits", "steering", "pathPrefixes", "providerState"].into_iter();
    let differing: Vec<_> = sections
        .filter(|section| after.get(section) != before.get(section))
        .chain((surrogates(after) != surrogates(before)).then_some("onFailure.loneSurrogate"))
        .map(|section| format!("`{section}`"))
        .collect();
    if !differing.is_empty() {
        notes.push(format!(
            "the policies differ in {}: which requests are read at all is taken from the records",
            differing.join(", ")
        ));
    }
    notes
}
