//! Whether a rule applies. The cheap questions come first; the first "no" settles it, the first question
//! that cannot be answered yet stops it.

use super::Need;
use super::attributes::Attributes;
use super::sticky;
use super::unread::Unread;
use super::when;
use super::witness::{Asked, Witness};
use crate::policy::{Conditions, Rule, RuleAction, RuleId};
use crate::request::facts::Facts;
use crate::request::limit::Limit;
use pointsman_expression::Fault;

/// One request, as the conditions of one rule see it.
struct Judge<'a> {
    attributes: &'a Attributes,
    facts: &'a Facts,
    asked: Option<&'a str>,
    rule: &'a Rule,
    denies: bool,
}

/// Whether all conditions of a rule hold for the request. One that cannot be judged holds if the rule denies: nobody gets past
/// a rule with a value that only some server can read. Behind a `not` it is the other way round, so that it comes to the same.
pub(super) fn hold(
    id: RuleId,
    rule: &Rule,
    attributes: &Attributes,
    facts: &Facts,
    asked: Option<&str>,
    unread: &mut Unread,
) -> Result<bool, Need> {
    let (denies, witness) = (matches!(rule.action, RuleAction::Deny(_)), &attributes.witness);
    witness.asks();
    // Who only counts is refused for no length: it is what they ask for.
    let answer = if denies && attributes.only_counts && rule.conditions.ask_length() {
        Ok(witness.sees(Asked::InputTokens, false))
    } else {
        Judge { attributes, facts, asked, rule, denies }.hold(&rule.conditions, denies, unread)
    };
    witness.answers(id, answer)
}

