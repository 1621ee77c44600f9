"""A real Prometheus scrapes a real Envoy: every expression of the dashboard and of the alert rules says something, and
`pointsman top` says the same."""

import dataclasses
import itertools
import json
import math
import pathlib
import re
import subprocess

import pytest
import yaml

from harness import failover, locations, pages, prometheus
from harness.edge import JSON
from harness.messages import Answer
from harness.waiting import wait_for

DASHBOARD = locations.REPOSITORY / "envoy" / "dashboards" / "pointsman.json"
RULES = locations.REPOSITORY / "envoy" / "alerts" / "pointsman.rules.yaml"
CASES = RULES.with_name("pointsman.test.yaml")

POLICY = {
    "models": [
        {"name": "small", "cluster": "llama", "cost": {"inputPerMillion": 1000, "outputPerMillion": 5000}},
        {"name": "large", "cluster": "gpu", "cost": {"inputPerMillion": 9000, "outputPerMillion": 9000}},
        {"name": "alone", "cluster": "mistral", "labels": {"region": "us"}},
    ],
    "aliases": [{"name": "auto"}],
    "tenants": [
        {
            "name": "finance",
            "match": {"headers": [{"name": "x-team", "value": "finance"}]},
            "models": {"deny": ["alone"]},
        },
        {"name": "lab", "match": {"headers": [{"name": "x-team", "value": "lab"}]}},
    ],
    "budgets": [{"name": "trial", "match": {"tenants": ["lab"]}, "window": {"every": "month"}, "requests": 2}],
    "rules": [
        {
            "name": "no-music",
            "match": {"headers": [{"name": "x-music", "value": "1"}]},
            "deny": {"status": 403, "message": "no"},
        },
        {
            "name": "chained",
            "match": {"models": ["auto"]},
            "route": {"targets": [{"model": "small"}], "fallback": ["alone", "large"]},
        },
    ],
    "onFailure": {"unknownTenant": "allow"},
    "feedback": {"rateLimits": False},
    "usage": {},
    "metrics": {},
}
FINANCE, LAB = ("x-team", "finance"), ("x-team", "lab")
USAGE = {
    "prompt_tokens": 1000,
    "completion_tokens": 100,
    "prompt_tokens_details": {"cached_tokens": 400},
    "completion_tokens_details": {"reasoning_tokens": 30},
}


def event(value: dict) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def answer(request) -> Answer:
    """A stream where one is asked for, with what it took at its end."""
    if not request.json().get("stream"):
        return Answer.of({"object": "chat.completion", "model": "m", "choices": [], "usage": USAGE})
    words = [event({"choices": [{"index": 0, "delta": {"content": word}}]}) for word in ("Platform ", "nine")]
    return Answer(200, "text/event-stream", (*words, event({"choices": [], "usage": USAGE}), b"data: [DONE]\n\n"))


class Traffic:
    """Everything that series tell of."""

    def __init__(self, edge: failover.Failover):
        self.edge = edge
        for name in ("llama", "gpu"):
            edge.providers[name].restore(answer)

    def ask(self, model: str, *headers: tuple[str, str], **more) -> int:
        body = {"model": model, "messages": [{"role": "user", "content": "Where?"}], **more}
        return self.edge.ask("/v1/chat/completions", body, [JSON, *headers]).status

    def all(self) -> None:
        providers = self.edge.providers
        # Served, whole and as a stream; slow enough that each further token takes some time.
        providers["llama"].pause = 0.005
        assert [self.ask("auto", FINANCE), self.ask("auto", FINANCE, stream=True), self.ask("large")] == [200, 200, 200]
        providers["llama"].pause = 0.0
        # As far as the budget goes. How full it is, is said when it is asked the next time.
        assert {self.ask("large", LAB), self.ask("large", LAB)} <= {200, 429}
        # The provider of this one tells nothing of tokens.
        assert self.ask("alone") == 200
        # Refused by a rule, and asked for what nobody knows.
        assert [self.ask("auto", ("x-music", "1")), self.ask("nothing", FINANCE)] == [403, 404]
        # The first provider fails, and another answers; finance may not use the one between.
        providers["llama"].fail("503")
        assert [self.ask("auto", FINANCE), self.ask("auto", FINANCE, stream=True)] == [200, 200]
        # None is left.
        assert self.ask("small") == 503
        providers["llama"].restore(answer)


@dataclasses.dataclass
class Scraped:
    prometheus: prometheus.Prometheus
    edge: failover.Failover
    traffic: Traffic


@pytest.fixture(scope="module", params=(failover.WORLDS[0], failover.WORLDS[-1]), ids=str)
def scraped(request, tmp_path_factory):
    """A Prometheus that has seen all kinds of traffic, and a policy rejected."""
    setting = failover.Setting(request.param, POLICY, discovered=True)
    with (
        failover.running(setting, tmp_path_factory.mktemp("edge")) as edge,
        prometheus.running(tmp_path_factory.mktemp("prometheus"), [edge.envoy.admin_address], RULES) as scraper,
    ):
        traffic = Traffic(edge)
        traffic.all()
        reject_a_policy(edge)
        # A series has a rate from its second value on, and histograms come with Envoy's next flush.
        scraper.wait_for_scrapes(2)
        traffic.all()
        count = "gen_ai_server_time_per_output_token_microseconds_count"
        wait_for("histograms to have grown", lambda: scraper.ask(f"increase({count}[5m]) > 0"))
        scraper.wait_for_scrapes(2)
        yield Scraped(scraper, edge, traffic)


