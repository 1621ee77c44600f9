//! A line for each case; of one that failed, what was expected and why it is not so.

use super::{Gaps, counts};
use crate::cases::Suite;
use crate::cases::suite::Outcome;
use pointsman_document::Visible;

pub(super) fn print(suites: &[Suite], gaps: Gaps) -> String {
    let mut text: String = suites.iter().map(|suite| one(suite, gaps)).collect();
    let (passed, failed) = counts(suites);
    let share = super::coverage(suites);
    text.push_str(&format!("{passed} passed, {failed} failed; coverage {}%\n", share.percent()));
    text
}

fn one(suite: &Suite, gaps: Gaps) -> String {
    let mut text = format!("{} ({})\n", suite.file.display(), suite.policy.display());
    suite.cases.iter().for_each(|outcome| text.push_str(&case(suite, outcome)));
    let share = suite.coverage;
    if share.rules > 0 {
        text.push_str(&format!(
            "  {} of {} rules decide a case, {} of {} conditions hold in one and fail in one\n",
            share.rules_decided, share.rules, share.conditions_shown, share.conditions
        ));
    }
    if gaps == Gaps::Listed {
        suite.gaps.iter().for_each(|gap| text.push_str(&format!("  {gap}\n")));
    }
    text
}

fn case(suite: &Suite, outcome: &Outcome) -> String {
    let name = Visible(&outcome.name);
    if outcome.passed() {
        return format!("  ok    {name}\n");
    }
    let at = outcome.at.map_or_else(String::new, |at| format!(", {}:{}:{}", suite.file.display(), at.line, at.column));
    let mut text = format!("  FAIL  {name}{at}\n");
    let rows: Vec<_> = outcome.differences.iter().map(|it| (it.field, &it.expected, it.got.as_ref())).collect();
    let wide = |of: fn(&(&str, &String, Option<&String>)) -> usize| rows.iter().map(of).max().unwrap_or(0);
    let (fields, expected) = (wide(|row| row.0.len()), wide(|row| row.1.chars().count()));
    for (field, wanted, got) in &rows {
        let got = got.map_or("none", |got| got.as_str());
        let row = format!("{field:<fields$}  expected {wanted:<expected$}  got {got}");
        text.push_str(&format!("        {}\n", Visible(&row)));
    }
    outcome.why.iter().for_each(|why| text.push_str(&format!("        {}\n", Visible(why))));
    text.push_str(&format!("        {}\n", Visible(&outcome.decision)));
    text
}
