"""Budgets in a proxy of two workers: what they let through, what is given back, and what clients are told."""

import json
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import anthropic
import openai
import pytest

from harness.edge import JSON, chat
from harness.http1 import Http1, head
from harness.messages import Answer
from harness.waiting import wait_for

PRICES = {"inputPerMillion": 1, "outputPerMillion": 4}
POLICY = {
    "models": [
        {"name": "large", "cluster": "first", "cost": PRICES},
        {"name": "small", "cluster": "second", "cost": {}},
        {"name": "plain", "cluster": "third", "cost": PRICES},
    ],
    "onFailure": {"noCandidate": {"model": "small"}},
    "visibility": {"responseHeaders": True},
    "budgets": [
        {
            "name": "calls",
            "match": {"models": ["plain"]},
            "per": {"header": "x-team"},
            "window": {"rolling": "1h"},
            "requests": 20,
            "warnAt": [50],
        },
        {
            "name": "tokens",
            "match": {"models": ["plain"]},
            "per": {"header": "x-user"},
            "window": {"rolling": "1h"},
            "tokens": 1000,
        },
        {
            "name": "large-money",
            "match": {"models": ["large"]},
            "per": {"header": "x-team"},
            "window": {"rolling": "1h"},
            "money": 0.001,
            "action": "downgrade",
        },
    ],
}
INSTALLATION = {"concurrency": 2}
LIMIT = 20
AT_ONCE = 64


@pytest.fixture
def team() -> str:
    """One that has used nothing."""
    return uuid.uuid4().hex


def user() -> str:
    return uuid.uuid4().hex


def ask(edge, team: str, model: str = "plain", **more):
    return edge.chat(model, headers=[("x-team", team), ("x-user", user())], max_tokens=1, **more)


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_no_more_requests_get_through_than_the_budget_has(edge, team, protocol):
    def each(_) -> tuple[int, int]:
        body, headers = chat("plain", [("x-team", team), ("x-user", user())], max_tokens=1)
        seen = edge.ask("/v1/chat/completions", body, headers, protocol=protocol)
        return seen.status, len(edge.received(seen.test_id))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(each, range(3 * AT_ONCE)))
    assert sorted(set(results)) == [(200, 1), (429, 0)]
    assert results.count((200, 1)) == LIMIT


def test_both_workers_count_for_one_budget(edge, team):
    each = edge.chat_with_each_worker("plain", headers=[("x-team", team), ("x-user", user())], max_tokens=1)
    assert [seen.status for seen in each] == [200, 200]
    used = [ask(edge, team).response.header("x-pointsman-budget") for _ in range(LIMIT - 2)]
    assert used == [None] * 7 + [f"calls={percent}%" for percent in range(50, 105, 5)]
    for seen in edge.chat_with_each_worker("plain", headers=[("x-team", team), ("x-user", user())], max_tokens=1):
        assert (seen.status, seen.record["reason"]) == (429, "budgetExceeded")
        assert seen.record["budgets"] == [{"budget": "calls", "used": LIMIT}]
        assert seen.response.header("x-pointsman-budget") == "calls=100%"


def use_up(edge, team: str) -> None:
    assert {ask(edge, team).status for _ in range(LIMIT)} == {200}


def test_openais_client_learns_when_there_is_more(edge, team):
    use_up(edge, team)
    options = {"max_retries": 0, "default_headers": {"x-team": team, "x-user": user()}}
    with openai.OpenAI(base_url=f"{edge.url}/v1", api_key="k", **options) as client:
        with pytest.raises(openai.RateLimitError) as refused:
            client.chat.completions.create(model="plain", messages=[{"role": "user", "content": "Hi"}], max_tokens=1)
        told = refused.value.response.headers
        assert (refused.value.code, refused.value.type) == ("budgetExceeded", "rate_limit_error")
        assert 3500 < int(told["retry-after"]) <= 3600 * 17 / 16
        assert told["x-ratelimit-limit-requests"] == str(LIMIT)
        assert told["x-ratelimit-remaining-requests"] == "0"
        assert told["x-ratelimit-reset-requests"].endswith("s")


def test_anthropics_client_learns_it_in_anthropics_headers(edge, team):
    use_up(edge, team)
    options = {"max_retries": 0, "default_headers": {"x-team": team, "x-user": user()}}
    with anthropic.Anthropic(base_url=edge.url, api_key="k", **options) as client:
        with pytest.raises(anthropic.RateLimitError) as refused:
            client.messages.create(model="plain", messages=[{"role": "user", "content": "Hi"}], max_tokens=1)
        told = refused.value.response.headers
        assert refused.value.body["error"]["type"] == "rate_limit_error"
        assert told["anthropic-ratelimit-requests-limit"] == str(LIMIT)
        assert told["anthropic-ratelimit-requests-remaining"] == "0"
        reset = time.strptime(told["anthropic-ratelimit-requests-reset"], "%Y-%m-%dT%H:%M:%SZ")
        assert reset > time.gmtime()


