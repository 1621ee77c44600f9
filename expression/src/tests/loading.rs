//! What is wrong with an expression is said when it is loaded, and where.

use super::VARIABLES;
use crate::Expression;

fn check(text: &str, expected: &[&str]) {
    let errors = Expression::new(text, &VARIABLES).err().unwrap_or_default();
    let said: Vec<String> = errors
        .iter()
        .map(|error| {
            let (line, column) = error.place(text);
            format!("{line}:{column} {error}")
        })
        .collect();
    assert_eq!(said, expected, "{text}");
}

#[test]
fn names_exist() {
    check("facts.tool", &["1:7 no field `facts.tool`; did you mean `facts.tools`?"]);
    check("fact.tools", &["1:1 no variable `fact`; did you mean `facts`?"]);
    check("inputTokens > 1", &["1:1 no variable `inputTokens`; did you mean `facts.inputTokens`?"]);
    check("request.model.startswith('a')", &["1:15 no function `startswith`; did you mean `startsWith`?"]);
    check("nothing(1)", &["1:1 no function `nothing`"]);
    check("facts", &["1:1 `facts` is no value; one of its fields is `facts.tools`"]);
    check("[1].exists(x, x > 0) && x", &["1:25 no variable `x`"]);
}

#[test]
fn every_mistake_is_said() {
    check(
        "facts.tool &&\n  1 + 'a' > 2 || 'a'",
        &[
            "1:7 no field `facts.tool`; did you mean `facts.tools`?",
            "2:5 `+` cannot take int and string",
            "2:18 `||` cannot take string",
        ],
    );
}

#[test]
fn types_fit() {
    check("facts.inputTokens", &["1:7 a condition cannot take int: it has to be a bool"]);
    check("1 == 1.0", &["1:3 `==` cannot take int and double: write `1.0`, or `int(…)` or `double(…)` around it"]);
    check("1 == 'a'", &["1:3 `==` cannot take int and string"]);
    check("'a' in 'abc'", &["1:5 `in` cannot take string and string"]);
    check("1 in ['a']", &["1:3 `in` cannot take int and list(string)"]);
    check("[1, 'a'] == [1]", &["1:5 one list cannot take int and string"]);
    check("{'a': 1, 'b': 'c'} == {}", &["1:15 one map cannot take int and string"]);
    check("{'a': 1} == {'a': 1}", &["1:10 `==` cannot take map(string, int) and map(string, int)"]);
    check("{'a': 1, 'a': 2}.a == 1", &["1:10 the key stands twice"]);
    check("{request.model: 1}.a == 1", &["1:10 a key cannot take string: keys are literal strings, ints or bools"]);
    check("!1", &["1:2 `!` cannot take int"]);
    check("true ? 1 : 'a'", &["1:6 the two sides of `:` cannot take int and string"]);
    check("1.5 % 2.0 > 0.0", &["1:5 `%` cannot take double and double"]);
    check("request.model[0] == 'a'", &["1:14 an index cannot take string and int"]);
    check("{'a': 1}.exists(k, true)", &["1:1 `exists` cannot take map(string, int)"]);
}

#[test]
fn entries_are_named_by_literals() {
    check(
        "request.headers[request.model] == 'a'",
        &["1:9 `request.headers` is read entry by entry, each by a literal name: `request.headers[\"name\"]`"],
    );
    check(
        "size(request.headers) > 1",
        &["1:14 `request.headers` is read entry by entry, each by a literal name: `request.headers[\"name\"]`"],
    );
    check(
        "request.model in request.headers",
        &["1:9 `request.headers` is read entry by entry, each by a literal name: `request.headers[\"name\"]`"],
    );
    check("jwt == 1", &["1:1 `jwt` is read entry by entry, each by a literal name: `jwt[\"name\"]`"]);
}

#[test]
fn arguments_are_counted() {
    check("size(1, 2) > 0", &["1:1 `size` takes 1 arguments"]);
    check("'a'.startsWith()", &["1:5 `startsWith` takes 1 arguments"]);
    check("[1].exists(x)", &["1:5 `exists` takes 2 arguments"]);
    check("[1].exists(1, true)", &["1:12 the item needs a name, such as `x` in `list.exists(x, x > 1)`"]);
    check("has(facts)", &["1:5 `has` asks for a field of a variable, such as `has(request.headers.host)`"]);
    check("'a'.matches(request.model)", &["1:21 a regular expression is a literal string"]);
    check("'a'.matches('(')", &["1:13 not a regular expression: found open group without closing ')'"]);
}

