//! From Envoy's text to what is shown.

use super::exposition::samples;
use super::figures::By;
use super::look::{Fault, Look, Looking};
use super::report::json;
use super::screen::{Shown, Style, screen, text};
use super::table::Column;
use super::view::View;
use super::window::{Recent, Window};
use std::time::Duration;

/// As Envoy 1.40 writes it: two models, one tenant, and callers that are none.
const FIRST: &str = r#"# TYPE pointsman_attempts_total counter
pointsman_attempts_total{tenant="finance",model="small",cluster="llama"} 4
pointsman_attempts_total{model="large",cluster="gpu"} 1
# TYPE pointsman_requests_total counter
pointsman_requests_total{tenant="finance",rule="short",asked="auto",model="small",cluster="llama",outcome="served"} 2
pointsman_requests_total{tenant="finance",rule="short",asked="auto",model="small",cluster="llama",outcome="providerError"} 1
pointsman_requests_total{model="large",cluster="gpu",outcome="served"} 1
pointsman_requests_total{asked="other",outcome="deny"} 5
pointsman_tokens_total{tenant="finance",rule="short",model="small",cluster="llama",gen_ai_token_type="input"} 100
pointsman_tokens_total{tenant="finance",rule="short",model="small",cluster="llama",gen_ai_token_type="output"} 20
pointsman_tokens_total{tenant="finance",rule="short",model="small",cluster="llama",gen_ai_token_type="input_cached"} 60
pointsman_cost_micros_total{tenant="finance",rule="short",model="small",cluster="llama"} 1500000
pointsman_usage_unknown_total{model="large",cluster="gpu",reason="none"} 1
# TYPE pointsman_policy_info gauge
pointsman_policy_info{policy="7c069dc92917"} 1
pointsman_policy_info{policy="000000000000"} 0
# TYPE gen_ai_server_time_to_first_token_milliseconds histogram
gen_ai_server_time_to_first_token_milliseconds_bucket{tenant="finance",model="small",le="10"} 1
gen_ai_server_time_to_first_token_milliseconds_bucket{tenant="finance",model="small",le="20"} 2
gen_ai_server_time_to_first_token_milliseconds_bucket{tenant="finance",model="small",le="+Inf"} 2
gen_ai_server_time_to_first_token_milliseconds_sum{tenant="finance",model="small"} 21.5
gen_ai_server_time_to_first_token_milliseconds_count{tenant="finance",model="small"} 2
"#;

/// The same with other values: each `(what stands in front, the value)`.
fn changed(changes: &[(&str, &str)]) -> String {
    let mut text = FIRST.to_owned();
    for (series, value) in changes {
        let at = text.find(series).unwrap() + series.len();
        let end = at + text[at..].find('\n').unwrap();
        text.replace_range(at..end, &format!(" {value}"));
    }
    text
}

/// What is known after these answers, two seconds apart.
fn looks(texts: &[&str]) -> (Look, Option<Recent>) {
    let (mut looking, mut window) = (Looking::default(), Window::default());
    let mut last = None;
    for (number, text) in (1..).zip(texts) {
        let mut look = looking.look(text).unwrap();
        window.take(&mut look, Duration::from_secs(2 * number));
        last = Some(look);
    }
    (last.unwrap(), window.recent())
}

fn shown<'l>((look, recent): &'l (Look, Option<Recent>), by: By, sort: Column) -> Shown<'l> {
    Shown { address: "127.0.0.1:9901", look, recent: recent.as_ref(), view: View::new(by, sort), trouble: None }
}

const SERVED: &str = r#"outcome="served"}"#;
const INPUT: &str = r#"gen_ai_token_type="input"}"#;
const COST: &str = r#"pointsman_cost_micros_total{tenant="finance",rule="short",model="small",cluster="llama"}"#;

