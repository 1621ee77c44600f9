//! JUnit's XML.

use super::counts;
use crate::cases::Suite;
use crate::cases::suite::Outcome;

pub(super) fn print(suites: &[Suite]) -> String {
    let (passed, failed) = counts(suites);
    let all: String = suites.iter().map(suite).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"pointsman\" tests=\"{}\" failures=\"{failed}\">\n{all}</testsuites>\n",
        passed + failed
    )
}

fn suite(suite: &Suite) -> String {
    let (passed, failed) = counts(std::slice::from_ref(suite));
    let file = escaped(&suite.file.display().to_string());
    let cases: String = suite.cases.iter().map(|outcome| case(suite, &file, outcome)).collect();
    let seconds = suite.took.as_secs_f64();
    format!(
        "  <testsuite name=\"{file}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\" time=\"{seconds:.3}\">\n{cases}  </testsuite>\n",
        passed + failed
    )
}

fn case(suite: &Suite, file: &str, outcome: &Outcome) -> String {
    let line = outcome.at.map_or_else(String::new, |at| format!(" line=\"{}\"", at.line));
    let seconds = suite.took.as_secs_f64() / suite.cases.len().max(1) as f64;
    let opening = format!(
        "    <testcase classname=\"{file}\" name=\"{}\" file=\"{file}\"{line} time=\"{seconds:.3}\"",
        escaped(&outcome.name)
    );
    if outcome.passed() {
        return format!("{opening}/>\n");
    }
    let sentence = |field: &str, expected: &str, got: Option<&String>| {
        format!("{field}: expected {expected}, got {}", got.map_or("none", String::as_str))
    };
    let differences: Vec<_> =
        outcome.differences.iter().map(|it| sentence(it.field, &it.expected, it.got.as_ref())).collect();
    let first = differences.first().map_or("", String::as_str);
    let lines = differences.iter().chain(&outcome.why).chain([&outcome.decision]);
    let body: String = lines.map(|line| format!("{}\n", escaped(line))).collect();
    format!("{opening}>\n      <failure message=\"{}\">{body}</failure>\n    </testcase>\n", escaped(first))
}

/// As XML 1.0 has it: it knows no control characters, not even escaped.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            letter if letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_xml_cannot_say_is_replaced() {
        assert_eq!(escaped("a<b>&\"\u{1}c"), "a&lt;b&gt;&amp;&quot;\u{fffd}c");
    }
}