def reject_a_policy(edge: failover.Failover) -> None:
    """Hands Envoy what the module does not take."""
    file = edge.made.discovery / "pointsman-router.yaml"
    text = file.read_text()
    broken = re.sub(r"version_info: .*", "version_info: broken", text.replace('"rules"', '"ruled"'), count=1)
    assert broken.count("ruled") == 1
    draft = file.with_suffix(".draft")
    draft.write_text(broken)
    draft.rename(file)
    rejected = r"^wasmcustom\.pointsman_policy_loads_total\.result=\.=rejected;\.;$"
    wait_for("the policy to be rejected", lambda: edge.envoy.stat(rejected))


# The expressions.


def dashboard() -> dict:
    return json.loads(DASHBOARD.read_text())


def plain(expression: str) -> str:
    """What Grafana asks when everything is chosen."""
    values = {"$__rate_interval": "1m", "$__range": "5m", "$instance": ".*", "$tenant": ".*", "$model": ".*"}
    for name, value in values.items():
        expression = expression.replace(name, value)
    assert "$" not in expression, expression
    return expression


def of_the_dashboard() -> list:
    return [
        pytest.param(plain(target["expr"]), id=f"{panel['title']}-{target['refId']}")
        for panel in dashboard()["panels"]
        for target in panel.get("targets", [])
    ]


def rules() -> list[dict]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def is_said(found: list[tuple[dict, float]]) -> bool:
    return any(math.isfinite(value) and value > 0 for _, value in found)


@pytest.mark.parametrize("expression", of_the_dashboard())
def test_every_panel_shows_something(scraped, expression):
    found = scraped.prometheus.ask(expression)
    assert is_said(found), found


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule["alert"]) for rule in rules()])
def test_every_alert_sees_what_it_is_about(scraped, rule):
    found = scraped.prometheus.ask(rule["expr"])
    assert is_said(found), found


def test_the_variables_of_the_dashboard_have_values(scraped):
    for variable in dashboard()["templating"]["list"][1:]:
        series, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"]).groups()
        found = scraped.prometheus.api(f"label/{label}/values", **{"match[]": series})
        expected = {"tenant": ["finance", "lab"], "model": ["alone", "large", "small"]}
        assert found == expected.get(label, [scraped.edge.envoy.admin_address])


def test_a_change_of_the_policy_is_marked(scraped):
    (annotation,) = dashboard()["annotations"]["list"]
    version = scraped.edge.made.explain(failover.UNREADABLE)["policy"]
    # A minute after the proxy was started, there was no change any more.
    assert [labels["policy"] for labels, _ in scraped.prometheus.ask(annotation["expr"])] in ([version[:12]], [])


def test_prometheus_has_taken_the_rules_and_fires(scraped):
    def states() -> dict[str, str]:
        (group,) = scraped.prometheus.api("rules")["groups"]
        assert {rule["health"] for rule in group["rules"]} <= {"ok", "unknown"}, group
        return {rule["name"]: rule["state"] for rule in group["rules"]}

    wait_for("the rejected policy to be told", lambda: states()["PointsmanPolicyRejected"] == "firing")
    assert states().keys() == {rule["alert"] for rule in rules()}
    # These want to see it for a while.
    assert {states()["PointsmanRequestsFail"], states()["PointsmanFailoverActive"]} == {"pending"}


def test_every_alert_is_in_the_docs():
    rows = pages.page("docs/observability.md").table("alerts")
    assert [row[0].strip("`") for row in rows] == [rule["alert"] for rule in rules()]


@pytest.mark.parametrize("block", [pytest.param(block, id=block.id) for block in pages.of("yaml", "prometheus")])
def test_a_shown_configuration_of_prometheus_is_one(block, tmp_path):
    (tmp_path / "envoy").symlink_to(locations.REPOSITORY / "envoy")
    (tmp_path / "prometheus.yml").write_text(block.text)
    checked = prometheus.promtool("check", "config", tmp_path / "prometheus.yml")
    assert checked.returncode == 0 and "6 rules found" in checked.stdout, checked.stdout + checked.stderr


# The files.


def test_the_rules_are_valid_and_their_cases_hold():
    checked = prometheus.promtool("check", "rules", RULES)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    tested = prometheus.promtool("test", "rules", CASES)
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_every_rule_has_cases_in_which_it_fires_and_does_not():
    tests = yaml.safe_load(CASES.read_text())["tests"]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    fires = {case["alertname"] for case in cases if case["exp_alerts"]}
    silent = {case["alertname"] for case in cases if not case["exp_alerts"]}
    # The cases of this one have another cluster in which nothing is wrong.
    assert fires == silent | {"PointsmanProviderBurnsErrors"} == {rule["alert"] for rule in rules()}