impl Judge<'_> {
    fn witness(&self) -> &Witness {
        &self.attributes.witness
    }

    /// `unjudged` is what holds of a condition that cannot be judged.
    fn hold(&self, conditions: &Conditions, unjudged: bool, unread: &mut Unread) -> Result<bool, Need> {
        Ok(self.by_headers(conditions, unjudged)
            && self.by_time(conditions, unjudged, unread)
            && self.by_flags(conditions, unjudged, unread)?
            && self.by_numbers(conditions, unjudged, unread)?
            && self.by_keywords(conditions)?
            && self.by_share(conditions)?
            && self.by_expression(conditions, unjudged, unread)?
            && self.by_others(conditions, unjudged, unread)?)
    }

    /// What is known before the body: the name asked for has been read by now as well.
    fn by_headers(&self, conditions: &Conditions, unjudged: bool) -> bool {
        let Self { attributes, asked, .. } = self;
        let sees = |asked, holds| self.witness().sees(asked, holds);
        let path = attributes.bare_path();
        sees(Asked::Apis, conditions.apis.is_none_or(|apis| apis.contains(attributes.api)))
            && sees(Asked::Models, conditions.know_name(*asked))
            && sees(Asked::Tenants, conditions.know_tenant(&attributes.tenants))
            && sees(Asked::Paths, conditions.paths.is_empty() || conditions.paths.iter().any(|test| test.matches(path)))
            && conditions.headers.iter().enumerate().all(|(nth, header)| {
                let found = attributes.header(header.slot);
                sees(Asked::Header(nth), found.is_some_and(|text| header.test.judge(text).unwrap_or(unjudged)))
            })
            && conditions.claims.iter().enumerate().all(|(nth, claim)| {
                let found = attributes.claim(claim.slot);
                sees(Asked::Claim(nth), found.is_some_and(|found| claim.test.judge(found).unwrap_or(unjudged)))
            })
    }

    /// A proxy that cannot say what time it is, or a caller of `explain` who has not, cannot judge a schedule.
    fn by_time(&self, conditions: &Conditions, unjudged: bool, unread: &mut Unread) -> bool {
        let holds = match (&conditions.schedule, self.attributes.asked_at) {
            (None, _) => true,
            (Some(_), 0) => {
                unread.schedule();
                unjudged
            }
            (Some(schedule), now) => schedule.holds(now),
        };
        self.witness().sees(Asked::Schedule, holds)
    }

    fn by_flags(&self, conditions: &Conditions, unjudged: bool, unread: &mut Unread) -> Result<bool, Need> {
        for (flag, expected) in conditions.flags.iter() {
            if self.facts.is_unreadable(flag) {
                unread.flag(flag);
                if unjudged {
                    continue;
                }
                return Ok(self.witness().sees(Asked::Flag(flag), false));
            }
            if self.facts.flag(flag).ok_or(Need::Flag(flag))? != expected {
                return Ok(self.witness().sees(Asked::Flag(flag), false));
            }
        }
        Ok(true)
    }

    fn by_numbers(&self, conditions: &Conditions, unjudged: bool, unread: &mut Unread) -> Result<bool, Need> {
        let facts = self.facts;
        if let Some(range) = conditions.max_output_tokens {
            match facts.max_output_tokens().ok_or(Need::End)? {
                Limit::Tokens(tokens) if range.contains(tokens) => {}
                Limit::Unreadable => {
                    unread.max_output_tokens();
                    if !unjudged {
                        return Ok(self.witness().sees(Asked::MaxOutputTokens, false));
                    }
                }
                Limit::Open | Limit::Tokens(_) => return Ok(self.witness().sees(Asked::MaxOutputTokens, false)),
            }
        }
        if let Some(range) = conditions.messages
            && !facts.messages().within(range).ok_or(Need::Messages(range))?
        {
            return Ok(self.witness().sees(Asked::Messages, false));
        }
        let holds = match conditions.input_tokens {
            None => true,
            // A length refuses nobody who only counts, also where it stands among other conditions.
            Some(_) if self.denies && self.attributes.only_counts => !unjudged,
            Some(range) => facts.input_tokens().within(range).ok_or(Need::InputTokens(range))?,
        };
        Ok(self.witness().sees(Asked::InputTokens, holds))
    }

    fn by_keywords(&self, conditions: &Conditions) -> Result<bool, Need> {
        let mut open = None;
        for keyword in &conditions.keywords {
            let keyword = usize::try_from(keyword.0).unwrap_or(usize::MAX);
            match self.facts.keyword(keyword) {
                Some(true) => return Ok(true),
                Some(false) => {}
                None => open = Some(Need::Keyword(keyword)),
            }
        }
        match open {
            Some(need) => Err(need),
            None => Ok(self.witness().sees(Asked::Keywords, conditions.keywords.is_empty())),
        }
    }

    fn by_share(&self, conditions: &Conditions) -> Result<bool, Need> {
        let Some(share) = conditions.percent.filter(|share| !share.is_all()) else { return Ok(true) };
        let holds = match &self.rule.sessions {
            Some(sessions) if !share.is_none() => {
                let key = sticky::key(self.attributes, self.facts, sessions)?;
                share.contains(key.hash(&self.rule.name, "percent"))
            }
            _ => false,
        };
        Ok(self.witness().sees(Asked::Percent, holds))
    }

    fn by_expression(&self, conditions: &Conditions, unjudged: bool, unread: &mut Unread) -> Result<bool, Need> {
        let Some(when) = &conditions.when else { return Ok(true) };
        if self.denies && self.attributes.only_counts && when.asks_length() {
            return Ok(self.witness().sees(Asked::When(None), !unjudged));
        }
        match when::ask(when, self.attributes, self.facts, self.asked)? {
            Ok(holds) => Ok(self.witness().sees(Asked::When(None), holds)),
            Err(fault) => {
                // A route for those who have a header is none for the others: that is no news.
                if self.denies || fault != Fault::Missing {
                    unread.when();
                }
                Ok(self.witness().sees(Asked::When(Some(fault)), unjudged))
            }
        }
    }

    /// Conditions of conditions. Nothing behind an open question is looked at here either, or what could not be read would
    /// depend on when it was asked.
    fn by_others(&self, conditions: &Conditions, unjudged: bool, unread: &mut Unread) -> Result<bool, Need> {
        let mut holds = conditions.any.is_empty();
        for (nth, other) in conditions.any.iter().enumerate() {
            self.witness().enters();
            let held = self.hold(other, unjudged, unread)?;
            if self.witness().leaves(Asked::Any(nth), held) {
                holds = true;
                break;
            }
        }
        match &conditions.not {
            Some(other) if self.witness().sees_any(holds) => {
                self.witness().enters();
                let held = self.hold(other, !unjudged, unread)?;
                Ok(!self.witness().leaves(Asked::Not, held))
            }
            _ => Ok(self.witness().sees_any(holds)),
        }
    }
}
