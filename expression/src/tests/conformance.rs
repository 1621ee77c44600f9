//! Cases in the sense of CEL's specification, and where this subset is stricter.

use super::{Known, text};
use crate::{Answer, Fault, Items, Outcome, Value};

fn known() -> Known {
    Known::default()
        .is("request.model", text("gpt-4o"))
        .is("request.headers.x-team", text("search"))
        .is("request.headers.x-limit", text("12"))
        .is("facts.tools", Value::Bool(true))
        .is("facts.inputTokens", Value::Int(500))
        .is("jwt.level", Value::Double(3.0))
        .is("jwt.sub", text("ann"))
        .is("jwt.scope", text("openid admin"))
        .is("jwt.groups", Value::List(Items::Owned(vec![text("intern"), text("eu-search"), Value::Double(7.0)])))
        .with("request.headers.twice", Answer::Unreadable)
}

fn yes(texts: &[&str]) {
    for text in texts {
        assert_eq!(known().outcome(text), Outcome::Is(true), "{text}");
    }
}

fn fault(text: &str, expected: Fault) {
    assert_eq!(known().outcome(text), Outcome::Fault(expected), "{text}");
}

#[test]
fn literals() {
    yes(&[
        "0xFF == 255",
        "-9223372036854775808 < 0",
        "9223372036854775807 > 0",
        "1.5e3 == 1500.0 && .5 == 0.5 && 1e2 == 100.0",
        r#"'a' == "a" && """a"b""" == 'a"b' && r'\d' == '\\d'"#,
        r#"'\x41\u0042\U00000043\104' == 'ABCD'"#,
        r#"'\a\b\f\n\r\t\v\'\"\?\`'.size() == 11"#,
        "'''a\nb''' == 'a\\nb'",
        "true // the rest is a comment\n && !false",
        "null == null",
        "[1, 2,] == [1, 2]",
        "{'a': 1, 'b': 2,}['b'] == 2",
    ]);
}

#[test]
fn operators_bind_as_in_cel() {
    yes(&[
        "1 + 2 * 3 == 7",
        "(1 + 2) * 3 == 9",
        "7 - 2 - 1 == 4",
        "true || false && false",
        "!false && true",
        "--1 == 1",
        "!!true",
        "1 < 2 == true",
        "false ? false : true ? true : false",
        "1 + 1 in [2, 3]",
        "-7 / 2 == -3 && -7 % 2 == -1 && 7 % -2 == 1",
    ]);
}

#[test]
fn numbers() {
    fault("9223372036854775807 + 1 > 0", Fault::Overflow);
    fault("-9223372036854775808 - 1 < 0", Fault::Overflow);
    fault("9223372036854775807 * 2 > 0", Fault::Overflow);
    fault("-(-9223372036854775808) > 0", Fault::Overflow);
    fault("-9223372036854775808 / -1 > 0", Fault::Overflow);
    fault("-9223372036854775808 % -1 == 0", Fault::Overflow);
    fault("1 / 0 > 0", Fault::DivisionByZero);
    fault("1 % 0 > 0", Fault::DivisionByZero);
    yes(&[
        "1.0 / 0.0 > 1e308",
        "!(0.0 / 0.0 == 0.0 / 0.0)",
        "!(0.0 / 0.0 < 1.0) && !(0.0 / 0.0 >= 1.0) && 0.0 / 0.0 != 1.0",
        "1 < 1.5 && 2 > 1.5 && 1 <= 1.0",
        "9007199254740993 > 9007199254740992.0",
        "int('42') == 42 && int(-1.9) == -1 && double('2.5') == 2.5 && double(2) == 2.0",
    ]);
    fault("int(1e19) > 0", Fault::Overflow);
    fault("int('x') > 0", Fault::Type);
    fault("int(0.0 / 0.0) > 0", Fault::Overflow);
}

#[test]
fn strings() {
    yes(&[
        "'gpt-4o'.startsWith('gpt-') && 'gpt-4o'.endsWith('4o') && 'gpt-4o'.contains('t-4')",
        "'x'.startsWith('') && ''.contains('')",
        "'häß'.size() == 3 && size('🎈') == 1",
        "'a' < 'b' && 'Z' < 'a' && 'a' < 'ab' && 'é' > 'z'",
        "'A-Ö'.lowerAscii() == 'a-Ö' && 'a-ö'.upperAscii() == 'A-ö'",
        "'a' + 'b' == 'ab'",
        "'a,b,,c'.split(',') == ['a', 'b', '', 'c'] && 'äb'.split('') == ['ä', 'b'] && ''.split(',') == ['']",
        "('a,' + request.model).split(',')[1] == 'gpt-4o'",
        "'gpt-4o-mini'.matches('4o') && 'gpt-4o'.matches('^gpt-[0-9]') && !'gpt-4o'.matches('^4o')",
    ]);
}