#[test]
fn the_grammar_is_cels() {
    check("", &["1:1 expected a value, found the end"]);
    check("1 +", &["1:4 expected a value, found the end"]);
    check("(true", &["1:6 expected `)`, found the end"]);
    check("true false", &["1:6 expected an operator or the end, found `false`"]);
    check("'a", &["1:1 the string does not end"]);
    check("'a\n'", &["1:3 the string does not end on its line"]);
    check(r"'\d' == 'a'", &["1:2 no such escape in strings"]);
    check("'ä' == 'ö' ; 1", &["1:12 expected an expression, found `;`"]);
    check("9223372036854775808 > 0", &["1:1 the number is too large for an int"]);
    check("1e999 > 0.0", &["1:1 the number is too large for a double"]);
    check("12ab > 0", &["1:1 a number does not end in letters"]);
    check("1u > 0u", &["1:1 unsigned numbers are not part of these expressions"]);
    check("b'a' == b'a'", &["1:1 bytes are not part of these expressions"]);
    check("size([1],) > 0", &["1:10 expected a value, found `)`"]);
    check("if", &["1:1 expected a value, found `if`"]);
    check("a = 1", &["1:3 expected an expression, found `=`"]);
}

#[test]
fn nesting_is_bounded_and_chains_are_not_nested() {
    let deep = |open: &str, close: &str, times: usize| format!("{}true{}", open.repeat(times), close.repeat(times));
    for (open, close) in [("(", ")"), ("[", "]"), ("!", ""), ("{1: ", "}"), ("true ? true : ", ""), ("size(", ")")] {
        let text = deep(open, close, 200);
        let errors = Expression::new(&text, &VARIABLES).unwrap_err();
        assert_eq!(errors[0].to_string(), "is nested deeper than 32", "{open}");
    }
    for chain in ["1 + ", "1 * "] {
        let text = format!("{}1 > 0", chain.repeat(300));
        assert_eq!(Expression::new(&text, &VARIABLES).unwrap_err()[0].to_string(), "is nested deeper than 32");
    }
    assert!(Expression::new(&deep("!", "", 30), &VARIABLES).is_ok());
    assert!(Expression::new(&format!("{}true", "true && ".repeat(400)), &VARIABLES).is_ok());
    let long = format!("{}true", "true && ".repeat(600));
    assert_eq!(Expression::new(&long, &VARIABLES).unwrap_err()[0].to_string(), "an expression has at most 4096 bytes");
}

#[test]
fn cost_is_bounded() {
    let ten = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]";
    let nest = |times: usize| (0..times).fold("true".to_owned(), |body, nth| format!("{ten}.all(x{nth}, {body})"));
    assert!(Expression::new(&nest(3), &VARIABLES).is_ok());
    let errors = Expression::new(&nest(6), &VARIABLES).unwrap_err();
    assert!(errors[0].to_string().ends_with("more than 20000: look at shorter lists or texts"), "{}", errors[0]);
    let huge = format!("'a'.matches('{}')", "(a{90}){9}".repeat(300));
    assert!(Expression::new(&huge, &VARIABLES).is_err());
    let wide = (0..70).map(|nth| format!("has(jwt.c{nth})")).collect::<Vec<_>>().join(" || ");
    assert_eq!(
        Expression::new(&wide, &VARIABLES).unwrap_err()[0].to_string(),
        "looks at more than 64 different things"
    );
}

#[test]
fn what_is_read_is_known() {
    let text = "request.headers['x-team'] == 'a' && facts.tools && (jwt.org['id'] == 1 || has(jwt.org.id) || 'y' in request.headers)";
    let expression = Expression::new(text, &VARIABLES).expect("an expression");
    let reads: Vec<_> = expression.reads().iter().map(|read| (read.variable, read.entry.join("."))).collect();
    assert_eq!(reads, [(1, "x-team".to_owned()), (2, String::new()), (7, "org.id".to_owned()), (1, "y".to_owned())]);
}
