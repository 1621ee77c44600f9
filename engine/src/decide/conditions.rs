//! Whether a rule applies. The cheap questions come first; the first "no" settles it, the first question
//! that cannot be answered yet stops it.

use super::Need;
use super::attributes::Attributes;
use super::sticky;
use super::unread::Unread;
use super::when;
use crate::policy::{Conditions, Rule, RuleAction};
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
    rule: &Rule,
    attributes: &Attributes,
    facts: &Facts,
    asked: Option<&str>,
    unread: &mut Unread,
) -> Result<bool, Need> {
    let denies = matches!(rule.action, RuleAction::Deny(_));
    // Who only counts is refused for no length: it is what they ask for.
    if denies && attributes.only_counts && rule.conditions.ask_length() {
        return Ok(false);
    }
    Judge { attributes, facts, asked, rule, denies }.hold(&rule.conditions, denies, unread)
}

impl Judge<'_> {
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
        conditions.apis.is_none_or(|apis| apis.contains(attributes.api))
            && conditions.know_name(*asked)
            && conditions.know_tenant(&attributes.tenants)
            && (conditions.paths.is_empty() || conditions.paths.iter().any(|path| path.matches(attributes.bare_path())))
            && conditions.headers.iter().all(|header| {
                attributes.header(header.slot).is_some_and(|text| header.test.judge(text).unwrap_or(unjudged))
            })
            && conditions.claims.iter().all(|claim| {
                attributes.claim(claim.slot).is_some_and(|found| claim.test.judge(found).unwrap_or(unjudged))
            })
    }

    /// A proxy that cannot say what time it is, or a caller of `explain` who has not, cannot judge a schedule.
    fn by_time(&self, conditions: &Conditions, unjudged: bool, unread: &mut Unread) -> bool {
        match (&conditions.schedule, self.attributes.asked_at) {
            (None, _) => true,
            (Some(_), 0) => {
                unread.schedule();
                unjudged
            }
            (Some(schedule), now) => schedule.holds(now),
        }
    }

    fn by_flags(&self, conditions: &Conditions, unjudged: bool, unread: &mut Unread) -> Result<bool, Need> {
        for (flag, expected) in conditions.flags.iter() {
            if self.facts.is_unreadable(flag) {
                unread.flag(flag);
                if unjudged {
                    continue;
                }
                return Ok(false);
            }
            if self.facts.flag(flag).ok_or(Need::Flag(flag))? != expected {
                return Ok(false);
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
                        return Ok(false);
                    }
                }
                Limit::Open | Limit::Tokens(_) => return Ok(false),
            }
        }
        if let Some(range) = conditions.messages
            && !facts.messages().within(range).ok_or(Need::Messages(range))?
        {
            return Ok(false);
        }
        match conditions.input_tokens {
            None => Ok(true),
            // A length refuses nobody who only counts, also where it stands among other conditions.
            Some(_) if self.denies && self.attributes.only_counts => Ok(!unjudged),
            Some(range) => facts.input_tokens().within(range).ok_or(Need::InputTokens(range)),
        }
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
        open.map_or(Ok(conditions.keywords.is_empty()), Err)
    }

    fn by_share(&self, conditions: &Conditions) -> Result<bool, Need> {
        let Some(share) = conditions.percent.filter(|share| !share.is_all()) else { return Ok(true) };
        match &self.rule.sessions {
            Some(sessions) if !share.is_none() => {
                let key = sticky::key(self.attributes, self.facts, sessions)?;
                Ok(share.contains(key.hash(&self.rule.name, "percent")))
            }
            _ => Ok(false),
        }
    }

    fn by_expression(&self, conditions: &Conditions, unjudged: bool, unread: &mut Unread) -> Result<bool, Need> {
        let Some(when) = &conditions.when else { return Ok(true) };
        if self.denies && self.attributes.only_counts && when.asks_length() {
            return Ok(!unjudged);
        }
        match when::ask(when, self.attributes, self.facts, self.asked)? {
            Ok(holds) => Ok(holds),
            Err(fault) => {
                // A route for those who have a header is none for the others: that is no news.
                if self.denies || fault != Fault::Missing {
                    unread.when();
                }
                Ok(unjudged)
            }
        }
    }

    /// Conditions of conditions. Nothing behind an open question is looked at here either, or what could not be read would
    /// depend on when it was asked.
    fn by_others(&self, conditions: &Conditions, unjudged: bool, unread: &mut Unread) -> Result<bool, Need> {
        let mut holds = conditions.any.is_empty();
        for other in &conditions.any {
            if self.hold(other, unjudged, unread)? {
                holds = true;
                break;
            }
        }
        match &conditions.not {
            Some(other) if holds => Ok(!self.hold(other, !unjudged, unread)?),
            _ => Ok(holds),
        }
    }
}
