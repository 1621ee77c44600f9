//! Over random texts, expressions and orders in which facts become known.

use super::{Known, VARIABLES, text};
use crate::parser::parse;
use crate::{Answer, Expression, Fault, Items, Outcome, Value};
use proptest::prelude::*;

/// Bools, of all kinds of parts. Most of them are well-typed.
fn condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("true".to_owned()),
        Just("false".to_owned()),
        Just("facts.tools".to_owned()),
        Just("facts.images".to_owned()),
        Just("has(jwt.sub)".to_owned()),
        Just("has(facts.inputTokens)".to_owned()),
        Just("jwt.admin".to_owned()),
        Just("1 / 0 > 0".to_owned()),
        Just("'x' in request.headers".to_owned()),
        Just("'a' in jwt.groups".to_owned()),
        Just("request.model.startsWith('gpt')".to_owned()),
        Just("request.headers['x'].split(',').exists(part, part == 'b' || facts.tools)".to_owned()),
        Just("request.headers['x'].matches('^a+,')".to_owned()),
        Just("(request.model + request.headers.x).lowerAscii().contains('gpt-4oa')".to_owned()),
        Just("jwt.groups.all(group, group != 'b')".to_owned()),
        Just("[request.model, 'x'].exists_one(m, m == request.headers['x'])".to_owned()),
        (number(), prop_oneof![Just("<"), Just("<="), Just(">"), Just(">="), Just("=="), Just("!=")], number())
            .prop_map(|(a, operator, b)| format!("{a} {operator} {b}")),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) && ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) || ({b})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a}) ? ({b}) : ({c})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) == ({b})")),
            inner.clone().prop_map(|a| format!("!({a})")),
            inner.clone().prop_map(|a| format!("[1, 2, 0].exists(x, 2 / x == 1 && ({a}))")),
            inner.prop_map(|a| format!("[true, facts.images].all(x, x || ({a}))")),
        ]
    })
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        (-5_i64..3000).prop_map(|number| number.to_string()),
        Just("facts.inputTokens".to_owned()),
        Just("facts.messages".to_owned()),
        Just("facts.inputTokens + facts.messages".to_owned()),
        Just("int(request.headers['n'])".to_owned()),
        Just("size(jwt.groups)".to_owned()),
        Just("9223372036854775807 + facts.messages".to_owned()),
    ]
}

/// What is read in the end.
fn finally() -> impl Strategy<Value = Known> {
    let flag = || {
        prop_oneof![
            any::<bool>().prop_map(|is| Answer::Is(Value::Bool(is))),
            Just(Answer::Unreadable),
            Just(Answer::Absent)
        ]
    };
    let count = || prop_oneof![(0_i64..3000).prop_map(|count| Answer::Is(Value::Int(count))), Just(Answer::Absent)];
    let texts = || {
        prop_oneof![
            "[ab,0-9]{0,6}".prop_map(|value| Answer::Is(text(&value))),
            Just(Answer::Unreadable),
            Just(Answer::Absent),
            Just(Answer::Is(text(&"long".repeat(400)))),
        ]
    };
    let claim = || {
        prop_oneof![
            any::<bool>().prop_map(|is| Answer::Is(Value::Bool(is))),
            Just(Answer::Is(text("a"))),
            Just(Answer::Is(Value::Double(2.0))),
            proptest::collection::vec("[ab]", 0..20)
                .prop_map(|items| Answer::Is(Value::List(Items::Owned(items.iter().map(|item| text(item)).collect())))),
            Just(Answer::Absent),
            Just(Answer::Unreadable),
        ]
    };
    (flag(), flag(), count(), count(), texts(), texts(), claim(), claim(), "(gpt-4o|auto)").prop_map(|it| {
        Known::default()
            .with("facts.tools", it.0)
            .with("facts.images", it.1)
            .with("facts.inputTokens", it.2)
            .with("facts.messages", it.3)
            .with("request.headers.x", it.4)
            .with("request.headers.n", it.5)
            .with("jwt.groups", it.6)
            .with("jwt.admin", it.7)
            .is("request.model", text(&it.8))
    })
}