def test_a_request_that_does_not_fit_is_refused_and_a_smaller_one_is_not(edge, team):
    headers = [("x-team", team), ("x-user", user())]
    seen = edge.chat("plain", headers=headers, max_tokens=5000)
    assert (seen.status, seen.response.header("x-ratelimit-limit-tokens")) == (429, "1000")
    assert edge.chat("plain", headers=headers, max_tokens=900).status == 200
    assert edge.chat("plain", headers=headers, max_tokens=900).status == 429
    assert edge.chat("plain", headers=headers, max_tokens=10).status == 200


def test_what_was_guessed_is_booked_when_the_stream_ends(edge, team):
    """An answer without a limit is guessed to have 1024 tokens: so many are booked, more than could be set aside."""
    headers = [("x-team", team), ("x-user", user())]
    assert edge.chat("plain", headers=headers).status == 200

    def used() -> int:
        seen = edge.chat("plain", headers=headers)
        assert seen.status == 429
        return next(used["used"] for used in seen.record["budgets"] if used["budget"] == "tokens")

    wait_for("the end of the stream", lambda: used() > 1024)


def test_an_error_of_the_provider_costs_no_tokens(edge, team):
    headers = [("x-team", team), ("x-user", user())]
    provider = edge.providers["third"]
    usual, provider.answer = provider.answer, lambda _: Answer.of({"error": {}}, status=500)
    try:
        assert {edge.chat("plain", headers=headers, max_tokens=900).status for _ in range(5)} == {500}
    finally:
        provider.answer = usual
    assert edge.chat("plain", headers=headers, max_tokens=900).status == 200


def test_with_its_money_spent_a_model_is_left_out(edge, team):
    # 4 millionths for each token of output, and a few for the input: two requests fit, and no third.
    seen = [edge.chat("large", headers=[("x-team", team)], max_tokens=100) for _ in range(3)]
    assert [one.status for one in seen] == [200, 200, 200]
    assert [one.record["model"] for one in seen] == ["large", "large", "small"]
    assert seen[2].record["excluded"] == [{"model": "large", "reason": "budget"}]
    assert edge.chat("large", headers=[("x-team", uuid.uuid4().hex)], max_tokens=100).record["model"] == "large"


SECONDS_WITHOUT_END = 20.0


class Endless:
    """The pieces of a stream that goes on until somebody has had enough."""

    PIECE = b"".join(
        b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": word}}]}).encode() + b"\n\n"
        for word in ("Platform ", "nine ", "and ", "so ", "on ") * 200
    )

    def __init__(self):
        self.enough = threading.Event()

    def __len__(self) -> int:
        return 2

    def __iter__(self):
        while not self.enough.is_set():
            yield self.PIECE


def test_an_answer_without_end_takes_no_memory_and_is_paid_once(edge, team):
    """It streams as fast as it can until the client leaves: then what was set aside is booked, and nothing else."""
    provider, endless = edge.providers["third"], Endless()
    one = user()
    body = {"model": "plain", "max_tokens": 100, "stream": True, "messages": []}
    text, received = json.dumps(body).encode(), 0
    fields = [("host", "e"), JSON, ("x-team", team), ("x-user", one), ("content-length", str(len(text)))]
    usual, provider.answer = provider.answer, lambda _: Answer(200, "text/event-stream", endless)
    try:
        with Http1(edge.port) as client:
            client.send(head("POST", "/v1/chat/completions", fields) + text)
            began, before = time.monotonic(), 0
            while (passed := time.monotonic() - began) < SECONDS_WITHOUT_END:
                data = client.socket.recv(1 << 20)
                assert received or data.startswith(b"HTTP/1.1 200 "), data
                received += len(data)
                if not before and passed > 2:
                    before = edge.envoy.resident_bytes()
            growth = edge.envoy.resident_bytes() - before
    finally:
        endless.enough.set()
        provider.answer = usual
    wait_for("the stream to end", lambda: not edge.envoy.active_requests())
    assert received > 64 << 20, f"only {received} bytes have come"
    assert growth < 16 << 20, f"{received} bytes have passed, and {growth} of them were kept"
    # 100 and a little are booked. Were they still set aside too, 850 would not fit; were they not booked, 900 would.
    headers = [("x-team", team), ("x-user", one)]
    assert edge.chat("plain", headers=headers, max_tokens=900).status == 429
    assert edge.chat("plain", headers=headers, max_tokens=850).status == 200


def test_header_values_without_end_are_bounded(edge):
    """10,000 of them: the proxy lives, serves, and its memory stays where it is. The last of the file: who comes now
    shares what is left of an account."""
    edge.chat("plain", headers=[("x-team", "a"), ("x-user", user())], max_tokens=1)

    def many(_) -> set[int]:
        return {ask(edge, uuid.uuid4().hex).status for _ in range(100)}

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(many, range(10)))
        before = edge.envoy.resident_bytes()
        statuses = set().union(*pool.map(many, range(90)))
    assert statuses <= {200, 429}
    assert edge.envoy.resident_bytes() - before < 64 * 1024 * 1024
    wait_for("a request to be served", lambda: edge.ask("/v1/models", None, [JSON], method="GET").status == 200)