#[test]
fn lists_and_maps() {
    yes(&[
        "'a' in ['a', 'b'] && !('c' in ['a', 'b']) && !(1 in [])",
        "[1, 2][1] == 2 && [[1], [2]][1][0] == 2",
        "'b' in {'a': 1, 'b': 2} && !('c' in {'a': 1})",
        "{'gpt-4o': true}[request.model]",
        "{'a': {'b': 1}}.a.b == 1 && {1: 'x'}[1] == 'x'",
        "size([1, 2, 3]) == 3 && {'a': 1}.size() == 1 && [].size() == 0",
        "[1, 2] == [1, 2] && [1, 2] != [2, 1] && [1] != [1, 2]",
        "[facts.inputTokens, 2] == [500, 2]",
    ]);
    fault("[1][1] == 1", Fault::Missing);
    fault("[1][-1] == 1", Fault::Missing);
    fault("{'a': 1}[request.model] == 1", Fault::Missing);
}

#[test]
fn macros() {
    yes(&[
        "[1, 2, 3].exists(x, x > 2) && ![1, 2].exists(x, x > 2)",
        "[1, 2].all(x, x > 0) && ![1, 2].all(x, x > 1)",
        "[1, 2, 3].exists_one(x, x > 2) && ![1, 2, 3].exists_one(x, x > 1)",
        "[].all(x, false) && ![].exists(x, true) && ![].exists_one(x, true)",
        // A value settles it, whatever is wrong beside it, before or behind.
        "[0, 1].exists(x, 1 / x == 1) && [1, 0].exists(x, 1 / x == 1)",
        "![0, 1].all(x, 1 / x == 2)",
        "[['a'], ['b', 'c']].exists(list, list.exists(item, item == 'c'))",
        "[1, 2].all(x, [3, 4].all(x, x > 2) && x < 3)",
        "'openid admin'.split(' ').exists(word, word.startsWith('adm'))",
    ]);
    fault("[0, 1].exists(x, 1 / x == 5)", Fault::DivisionByZero);
    fault("[0, 1].all(x, 1 / x == 1)", Fault::DivisionByZero);
    fault("[0, 1].exists_one(x, 1 / x == 1)", Fault::DivisionByZero);
}

#[test]
fn errors_are_absorbed_from_both_sides() {
    yes(&[
        "true || 1 / 0 > 0",
        "1 / 0 > 0 || true",
        "!(false && 1 / 0 > 0)",
        "!(1 / 0 > 0 && false)",
        "1 / 0 > 0 || [1][5] > 0 || true",
        "true ? true : 1 / 0 > 0",
    ]);
    fault("1 / 0 > 0 || false", Fault::DivisionByZero);
    fault("true && 1 / 0 > 0", Fault::DivisionByZero);
    fault("1 / 0 > 0 ? true : true", Fault::DivisionByZero);
    fault("!(1 / 0 > 0)", Fault::DivisionByZero);
}

#[test]
fn fields_have_defaults_and_entries_have_not() {
    yes(&[
        "!facts.images && facts.messages == 0 && principal == ''",
        "!has(facts.images) && has(facts.inputTokens)",
        "has(request.headers['x-team']) && 'x-team' in request.headers && !('x-other' in request.headers)",
        "request.headers['x-team'] == 'search' && int(request.headers['x-limit']) > 10",
        "'twice' in request.headers && has(request.headers.twice)",
        "has(jwt.sub) && !has(jwt.org.name) && 'sub' in jwt",
    ]);
    fault("request.headers['x-other'] == 'a'", Fault::Missing);
    fault("request.headers['x-other'] != 'a'", Fault::Missing);
    fault("jwt.org.name == 'a'", Fault::Missing);
    fault("request.headers.twice == 'a'", Fault::Unreadable);
}

#[test]
fn claims_are_of_the_type_that_they_are() {
    yes(&[
        "jwt.level == 3 && jwt.level >= 3 && jwt.level < 3.5 && 3 == jwt.level",
        "jwt.sub == 'ann' && jwt['sub'] != 'bob' && jwt.sub != 7",
        "'intern' in jwt.groups && !('admin' in jwt.groups) && 7 in jwt.groups && !('7' in jwt.groups)",
        "jwt.groups[1] == 'eu-search' && jwt.groups.size() == 3",
        "jwt.groups.exists(group, group.startsWith('eu-'))",
        "'admin' in jwt.scope.split(' ')",
        "jwt.sub in ['ann', 'bob']",
    ]);
    fault("jwt.sub > 3", Fault::Type);
    fault("jwt.sub", Fault::Type);
    fault("jwt.level.startsWith('3')", Fault::Type);
    fault("'a' in jwt.sub", Fault::Type);
    fault("jwt.groups.exists(group, group.startsWith('us-'))", Fault::Type);
}

#[test]
fn what_is_larger_than_declared_is_not_read() {
    let long = Known::default()
        .is("request.model", text(&"m".repeat(65)))
        .is("jwt.groups", Value::List(Items::Owned(vec![Value::Bool(true); 17])))
        .is("jwt.names", Value::List(Items::Owned(vec![text(&"n".repeat(65))])));
    let pieces = format!("'{}'.split(',').exists(piece, piece == 'x')", ",".repeat(256));
    assert_eq!(long.outcome(&pieces), Outcome::Fault(Fault::TooLarge));
    for read in ["request.model == ''", "true in jwt.groups", "'n' in jwt.names"] {
        assert_eq!(long.outcome(read), Outcome::Fault(Fault::TooLarge), "{read}");
    }
}
