//! Any text of an expression: never a panic, no more steps than were said, and an answer given early is the last one.
//!
//! The first byte says which variables are not known yet, the second what they are; the rest is the text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pointsman_expression::{Answer, Expression, Facts, Fault, Items, Kind, Outcome, Value, Variable};

const VARIABLES: [Variable; 6] = [
    Variable { group: "request", name: "model", kind: Kind::Text { longest: 64 } },
    Variable { group: "request", name: "headers", kind: Kind::Texts { longest: 64 } },
    Variable { group: "facts", name: "tools", kind: Kind::Bool },
    Variable { group: "facts", name: "inputTokens", kind: Kind::Int },
    Variable { group: "", name: "principal", kind: Kind::Text { longest: 64 } },
    Variable { group: "", name: "jwt", kind: Kind::Values { longest: 64, most: 4 } },
];

struct Asked<'a> {
    expression: &'a Expression,
    unknown: u8,
    what: u8,
}

impl Facts for Asked<'_> {
    fn read(&self, read: usize) -> Answer<'_> {
        let Some(read) = self.expression.reads().get(read) else { return Answer::Absent };
        let entry = read.entry.concat().len() as u8;
        let what = self.what.wrapping_add(entry);
        let is_unknown = self.unknown >> read.variable & 1 == 1;
        let text = |text: &'static str| Answer::Is(Value::Text(text.into()));
        match read.variable {
            3 if is_unknown => Answer::Between(i64::from(what) - 9, i64::from(what) + 9),
            3 => Answer::Is(Value::Int(i64::from(what))),
            _ if is_unknown => Answer::NotYet,
            2 => Answer::Is(Value::Bool(what % 2 == 1)),
            _ => match what % 6 {
                0 => Answer::Absent,
                1 => Answer::Unreadable,
                2 => text("a,b"),
                3 if read.variable == 5 => {
                    Answer::Is(Value::List(Items::Owned(vec![Value::Double(1.5), Value::Bool(true)])))
                }
                4 if read.variable == 5 => Answer::Is(Value::Double(f64::NAN)),
                _ => text("\u{e4}"),
            },
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let [unknown, what, text @ ..] = bytes else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    match Expression::new(text, &VARIABLES) {
        Err(errors) => {
            assert!(!errors.is_empty());
            for error in errors {
                assert!(!error.to_string().is_empty() && error.offset <= text.len());
                let _ = error.place(text);
            }
        }
        Ok(expression) => {
            let evaluate = |unknown| expression.evaluate(&Asked { expression: &expression, unknown, what: *what });
            let (early, last) = (evaluate(*unknown), evaluate(0));
            assert!(!matches!(last, Outcome::Waits(_)) && last != Outcome::Fault(Fault::Cost));
            match early {
                Outcome::Is(_) => assert_eq!(early, last),
                Outcome::Fault(_) => assert!(matches!(last, Outcome::Fault(_))),
                Outcome::Waits(waits) => assert!(waits.iter().next().is_some()),
            }
        }
    }
});
