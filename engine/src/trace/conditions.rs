//! Conditions that did not hold: what was wanted, and what was found.

use super::{Seen, wording};
use crate::api::Api;
use crate::decide;
use crate::decide::witness::{Asked, Miss};
use crate::policy::{self, ClaimCondition, Conditions, Pattern};
use crate::request::flag::Flag;
use crate::request::limit::Limit;
use serde::Serialize;

/// A condition that did not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failed {
    /// Its field, as policies call it: `inputTokens`.
    pub condition: &'static str,
    /// Where it stands in the rule or tenant: `match.any[1].inputTokens`.
    pub at: String,
    /// What it wants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
    /// What there is; none where there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// Of `any`: the first that did not hold in each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inside: Vec<Failed>,
}

/// What a condition wants, and what there is, where there is something.
pub(super) type Words = (Option<String>, Option<String>);

impl Seen<'_> {
    /// The first condition of a rule that did not hold.
    pub(super) fn failed(&self, rule: &policy::Rule, missing: &[Miss]) -> Option<Failed> {
        self.missed(rule, &rule.conditions, "match", missing)
    }

    fn missed(&self, rule: &policy::Rule, own: &Conditions, at: &str, missing: &[Miss]) -> Option<Failed> {
        let first = missing.first()?;
        if let Asked::Any(_) = first.asked {
            let inside = missing.iter().filter_map(|miss| {
                let Asked::Any(nth) = miss.asked else { return None };
                self.missed(rule, own.any.get(nth)?, &format!("{at}.any[{nth}]"), &miss.inside)
            });
            let inside = inside.collect();
            return Some(Failed { condition: "any", at: format!("{at}.any"), inside, ..Failed::default() });
        }
        let (wanted, found) = self.words(rule, own, first.asked);
        Some(leaf(at, first.asked, wanted, found))
    }

    /// What a condition wants and what there is.
    fn words(&self, rule: &policy::Rule, own: &Conditions, asked: Asked) -> Words {
        match asked {
            Asked::Apis | Asked::Models | Asked::Tenants | Asked::Paths => self.addressed(own, asked),
            Asked::Header(nth) => own.headers.get(nth).map_or((None, None), |header| self.header(header)),
            Asked::Claim(nth) => own.claims.get(nth).map_or((None, None), |claim| self.claim(claim)),
            Asked::Schedule => {
                let now = Some(self.attributes.asked_at).filter(|now| *now > 0);
                let schedule = own.schedule.as_ref();
                (schedule.map(|it| it.written()), schedule.zip(now).map(|(schedule, now)| schedule.clock(now)))
            }
            Asked::Percent => {
                let wanted = own.percent.map(|share| format!("{}% of the sessions", share.percent()));
                let drawn = self.facts.and_then(|facts| decide::drawn(rule, self.attributes, facts));
                (wanted, drawn.map(|at| format!("a session at {at:.2}%")))
            }
            Asked::When(fault) => {
                let found = fault.map_or("false".to_owned(), |fault| format!("no value: {}", wording::fault(fault)));
                (own.when.as_ref().map(|when| when.text().trim().to_owned()), Some(found))
            }
            Asked::Keywords => {
                let texts = self.policy.keyword_texts();
                let words = own.keywords.iter().filter_map(|keyword| texts.get(usize::try_from(keyword.0).ok()?));
                (Some(wording::list(words)), None)
            }
            Asked::Not => {
                let inner = own.not.as_ref().map(|inner| wording::list(names(inner)));
                (inner.map(|names| format!("not all of: {names}")), Some("all of them hold".to_owned()))
            }
            Asked::Flag(flag) => {
                let wanted = own.flags.iter().find(|(known, _)| *known == flag).map(|(_, wanted)| wanted.to_string());
                (wanted, self.flag(flag))
            }
            Asked::MaxOutputTokens | Asked::Messages | Asked::InputTokens => self.number(own, asked),
            Asked::Principals | Asked::Any(_) => (None, None),
        }
    }

    /// Conditions on where a request goes, and on who sends it.
    fn addressed(&self, own: &Conditions, asked: Asked) -> Words {
        let attributes = self.attributes;
        match asked {
            Asked::Apis => {
                let is_wanted = |api: &&Api| own.apis.is_some_and(|apis| apis.contains(**api));
                let apis = wording::list(Api::ALL.iter().filter(is_wanted).map(|api| api.name()));
                (Some(apis), Some(attributes.api.name().to_owned()))
            }
            Asked::Models => {
                let asked = self.facts.and_then(|facts| facts.asked().flatten());
                (Some(wording::list(own.models.iter().map(Pattern::written))), asked.map(str::to_owned))
            }
            Asked::Tenants => {
                let name = |id| self.policy.tenant_name(Some(id)).map(ToString::to_string);
                let found = wording::list(attributes.tenants.into_iter().filter_map(name));
                let wanted = wording::list(own.tenants.iter().copied().filter_map(name));
                (Some(wanted), Some(found).filter(|found| !found.is_empty()))
            }
            _ => {
                let wanted = wording::list(own.paths.iter().map(wording::path));
                (Some(wanted), Some(wording::lossy(attributes.bare_path())))
            }
        }
    }

    fn claim(&self, claim: &ClaimCondition) -> Words {
        let path = self.policy.claims().get(usize::from(claim.slot.0));
        let name = path.map(|path| path.join(".")).unwrap_or_default();
        let found = self.attributes.claim(claim.slot).map(wording::claim_text);
        (Some(format!("{name} {}", wording::claim_test(&claim.test))), found)
    }

    fn number(&self, own: &Conditions, asked: Asked) -> Words {
        let Some(facts) = self.facts else { return (None, None) };
        let (range, found) = match asked {
            Asked::MaxOutputTokens => {
                let found = match facts.max_output_tokens() {
                    Some(Limit::Tokens(u64::MAX)) => Some("no limit".to_owned()),
                    Some(Limit::Tokens(tokens)) => Some(tokens.to_string()),
                    Some(Limit::Unreadable) => Some("unreadable".to_owned()),
                    Some(Limit::Open) | None => None,
                };
                (own.max_output_tokens, found)
            }
            Asked::Messages => (own.messages, Some(facts.messages().low.to_string())),
            // Who only counts the tokens of a request is refused for no length.
            _ if self.attributes.only_counts => (own.input_tokens, Some("a request that only counts".to_owned())),
            _ => (own.input_tokens, Some(facts.input_tokens().low.to_string())),
        };
        (range.map(wording::range), found)
    }

    fn flag(&self, flag: Flag) -> Option<String> {
        let facts = self.facts?;
        if facts.is_unreadable(flag) {
            return Some("unreadable".to_owned());
        }
        facts.flag(flag).map(|is| is.to_string())
    }

    pub(super) fn header(&self, header: &policy::HeaderMatch) -> Words {
        let slot = usize::from(header.slot.0);
        let name = self.policy.headers().get(slot).map_or("", |known| known.name.as_str());
        let name = if name == ":authority" { "host" } else { name };
        let found = self.attributes.header_at(slot).filter(|text| text.has_value());
        let found = found.map(|text| wording::lossy(text.as_bytes()));
        (Some(format!("{name} {}", wording::header_test(&header.test))), found)
    }
}

