//! Whether a rule applies. The cheap questions come first; the first "no" settles it, the first question
//! that cannot be answered yet stops it.

use super::Need;
use super::attributes::Attributes;
use super::unread::Unread;
use super::when;
use crate::policy::Conditions;
use crate::request::facts::Facts;
use crate::request::limit::Limit;

/// Whether all conditions hold for the request. One that cannot be judged holds if the rule denies: nobody gets past a
/// rule with a value that only some server can read.
pub(super) fn hold(
    conditions: &Conditions,
    attributes: &Attributes,
    facts: &Facts,
    asked: Option<&str>,
    denies: bool,
    unread: &mut Unread,
) -> Result<bool, Need> {
    if !by_headers(conditions, attributes, asked, denies) {
        return Ok(false);
    }
    for (flag, expected) in conditions.flags.iter() {
        if facts.is_unreadable(flag) {
            unread.flag(flag);
            if denies {
                continue;
            }
            return Ok(false);
        }
        if facts.flag(flag).ok_or(Need::Flag(flag))? != expected {
            return Ok(false);
        }
    }
    if let Some(range) = conditions.max_output_tokens {
        match facts.max_output_tokens().ok_or(Need::End)? {
            Limit::Tokens(tokens) if range.contains(tokens) => {}
            Limit::Unreadable => {
                unread.max_output_tokens();
                if !denies {
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
    if let Some(range) = conditions.input_tokens
        && !facts.input_tokens().within(range).ok_or(Need::InputTokens(range))?
    {
        return Ok(false);
    }
    if !by_keywords(conditions, facts)? {
        return Ok(false);
    }
    match &conditions.when {
        Some(when) => when::holds(when, attributes, facts, asked, denies, unread),
        None => Ok(true),
    }
}

/// What is known before the body: the name asked for has been read by now as well.
fn by_headers(conditions: &Conditions, attributes: &Attributes, asked: Option<&str>, unjudged: bool) -> bool {
    conditions.apis.is_none_or(|apis| apis.contains(attributes.api))
        && conditions.know_name(asked)
        && conditions.know_tenant(attributes.tenant)
        && (conditions.paths.is_empty() || conditions.paths.iter().any(|path| path.matches(attributes.bare_path())))
        && conditions.headers.iter().all(|header| {
            attributes.header(header.slot).is_some_and(|text| header.test.judge(text).unwrap_or(unjudged))
        })
}

fn by_keywords(conditions: &Conditions, facts: &Facts) -> Result<bool, Need> {
    let mut open = None;
    for keyword in &conditions.keywords {
        let keyword = usize::try_from(keyword.0).unwrap_or(usize::MAX);
        match facts.keyword(keyword) {
            Some(true) => return Ok(true),
            Some(false) => {}
            None => open = Some(Need::Keyword(keyword)),
        }
    }
    open.map_or(Ok(conditions.keywords.is_empty()), Err)
}
