//! A trace as a person reads it: the decision, and below it what it went by.

mod sent;

use crate::record::{self, money, printable};
use pointsman_engine::Policy;
use pointsman_engine::trace::{Candidate, CandidateOutcome, Facts, Failed, Rule, RuleOutcome, TenantOutcome, Trace};
use unicode_width::UnicodeWidthStr;

/// Longer texts are cut: a header or an expression can have thousands of characters.
const LONGEST: usize = 100;

/// More tenants and rules that did not match are counted and not shown.
const MOST_TENANTS: usize = 8;
const MOST_RULES: usize = 40;

/// A section: its name, and lines beside it.
struct Section(&'static str, Vec<String>);

/// The page. `colours` says whether a terminal shows it.
pub(super) fn page(policy: &Policy, trace: &Trace, colours: bool) -> String {
    let cost = trace.record.model.as_deref().and_then(|model| policy.model_named(model)?.cost());
    let sections = [
        Section("facts", trace.facts.as_ref().map(facts).unwrap_or_default()),
        Section("tenants", tenants(trace)),
        Section("rules", rules(&trace.rules)),
        Section("models", models(trace)),
    ];
    let mut page = record::page(&trace.record, cost);
    for Section(name, lines) in sections.iter().filter(|section| !section.1.is_empty()) {
        page.push('\n');
        for (nth, line) in lines.iter().enumerate() {
            let name = if nth == 0 { name } else { "" };
            page.push_str(format!("{name:<9} {}", printable(line)).trim_end());
            page.push('\n');
        }
    }
    page.push_str(&sent::changes(trace, colours));
    page
}

fn facts(facts: &Facts) -> Vec<String> {
    let number = |count: u64, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let mut sizes = vec![number(facts.bytes, "byte"), number(facts.messages, "message")];
    sizes.push(format!("about {} of input", number(facts.input_tokens, "token")));
    sizes.extend(facts.max_output_tokens.map(|most| format!("at most {most} of output")));
    let mut lines = vec![sizes.join(", ")];
    let mut add = |what: &str, items: Vec<String>| {
        if !items.is_empty() {
            lines.push(format!("{what}{}", items.join(", ")));
        }
    };
    let owned = |items: &[&'static str]| items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>();
    add("", owned(&facts.flags));
    add("keywords: ", facts.keywords.clone());
    add("names besides: ", facts.besides.clone());
    add("unreadable: ", owned(&facts.unreadable));
    add("session by ", facts.session.iter().map(|session| session.from.clone()).collect());
    lines
}

fn tenants(trace: &Trace) -> Vec<String> {
    let is_shown = |outcome| !matches!(outcome, TenantOutcome::NotReached);
    let width = widest(trace.tenants.iter().filter(|tenant| is_shown(tenant.outcome)).map(|tenant| &*tenant.name));
    let mut lines = Vec::new();
    let (mut shown, mut others, mut behind) = (0, 0, 0);
    for tenant in &trace.tenants {
        let missing = || tenant.failed.as_ref().map_or_else(String::new, |failed| format!(": {}", words(failed)));
        let what = match tenant.outcome {
            TenantOutcome::Matched if tenant.continues => "yes, and the search goes on".to_owned(),
            TenantOutcome::Matched if !tenant.profiles.is_empty() => {
                format!("yes, with {}", tenant.profiles.join(", "))
            }
            TenantOutcome::Matched => "yes".to_owned(),
            TenantOutcome::Unclear => format!("cannot be said{}", missing()),
            TenantOutcome::Failed if shown < MOST_TENANTS => {
                shown += 1;
                format!("no{}", missing())
            }
            TenantOutcome::Failed => {
                others += 1;
                continue;
            }
            TenantOutcome::NotReached => {
                behind += 1;
                continue;
            }
        };
        lines.push(format!("{}  {what}", padded(&tenant.name, width)));
    }
    lines.extend((others > 0).then(|| format!("{others} more: no (`--output trace` says why)")));
    lines.extend((behind > 0).then(|| format!("{behind} more not tried")));
    lines
}

fn rules(rules: &[Rule]) -> Vec<String> {
    let width = widest(rules.iter().filter(|rule| rule.outcome != RuleOutcome::NotReached).map(|rule| &*rule.name));
    let mut lines = Vec::new();
    let (mut shown, mut hidden, mut behind) = (0, 0, 0);
    for rule in rules {
        let what = match rule.outcome {
            RuleOutcome::Matched => format!("matches: {}", rule.action),
            RuleOutcome::PassedOn => "matches, and passes on: none of its models may and can serve".to_owned(),
            RuleOutcome::Unknown => format!("cannot be said: it asks for {}", rule.unknown.unwrap_or("more")),
            RuleOutcome::Failed if shown < MOST_RULES => {
                shown += 1;
                rule.failed.as_ref().map_or_else(|| "does not match".to_owned(), words)
            }
            RuleOutcome::Failed => {
                hidden += 1;
                continue;
            }
            RuleOutcome::NotReached => {
                behind += 1;
                continue;
            }
        };
        lines.push(format!("{}  {what}", padded(&rule.name, width)));
    }
    lines.extend((hidden > 0).then(|| format!("{hidden} more: do not match (`--output trace` says why)")));
    lines.extend((behind > 0).then(|| format!("{behind} more not reached")));
    lines
}

/// `inputTokens: wants at most 400, found 523`.
fn words(failed: &Failed) -> String {
    let place = failed.at.strip_prefix("match.").unwrap_or(&failed.at);
    if !failed.inside.is_empty() {
        let inside: Vec<_> = failed.inside.iter().map(words).collect();
        return format!("none of `any`: {}", inside.join("; "));
    }
    let wanted = failed.wanted.as_deref().map_or("more", |wanted| wanted);
    let found =
        failed.found.as_deref().map_or_else(|| "there is none".to_owned(), |found| format!("found {}", cut(found)));
    format!("{place}: wants {}, {found}", cut(wanted))
}

/// On one line, and no longer than one can read.
fn cut(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

fn models(trace: &Trace) -> Vec<String> {
    let candidates = &trace.candidates;
    let names = widest(candidates.iter().map(|candidate| &*candidate.model));
    let clusters = widest(candidates.iter().map(|candidate| &*candidate.cluster));
    let currency = trace.currency.as_deref().map_or_else(String::new, |currency| format!(" {currency}"));
    let price = |candidate: &Candidate| {
        candidate.cost.map_or_else(String::new, |cost| format!("{}{currency}", money(cost.micros)))
    };
    let prices = candidates.iter().map(|candidate| price(candidate).width()).max().unwrap_or_default();
    let line = |candidate: &Candidate| {
        let what = match (candidate.outcome, candidate.attempt) {
            (_, Some(attempt)) => format!("attempt {attempt}"),
            (CandidateOutcome::Mirror, _) => "gets a copy".to_owned(),
            (CandidateOutcome::Excluded, _) => "left out".to_owned(),
            _ => "could serve, another is chosen".to_owned(),
        };
        let reasons: Vec<&str> =
            candidate.reason.iter().chain(&candidate.further).map(|reason| reason.code()).collect();
        let reason = if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join(", ")) };
        let detail = candidate.detail.as_ref().map_or_else(String::new, |detail| format!(" ({detail})"));
        // Of rules that have passed on, each says for itself.
        let rule = candidate.rule.as_ref().filter(|rule| Some(*rule) != trace.record.rule.as_ref());
        let rule = rule.map_or_else(String::new, |rule| format!(", for rule {rule}"));
        let (name, cluster) = (padded(&candidate.model, names), padded(&candidate.cluster, clusters));
        let price = if prices == 0 { String::new() } else { format!("  {}", padded(&price(candidate), prices)) };
        format!("{name}  {cluster}{price}  {what}{reason}{detail}{rule}")
    };
    let mut lines: Vec<String> = candidates.iter().map(line).collect();
    if let Some(cost) = candidates.iter().find_map(|candidate| candidate.cost) {
        lines.push(format!("prices for {} input and {} output tokens", cost.input_tokens, cost.output_tokens));
    }
    lines
}

fn widest<'n>(names: impl Iterator<Item = &'n str>) -> usize {
    names.map(|name| printable(name).width()).max().unwrap_or_default().min(40)
}

fn padded(name: &str, width: usize) -> String {
    let room = width.saturating_sub(printable(name).width());
    format!("{name}{}", " ".repeat(room))
}
