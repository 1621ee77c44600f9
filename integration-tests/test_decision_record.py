"""The decision explains itself: the record in the access log, and the response headers when the policy asks for
them."""

import re

import pytest

POLICY = {
    "models": [
        {"name": "large", "cluster": "a", "upstreamModel": "large-1", "contextWindow": 100_000},
        {"name": "small", "cluster": "b", "contextWindow": 200},
        {"name": "blind", "cluster": "b", "capabilities": ["tools"]},
        {"name": "hidden", "cluster": "a"},
    ],
    "aliases": [{"name": "auto"}, {"name": "legacy", "model": "large"}],
    "tenants": [
        {"name": "team", "match": {"headers": [{"name": "x-team", "value": "a"}]}, "models": {"deny": ["hidden"]}}
    ],
    "rules": [
        {"name": "denied", "match": {"keywords": ["forbidden word"]}, "deny": {"status": 451, "message": "not that"}},
        {
            "name": "pictures",
            "match": {"models": ["auto"], "images": True},
            "route": {"targets": [{"model": "blind"}, {"model": "large"}]},
        },
        {
            "name": "fits",
            "match": {"models": ["auto"]},
            "route": {"targets": [{"model": "small", "weight": 99}, {"model": "large", "weight": 1}]},
        },
    ],
    "visibility": {"responseHeaders": True},
}
TEAM = ("x-team", "a")
PICTURE = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}]


@pytest.fixture(scope="module")
def silent(started):
    return started(policy={**POLICY, "visibility": {"responseHeaders": False}})


def chat(edge, model: str, **more):
    return edge.chat(model, headers=[TEAM], **more)


def test_a_record_says_all(edge):
    record = chat(edge, "legacy").record
    assert re.fullmatch("[0-9a-f]{64}", record.pop("policy"))
    assert record.pop("excluded", []) == []
    assert record == {
        "v": 1,
        "action": "route",
        "api": "chatCompletions",
        "tenant": "team",
        "asked": "legacy",
        "reason": "alias",
        "model": "large",
        "upstreamModel": "large-1",
        "cluster": "a",
    }


def test_a_model_of_its_own_name_is_routed_by_default(edge):
    record = chat(edge, "large").record
    assert (record["reason"], record["model"], record.get("rule")) == ("default", "large", None)


def test_a_rule_is_named(edge):
    seen = chat(edge, "auto")
    assert (seen.record["reason"], seen.record["rule"], seen.upstream.provider) == (
        "rule",
        "fits",
        seen.record["cluster"],
    )


def test_what_was_excluded_says_why(edge):
    seen = chat(edge, "auto", messages=PICTURE)
    assert (seen.record["rule"], seen.record["model"]) == ("pictures", "large")
    assert {"model": "blind", "reason": "vision"} in seen.record["excluded"]
    seen = chat(edge, "auto", messages=[{"role": "user", "content": "word " * 2000}])
    assert (seen.record["rule"], seen.record["model"]) == ("fits", "large")
    assert {"model": "small", "reason": "contextWindow"} in seen.record["excluded"]


def test_a_refusal_has_its_status_and_message(edge):
    seen = chat(edge, "auto", messages=[{"role": "user", "content": "a forbidden word"}])
    assert seen.status == seen.record["status"] == 451
    assert (seen.record["action"], seen.record["reason"], seen.record["rule"]) == ("deny", "denied", "denied")
    assert seen.record["message"] == seen.response.json()["error"]["message"] == "not that"


def test_no_record_holds_what_the_client_wrote(edge):
    seen = chat(edge, "auto", messages=[{"role": "user", "content": "my own words"}], user="somebody")
    assert "my own words" not in seen.log["record"]
    assert "somebody" not in seen.log["record"]


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_response_headers_say_model_rule_and_reason(edge, protocol):
    seen = edge.ask(
        "/v1/chat/completions",
        {"model": "auto", "messages": PICTURE},
        [("content-type", "application/json"), TEAM],
        protocol=protocol,
    )
    said = {name: seen.response.header(f"x-pointsman-{name}") for name in ("model", "rule", "reason")}
    assert said == {"model": "large", "rule": "pictures", "reason": "rule"}


def test_response_headers_stay_away_when_nobody_asked(silent):
    seen = chat(silent, "auto")
    assert seen.status == 200
    assert not [name for name, _ in seen.response.headers if name.startswith(b"x-pointsman")]
    silent.assert_healthy()


def test_a_conversation_stays_on_one_model(edge):
    turns = [{"role": "user", "content": "first question"}]
    models = set()
    for number in range(5):
        models.add(chat(edge, "auto", messages=turns).record["model"])
        turns = [*turns, {"role": "assistant", "content": f"answer {number}"}, {"role": "user", "content": "and then?"}]
    assert len(models) == 1