#[test]
fn one_look_has_sums_and_no_rates() {
    let known = looks(&[FIRST]);
    assert_eq!(
        text(&shown(&known, By::Tenant, Column::Requests)),
        "envoy 127.0.0.1:9901   policy 7c069dc92917\n\
         1.25 attempts a request   usage unknown of 25 %\n\n\
         tenant   req/s  ↓requests  in/s  out/s  input  output  cost  errors  refused  first p50  first p95\n\
         (none)       -          6     -      -      0       0     0       0        5          -          -\n\
         finance      -          3     -      -    100      20  1.50       1        0      10 ms      19 ms\n"
    );
}

#[test]
fn two_looks_say_what_happens_each_second() {
    let second = changed(&[(SERVED, "6"), (INPUT, "1100"), (COST, "1501000")]);
    let known = looks(&[FIRST, &second]);
    assert_eq!(
        text(&shown(&known, By::Model, Column::InputRate)),
        "envoy 127.0.0.1:9901   policy 7c069dc92917\n\
         2.0 requests/s   500 tokens/s in, 0 out   cost 0.0300/min   0 errors/s   0 refused/s   \
         0.00 attempts a request   usage unknown of 0 %\n\n\
         model   req/s  requests  ↓in/s  out/s  input  output  cost  errors  refused  first p50  first p95\n\
         small     2.0         7    500      0   1100      20  1.50       1        0      10 ms      19 ms\n\
         (none)      0         5      0      0      0       0     0       0        5          -          -\n\
         large       0         1      0      0      0       0     0       0        0          -          -\n"
    );
}

#[test]
fn a_counter_that_is_smaller_began_anew() {
    let (_, recent) = looks(&[FIRST, &changed(&[(SERVED, "1"), (INPUT, "7")])]);
    let recent = recent.unwrap();
    assert_eq!((recent.groups.all.served, recent.groups.all.input, recent.seconds), (1.0, 7.0, 2.0));
    // And a series that was not there began with nothing.
    let new = format!("{FIRST}pointsman_requests_total{{tenant=\"new\",outcome=\"served\"}} 3\n");
    let (_, recent) = looks(&[FIRST, &new]);
    assert_eq!(recent.unwrap().groups.get(By::Tenant, "new").unwrap().requests, 3.0);
}

