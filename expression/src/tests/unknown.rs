//! What is not known yet stays open only where it matters.

use super::{Known, text};
use crate::{Answer, Expression, Fault, Outcome, Value, Wait};

fn known() -> Known {
    Known::default()
        .with("facts.tools", Answer::NotYet)
        .with("facts.images", Answer::NotYet)
        .with("facts.inputTokens", Answer::Between(100, 2000))
        .with("facts.messages", Answer::Between(3, 3))
        .is("request.model", text("auto"))
}

fn check(text: &str, expected: Option<bool>) {
    let outcome = known().outcome(text);
    match expected {
        Some(expected) => assert_eq!(outcome, Outcome::Is(expected), "{text}"),
        None => assert!(matches!(outcome, Outcome::Waits(_)), "{text}: {outcome:?}"),
    }
}

#[test]
fn what_cannot_matter_is_not_waited_for() {
    check("facts.tools", None);
    check("facts.tools || true", Some(true));
    check("true || facts.tools", Some(true));
    check("facts.tools && request.model == 'x'", Some(false));
    check("facts.tools && request.model == 'auto'", None);
    check("request.model == 'auto' ? true : facts.tools", Some(true));
    check("facts.tools ? true : true", None);
    check("[1, 2].exists(x, facts.tools || x == 2)", Some(true));
    check("[1, 2].all(x, facts.tools && x == 1)", Some(false));
    check("[1, 2].exists(x, facts.tools)", None);
    check("facts.tools == facts.tools", None);
}

#[test]
fn bounds_can_be_enough() {
    check("facts.inputTokens > 99", Some(true));
    check("facts.inputTokens > 100", None);
    check("facts.inputTokens >= 100", Some(true));
    check("facts.inputTokens > 2000", Some(false));
    check("facts.inputTokens >= 2000", None);
    check("facts.inputTokens < 100", Some(false));
    check("facts.inputTokens <= 100", None);
    check("facts.inputTokens == 5", Some(false));
    check("facts.inputTokens != 5", Some(true));
    check("facts.inputTokens == 500", None);
    check("2001 > facts.inputTokens && 99 < facts.inputTokens", Some(true));
    check("facts.inputTokens > 9223372036854775807", Some(false));
    check("facts.inputTokens < -9223372036854775808", Some(false));
    check("facts.messages == 3 && facts.messages + 1 == 4", Some(true));
    check("facts.inputTokens + 1 > 0", None);
    check("facts.inputTokens > facts.messages", None);
}

#[test]
fn a_fault_is_final_only_where_nothing_can_absorb_it() {
    let outcome = |text: &str| known().outcome(text);
    assert!(matches!(outcome("1 / 0 > 0 || facts.tools"), Outcome::Waits(_)));
    assert!(matches!(outcome("facts.tools && 1 / 0 > 0"), Outcome::Waits(_)));
    assert_eq!(outcome("1 / 0 > 0 || false"), Outcome::Fault(Fault::DivisionByZero));
    let settled = known().is("facts.tools", Value::Bool(true));
    assert_eq!(settled.outcome("1 / 0 > 0 || facts.tools"), Outcome::Is(true));
    assert_eq!(settled.outcome("facts.tools && 1 / 0 > 0"), Outcome::Fault(Fault::DivisionByZero));
}

#[test]
fn who_waits_knows_for_what() {
    let text = "facts.tools || facts.inputTokens > 1000 || facts.inputTokens == 7 || facts.images";
    let expression = Expression::new(text, &super::VARIABLES).expect("an expression");
    let Outcome::Waits(waits) = known().evaluate(&expression) else { panic!("it waits") };
    let expected =
        [Wait { read: 0, at_least: None }, Wait { read: 1, at_least: Some(1001) }, Wait { read: 2, at_least: None }];
    assert_eq!(waits.iter().collect::<Vec<_>>(), expected);
}