pub(super) fn leaf(at: &str, asked: Asked, wanted: Option<String>, found: Option<String>) -> Failed {
    let (condition, place) = match asked {
        Asked::Header(nth) => ("headers", format!("headers[{nth}]")),
        Asked::Claim(nth) => ("claims", format!("claims[{nth}]")),
        other => (field(other), field(other).to_owned()),
    };
    Failed { condition, at: format!("{at}.{place}"), wanted, found, inside: Vec::new() }
}

fn field(asked: Asked) -> &'static str {
    match asked {
        Asked::Apis => "apis",
        Asked::Models => "models",
        Asked::Tenants => "tenants",
        Asked::Principals => "principals",
        Asked::Paths => "paths",
        Asked::Header(_) => "headers",
        Asked::Claim(_) => "claims",
        Asked::Schedule => "schedule",
        Asked::Flag(flag) => flag.condition(),
        Asked::MaxOutputTokens => "maxOutputTokens",
        Asked::Messages => "messages",
        Asked::InputTokens => "inputTokens",
        Asked::Keywords => "keywords",
        Asked::Percent => "percent",
        Asked::When(_) => "when",
        Asked::Any(_) => "any",
        Asked::Not => "not",
    }
}

/// The fields that conditions have.
fn names(own: &Conditions) -> Vec<&'static str> {
    let flags = own.flags.iter().map(|(flag, _)| flag.condition());
    let others = [
        (own.apis.is_some(), "apis"),
        (!own.models.is_empty(), "models"),
        (!own.tenants.is_empty(), "tenants"),
        (!own.claims.is_empty(), "claims"),
        (!own.headers.is_empty(), "headers"),
        (!own.paths.is_empty(), "paths"),
        (own.input_tokens.is_some(), "inputTokens"),
        (own.max_output_tokens.is_some(), "maxOutputTokens"),
        (own.messages.is_some(), "messages"),
        (!own.keywords.is_empty(), "keywords"),
        (own.percent.is_some(), "percent"),
        (own.schedule.is_some(), "schedule"),
        (own.when.is_some(), "when"),
        (!own.any.is_empty(), "any"),
        (own.not.is_some(), "not"),
    ];
    others.into_iter().filter(|(is_there, _)| *is_there).map(|(_, name)| name).chain(flags).collect()
}
