//! What a file may say that is included for some tenants only. Whatever is not listed here, it may not.
//!
//! A tenant's limits hold for every rule, so a rule of its own cannot give it more; but a rule could speak of others, so each
//! names its tenants, one by one.

use pointsman_document::{Document, Report, did_you_mean};
use pointsman_source::{Finding, Part, Source};

/// The sections of such a file.
const SECTIONS: [&str; 2] = ["rules", "budgets"];

/// What its rules are made of.
const OF_RULES: [&str; 5] = ["name", "match", "route", "deny", "otherwise"];

/// And their routes. A `mirror` is paid for and counts for no budget; a `timeout` holds the proxy's connections.
const OF_ROUTES: [&str; 5] = ["targets", "sticky", "fallback", "rollout", "prefer"];

/// And its budgets, each of which the proxy counts for itself.
const OF_BUDGETS: [&str; 9] = ["name", "match", "per", "window", "requests", "tokens", "money", "action", "warnAt"];

/// For whom a file is included.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    pub(super) tenants: Vec<String>,
    /// Each of them where the policy says so.
    pub(super) said: Vec<Finding>,
}

impl Owner {
    fn names(&self) -> String {
        self.tenants.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    }

    /// Each tenant that does not exist, where it is named.
    pub(super) fn unknown(&self, tenants: &Document, report: &mut Report) -> Vec<Finding> {
        let known: Vec<&str> = tenants.items().iter().filter_map(|tenant| tenant.get("name")?.as_str()).collect();
        let unknown = self.tenants.iter().zip(&self.said).filter(|(name, _)| !known.contains(&name.as_str()));
        let mut finding = |(name, said): (&String, &Finding)| {
            let meant = report.suggest(name, known.iter().copied());
            Finding { message: format!("no tenant `{name}` in the policy{}", did_you_mean(&meant)), ..said.clone() }
        };
        unknown.map(&mut finding).collect()
    }
}

/// Everything in a file that its owner may not say.
pub(super) fn trespasses(source: &Source, owner: &Owner) -> Vec<Finding> {
    let Document::Object(members) = &source.document else { return Vec::new() };
    let mut trespasses = Trespasses { source, owner, found: Vec::new() };
    for (key, value) in members {
        if !SECTIONS.contains(&key.as_str()) {
            let message = format!("belongs into a file of the platform: {} only `rules` and `budgets`", has(owner));
            trespasses.find(key, Part::Key, &message);
            continue;
        }
        for (nth, item) in value.items().iter().enumerate() {
            let at = format!("{key}[{nth}]");
            trespasses.tenants(item, &at);
            if key == "budgets" {
                trespasses.fields(item, &OF_BUDGETS, &at);
            } else {
                trespasses.fields(item, &OF_RULES, &at);
                let routes = members_of(item).filter(|(key, _)| key == "route");
                routes.for_each(|(_, route)| trespasses.fields(route, &OF_ROUTES, &format!("{at}.route")));
            }
        }
    }
    trespasses.found
}

fn has(owner: &Owner) -> String {
    format!("this one is included for {} and has", owner.names())
}

fn members_of(document: &Document) -> impl Iterator<Item = &(String, Document)> {
    let members = if let Document::Object(members) = document { members.as_slice() } else { &[] };
    members.iter()
}

struct Trespasses<'s> {
    source: &'s Source,
    owner: &'s Owner,
    found: Vec<Finding>,
}

impl Trespasses<'_> {
    fn find(&mut self, path: &str, part: Part, message: &str) {
        self.found.push(self.source.finding(path, part, message));
    }

    /// A rule or a budget is of some of its owner's tenants, each by its name: a pattern or a label means others tomorrow.
    fn tenants(&mut self, item: &Document, at: &str) {
        let path = format!("{at}.match.tenants");
        let tenants = item.get("match").and_then(|matches| matches.get("tenants"));
        let Some(tenants) = tenants.filter(|tenants| !tenants.items().is_empty()) else {
            let names = self.owner.names();
            let message = format!("needs `match.tenants`, with some of {names}: this file is included for no others");
            return self.find(&path, Part::Value, &message);
        };
        for (nth, tenant) in tenants.items().iter().enumerate() {
            if !tenant.as_str().is_some_and(|name| self.owner.tenants.iter().any(|own| own == name)) {
                let name = tenant.as_str().map_or_else(|| tenant.kind().to_owned(), |name| format!("`{name}`"));
                let message =
                    format!("{name} is none of the tenants that this file is included for: {}", self.owner.names());
                self.find(&format!("{path}[{nth}]"), Part::Value, &message);
            }
        }
    }

    fn fields(&mut self, object: &Document, allowed: &[&str], at: &str) {
        for (key, _) in members_of(object).filter(|(key, _)| !allowed.contains(&key.as_str())) {
            let allowed: Vec<_> = allowed.iter().map(|field| format!("`{field}`")).collect();
            let message =
                format!("is not for a file that is included for some tenants: it can have {}", allowed.join(", "));
            self.find(&format!("{at}.{key}"), Part::Key, &message);
        }
    }
}