def test_a_broken_rule_is_noticed(tmp_path):
    """What holds the rules would fail."""
    for before, after in (("> 1.1", "> 5"), ("rate(", "rates(")):
        for file in (RULES, CASES):
            (tmp_path / file.name).write_text(file.read_text().replace(before, after))
        assert prometheus.promtool("test", "rules", tmp_path / CASES.name).returncode != 0


def test_the_dashboard_is_one_that_grafana_takes():
    board = dashboard()
    panels = board["panels"]
    assert board["uid"] == "pointsman" and board["schemaVersion"] >= 36
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24 and panel["title"]
        assert panel["type"] == "row" or (panel["targets"] and panel["description"])
        assert {target["datasource"]["uid"] for target in panel.get("targets", [])} <= {"${datasource}"}
    for one, other in itertools.combinations([panel["gridPos"] for panel in panels], 2):
        apart = any(one[at] + one[size] <= other[at] or other[at] + other[size] <= one[at] for at, size in ("xw", "yh"))
        assert apart, (one, other)


# `pointsman top` at the same Envoy.


def top(address: str, *options: str) -> dict:
    command = [locations.cli(), "top", address, "--once", "--output", "json", "--interval", "0.1", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def by(scraper: prometheus.Prometheus, label: str, expression: str) -> dict[str | None, float]:
    return {labels.get(label): value for labels, value in scraper.ask(f"sum by ({label}) ({expression})")}


FIGURES = {
    "requests": "pointsman_requests_total",
    "refused": 'pointsman_requests_total{outcome="deny"}',
    "errors": 'pointsman_requests_total{outcome=~"providerError|proxyError"}',
    "inputTokens": 'pointsman_tokens_total{gen_ai_token_type="input"}',
    "cachedInputTokens": 'pointsman_tokens_total{gen_ai_token_type="input_cached"}',
    "outputTokens": 'pointsman_tokens_total{gen_ai_token_type="output"}',
    "costMicros": "pointsman_cost_micros_total",
}


@pytest.mark.parametrize("label", ["tenant", "model", "rule", "cluster"])
def test_top_has_the_sums_of_prometheus(scraped, label):
    rows = {row[label]: row for row in top(scraped.edge.envoy.admin_address, "--by", label)["rows"]}
    for figure, expression in FIGURES.items():
        expected = by(scraped.prometheus, label, expression)
        shown = {name: row["total"][figure] for name, row in rows.items()}
        assert {name: value for name, value in shown.items() if value} == expected, figure
    assert rows.keys() == by(scraped.prometheus, label, "pointsman_requests_total").keys()


def test_top_has_the_quantiles_of_prometheus(scraped):
    buckets = "gen_ai_server_time_to_first_token_milliseconds_bucket"
    rows = top(scraped.edge.envoy.admin_address, "--by", "model")["rows"]
    shown = {row["model"]: row["firstTokenMs"] for row in rows if row["firstTokenMs"]}
    assert shown.keys() == {"small", "large"}
    for share, name in ((0.5, "p50"), (0.95, "p95")):
        asked = scraped.prometheus.ask(f"histogram_quantile({share}, sum by (le, model) ({buckets}))")
        expected = {labels["model"]: value for labels, value in asked}
        assert {model: times[name] for model, times in shown.items()} == pytest.approx(expected)


def test_top_sees_what_happens(scraped):
    """Between its two looks."""
    options = ["--once", "--output", "json", "--interval", "1"]
    command = [locations.cli(), "top", scraped.edge.envoy.admin_address, *options]
    looking = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    while looking.poll() is None:
        assert scraped.traffic.ask("auto", FINANCE) == 200
    report = json.loads(looking.communicate(timeout=60)[0])
    assert report["policies"] == [scraped.edge.made.explain(failover.UNREADABLE)["policy"][:12]]
    assert report["all"]["perSecond"]["requests"] > 0 and report["all"]["perSecond"]["costMicros"] > 0
    # The tests after this one find a Prometheus that knows it all.
    scraped.prometheus.wait_for_scrapes(2)


def test_top_says_what_an_envoy_without_all_this_lacks(tmp_path):
    setting = failover.Setting(failover.WORLDS[-1], POLICY)
    with failover.running(setting, tmp_path) as edge:
        assert top(edge.envoy.admin_address)["rows"] == []
        unlabelled(edge.envoy, tmp_path)


def unlabelled(envoy, folder: pathlib.Path) -> None:
    """The same configuration without what makes labels of names."""
    config = yaml.safe_load((folder / "envoy" / "envoy.yaml").read_text())
    del config["stats_config"]["stats_tags"]
    with_names = type(envoy)(envoy.version, json.dumps(config), folder / "unlabelled")
    try:
        done = subprocess.run(
            [locations.cli(), "top", with_names.admin_address, "--once"], capture_output=True, text=True, timeout=60
        )
    finally:
        with_names.stop()
    assert done.returncode == 1 and "`stats_config`" in done.stderr, done.stdout + done.stderr