/// The same a while before: some of it is not known, of some only bounds.
fn before(finally: &Known, unknown: &[u8]) -> Known {
    let mut earlier = finally.clone();
    for (answer, unknown) in earlier.0.values_mut().zip(unknown) {
        let width = i64::from(*unknown) * 16;
        match answer {
            Answer::Is(Value::Int(count)) if *unknown > 0 => {
                *answer = Answer::Between(count.saturating_sub(width), count.saturating_add(width / 3));
            }
            answer if unknown % 3 == 1 => *answer = Answer::NotYet,
            _ => {}
        }
    }
    earlier
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn an_early_answer_is_the_last_one(
        text in condition(),
        finally in finally(),
        unknown in proptest::collection::vec(any::<u8>(), 9),
        later in any::<u16>(),
    ) {
        let Ok(expression) = Expression::new(&text, &VARIABLES) else { return Ok(()) };
        // Two moments: what is known at the first is known at the second.
        let halfway: Vec<u8> = unknown.iter().enumerate().map(|(nth, unknown)| {
            if later >> nth & 1 == 0 { *unknown } else { 0 }
        }).collect();
        let moments = [before(&finally, &unknown), before(&finally, &halfway)];
        let last = finally.evaluate(&expression);
        prop_assert!(!matches!(last, Outcome::Waits(_)), "{text}: {last:?}");
        prop_assert_ne!(last, Outcome::Fault(Fault::Cost));
        let mut settled = None;
        for moment in moments {
            match moment.evaluate(&expression) {
                Outcome::Waits(waits) => {
                    prop_assert!(settled.is_none(), "{text}");
                    prop_assert!(waits.iter().next().is_some(), "{text}");
                }
                Outcome::Is(value) => {
                    prop_assert_eq!(Outcome::Is(value), last, "{}", text);
                    settled = Some(value);
                }
                // Which fault is left to who comes first.
                Outcome::Fault(_) => prop_assert!(matches!(last, Outcome::Fault(_)), "{text}: {last:?}"),
            }
        }
    }

    #[test]
    fn what_is_printed_is_read_as_the_same(text in condition()) {
        let Ok(term) = parse(&text) else { return Ok(()) };
        // All its brackets are written, which can be too many.
        let Ok(again) = parse(&term.to_string()) else { return Ok(()) };
        prop_assert_eq!(term.to_string(), again.to_string());
        let (a, b) = (Expression::new(&text, &VARIABLES), Expression::new(&term.to_string(), &VARIABLES));
        prop_assert_eq!(a.is_ok(), b.is_ok());
        if let (Ok(a), Ok(b)) = (a, b) {
            prop_assert_eq!(a.cost(), b.cost());
            prop_assert_eq!(a.reads().len(), b.reads().len());
        }
    }

    #[test]
    fn no_text_panics(text in "[a-z0-9.()\\[\\]{}<>=!&|+*/%?:,'\"\\\\ \n-]{0,60}") {
        let _ = Expression::new(&text, &VARIABLES);
    }

    #[test]
    fn no_soup_of_words_panics(words in proptest::collection::vec(
        prop_oneof![
            Just("facts.tools"), Just("facts.inputTokens"), Just("jwt"), Just("jwt.a"), Just("request.headers"), Just("["), Just("]"),
            Just("("), Just(")"), Just("{"), Just("}"), Just(","), Just(":"), Just("?"), Just("!"), Just("-"), Just("+"), Just("%"),
            Just("in"), Just("=="), Just("<"), Just("&&"), Just("||"), Just("1"), Just("'a'"), Just("2.5"), Just("null"),
            Just(".size()"), Just(".split('')"), Just("['a']"), Just("[0]"), Just(".exists(x,"), Just("x"), Just("has("), Just("int("),
        ], 0..24),
        finally in finally(),
    ) {
        if let Ok(expression) = Expression::new(&words.concat(), &VARIABLES) {
            prop_assert_ne!(finally.evaluate(&expression), Outcome::Fault(Fault::Cost));
        }
    }
}