#[test]
fn quantiles_are_of_late_where_there_was_an_answer_of_late() {
    let bucket = |le: &str| format!(r#"model="small",le="{le}"}}"#);
    let buckets = [bucket("20"), bucket("+Inf")];
    let second = changed(&[(&buckets[0], "6"), (&buckets[1], "6")]);
    let known = looks(&[FIRST, &second]);
    let report: serde_json::Value = serde_json::from_str(&json(&shown(&known, By::Tenant, Column::Name))).unwrap();
    // Since Envoy started, one of six was at most 10 ms; of late, none of four.
    assert_eq!(report["all"]["firstTokenMs"]["p50"], 14.0);
    assert!(text(&shown(&known, By::Tenant, Column::P50)).contains("  15 ms      20 ms\n"));
}

#[test]
fn a_window_forgets() {
    let (mut looking, mut window) = (Looking::default(), Window::default());
    for second in 0..60_u32 {
        let requests = (second * 10).min(300).to_string();
        let mut look = looking.look(&changed(&[(SERVED, &requests)])).unwrap();
        window.take(&mut look, Duration::from_secs(second.into()));
        let expected =
            if second == 0 { None } else { Some(f64::from(10 * 40_u32.saturating_sub(second).min(10)) / 10.0) };
        let recent = window.recent().map(|recent| recent.groups.all.served / recent.seconds);
        if second == 0 || second > 40 {
            assert_eq!(recent, expected, "{second}");
        }
        assert!(window.recent().is_none_or(|recent| recent.seconds <= 10.0));
    }
}

#[test]
fn machines_get_whole_numbers_and_null_for_what_has_no_name() {
    let known = looks(&[FIRST, FIRST]);
    let report: serde_json::Value = serde_json::from_str(&json(&shown(&known, By::Rule, Column::Requests))).unwrap();
    assert_eq!((report["by"].as_str(), report["rows"][0]["rule"].as_str()), (Some("rule"), None));
    assert_eq!(report["rows"][1]["rule"], "short");
    assert_eq!(report["rows"][1]["total"]["costMicros"].as_u64(), Some(1_500_000));
    assert_eq!(report["rows"][1]["total"]["cachedInputTokens"].as_u64(), Some(60));
    assert_eq!((report["seconds"].as_f64(), &report["policies"][0]), (Some(2.0), &"7c069dc92917".into()));
    assert_eq!(report["rows"][1]["perSecond"]["requests"], 0.0);
    // The histogram knows no rule.
    assert!(report["rows"][1]["firstTokenMs"].is_null() && report["all"]["firstTokenMs"]["p95"] == 19.0);
}

#[test]
fn names_of_a_policy_are_read_as_they_were_and_move_no_cursor() {
    let series = |name: &str| format!("pointsman_requests_total{{model=\"{name}\",outcome=\"served\"}} 1\n");
    let all = [series("a%3Bb%25c%41"), series("\\n\u{1b}[2J"), series(&"x".repeat(500)), series("模型")].concat();
    let known = looks(&[&all]);
    let lines = text(&shown(&known, By::Model, Column::Name));
    assert!(lines.contains("\na;b%c%41 ") && lines.contains("\n\\u{a}\\u{1b}[2J "), "{lines}");
    assert!(lines.contains(&format!("\n{}…  ", "x".repeat(40))), "{lines}");
    let wide = lines.lines().find(|line| line.starts_with("模型")).unwrap();
    let head = lines.lines().find(|line| line.starts_with("↓model")).unwrap();
    assert_eq!(wide.chars().count() + 2, head.chars().count(), "two characters of double width");
}

#[test]
fn a_screen_has_as_many_lines_as_the_terminal() {
    let many: String =
        (0..50).map(|n| format!("pointsman_requests_total{{model=\"m{n:02}\",outcome=\"served\"}} 1\n")).collect();
    let known = looks(&[&many]);
    for (height, first, expected) in [(20, 0, 15), (20, 48, 15), (5, 0, 0), (100, 0, 50)] {
        let view = View { first, ..View::new(By::Model, Column::Name) };
        let lines = screen(&Shown { view, ..shown(&known, By::Model, Column::Name) }, height);
        assert_eq!(lines.iter().filter(|line| line.text.starts_with('m')).count(), expected, "{height}");
        assert_eq!(lines.last().unwrap().style, Style::Hint);
        assert!(height < 6 || lines.len() == height, "{}", lines.len());
        let last = lines.iter().any(|line| line.text.starts_with("m49"));
        assert_eq!(last, first > 0 || height == 100);
    }
    let lines = screen(&shown(&known, By::Model, Column::Name), 20);
    assert_eq!((lines[3].style, lines[3].within(6)), (Style::Head, "↓model"));
    assert_eq!(lines[3].within(0), "");
}

#[test]
fn what_fails_and_what_could_not_be_asked_stands_out() {
    let failing = changed(&[(r#"outcome="providerError"}"#, "3")]);
    let known = looks(&[FIRST, &failing]);
    let shown = Shown { trouble: Some("`x`: \u{1b}gone"), ..shown(&known, By::Model, Column::Requests) };
    let alarms: Vec<_> =
        screen(&shown, 24).into_iter().filter(|line| line.style == Style::Alarm).map(|line| line.text).collect();
    assert_eq!(alarms.len(), 3, "{alarms:?}");
    assert!(
        alarms[0].contains("   1.0 errors/s   ") && alarms[1] == "`x`: \\u{1b}gone" && alarms[2].starts_with("small ")
    );
}

#[test]
fn the_fullest_budgets_are_shown() {
    let used = |labels: &str, percent: u32| format!("pointsman_budget_used_percent{{budget={labels}}} {percent}\n");
    let some =
        [used("\"money\"", 40), used("\"calls\",tenant=\"a%3Bb\"", 95), used("\"\u{1b}\",model=\"m\"", 7)].concat();
    let known = looks(&[&format!("{FIRST}{some}")]);
    let expected = "budgets used: calls/a;b 95 %   money 40 %   \\u{1b}/m 7 %";
    assert_eq!(text(&shown(&known, By::Tenant, Column::Name)).lines().nth(2), Some(expected));
    let report: serde_json::Value = serde_json::from_str(&json(&shown(&known, By::Tenant, Column::Name))).unwrap();
    assert_eq!(report["budgetsUsedPercent"]["calls/a;b"], 95.0);
    let many: String = (0..9).map(|n| used(&format!("\"b{n}\""), 100)).collect();
    let known = looks(&[&format!("{FIRST}{many}")]);
    let line = &screen(&shown(&known, By::Tenant, Column::Name), 24)[2];
    assert!(line.text.ends_with("   b4 100 %   and 4 more"), "{}", line.text);
    assert_eq!(line.style, Style::Alarm);
}

#[test]
fn an_envoy_that_counts_nothing_of_ours_is_told_from_one_without_labels() {
    let nothing = [
        "",
        "<html>",
        "envoy_server_live{} 1\n",
        "pointsman_other 1",
        "pointsman_requests_total{outcome=\"served\"} NaN",
    ];
    for text in nothing {
        assert_eq!(Looking::default().look(text).unwrap_err(), Fault::Uncounted, "{text}");
    }
    let unlabelled = "pointsman_requests_total_model___a_3Bb___cluster___two___outcome___served___{} 2\n";
    assert_eq!(Looking::default().look(unlabelled).unwrap_err(), Fault::Unlabelled);
    // Nobody has asked yet: nothing is wrong with that.
    let known = looks(&["pointsman_policy_info{policy=\"7c069dc92917\"} 1\n"]);
    assert!(
        text(&shown(&known, By::Tenant, Column::Name))
            .contains("\nno request is counted yet; for that, the policy needs `metrics: {}`\n")
    );
}

#[test]
fn what_is_no_number_of_ours_is_left_out_and_said() {
    let broken = "pointsman_requests_total{outcome=\"served\"} -1\npointsman_cost_micros_total NaN\nnot a line\n";
    let known = looks(&[&format!("{FIRST}{broken}")]);
    assert_eq!((known.0.unread, known.0.total.all.requests), (3, 9.0));
    assert!(text(&shown(&known, By::Tenant, Column::Name)).contains("\n3 lines of Envoy's answer are not read\n"));
    let infinite = looks(&[
        "pointsman_requests_total{outcome=\"served\"} +Inf\n",
        "pointsman_requests_total{outcome=\"served\"} +Inf\n",
    ]);
    assert!(!json(&shown(&infinite, By::Tenant, Column::Rate)).contains("inf"));
}

#[test]
fn what_envoy_does_not_count_is_said() {
    let known = looks(&[&format!("{FIRST}pointsman_series_missing_total{{}} 7\n")]);
    let expected = "\nnot counted: 7 values, beyond the policy's `metrics.maxSeries`\n";
    assert!(text(&shown(&known, By::Tenant, Column::Name)).contains(expected));
}

#[test]
fn too_many_series_are_left_out_and_said() {
    let lines: String =
        (0..300_000).map(|n| format!("pointsman_requests_total{{variant=\"{n}\",outcome=\"served\"}} 1\n")).collect();
    let known = looks(&[&lines]);
    assert_eq!(known.0.total.all.requests + known.0.unread as f64, 300_000.0);
    assert!(known.0.unread > 0);
}

#[test]
fn every_series_of_the_text_is_one() {
    assert!(samples(FIRST).all(|sample| sample.is_some()));
}
