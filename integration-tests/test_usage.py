"""What answers took, how they ended and what they cost: in the record, in the statistics, and nowhere else."""

import gzip
import itertools
import json
import re

import pytest

from harness import locations, pages
from harness.edge import JSON, new_test_id
from harness.http1 import Http1, head
from harness.messages import Answer
from harness.waiting import wait_for

CHAT = "/v1/chat/completions"
POLICY = {
    "models": [
        {"name": "gpt-4.1", "cluster": "one", "cost": {"inputPerMillion": 2, "outputPerMillion": 8}},
        {"name": "free", "cluster": "one"},
    ],
    "aliases": [{"name": "gpt-*", "model": "gpt-4.1"}],
    "tenants": [{"name": "the;odd%one", "match": {"headers": [{"name": "x-team", "value": "odd"}]}}],
    "onFailure": {"unknownTenant": "allow"},
    "usage": {},
    "metrics": {},
}
ODD = ("x-team", "odd")
EVENTS = "text/event-stream"


@pytest.fixture
def answers(edge, monkeypatch):
    """Has the provider answer this."""

    def answer(value, **more):
        made = value if isinstance(value, Answer) else Answer.of(value, **more)
        monkeypatch.setattr(edge.providers["one"], "answer", lambda _: made)

    return answer


def completion(usage: dict | None, **more) -> dict:
    choices = [{"index": 0, "message": {"role": "assistant", "content": "there"}, "finish_reason": "stop"}]
    return {"id": "c", "object": "chat.completion", "model": "gpt-4.1-2025-04-14", "choices": choices, **more} | (
        {"usage": usage} if usage is not None else {}
    )


def events(*values: dict | str, each: str = "data: {}\n\n") -> list[bytes]:
    return [each.format(value if isinstance(value, str) else json.dumps(value)).encode() for value in values]


def delta(text: str, **more) -> dict:
    return {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}}], **more}


USAGE = {"prompt_tokens": 1000, "completion_tokens": 20, "total_tokens": 1020}
WHOLE = {"input": 1000, "output": 20}


def ask(edge, model: str = "gpt-4.1", *headers: tuple[str, str], path: str = CHAT, **more):
    body = {"model": model, "messages": [{"role": "user", "content": "Where?"}], **more}
    return edge.ask(path, body, [JSON, *headers])


def series(edge) -> dict[str, int]:
    """What is counted, by the names that Envoy has."""
    return {
        name.removeprefix("wasmcustom."): value
        for name, value in edge.envoy.stats(r"wasmcustom\.(pointsman|gen_ai)").items()
    }


def gained(edge, before: dict[str, int]) -> dict[str, int]:
    now = series(edge)
    return {name: value - before.get(name, 0) for name, value in now.items() if value != before.get(name, 0)}


def test_a_whole_answer_says_what_it_took(edge, answers):
    usage = {
        **USAGE,
        "prompt_tokens_details": {"cached_tokens": 300},
        "completion_tokens_details": {"reasoning_tokens": 5},
    }
    answers(completion(usage))
    before = series(edge)
    seen = ask(edge, "gpt-something", ODD)
    assert seen.response.json() == completion(usage)
    answer = seen.record["answer"]
    assert answer["usage"] == {**WHOLE, "cached": 300, "reasoning": 5}
    # 1000 at 2 and 20 at 8 for a million each, in millionths.
    assert answer["costMicros"] == 2160
    assert (answer["outcome"], answer["status"], answer["finish"]) == ("served", 200, "stop")
    assert answer["model"] == "gpt-4.1-2025-04-14"
    assert "unknown" not in answer
    who = "tenant=.=the%3Bodd%25one;.;"
    where = f"{who}model=.=gpt-4.1;.;cluster=.=one;.;"
    assert gained(edge, before) == {
        f"pointsman_requests_total.{who}asked=.=gpt-*;.;model=.=gpt-4.1;.;cluster=.=one;.;outcome=.=served;.;": 1,
        f"pointsman_attempts_total.{where}": 1,
        f"pointsman_cost_micros_total.{where}": 2160,
        f"pointsman_tokens_total.{where}gen_ai_token_type=.=input;.;": 1000,
        f"pointsman_tokens_total.{where}gen_ai_token_type=.=output;.;": 20,
        f"pointsman_tokens_total.{where}gen_ai_token_type=.=input_cached;.;": 300,
        f"pointsman_tokens_total.{where}gen_ai_token_type=.=output_reasoning;.;": 5,
    }


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_a_stream_says_what_it_took_however_it_is_cut(edge, answers, size):
    last = {"choices": [], "usage": USAGE}
    text = b"".join(events(delta("Le", usage=None), delta("ft.", usage=None), last, "[DONE]"))
    pieces = tuple(text[at : at + size] for at in range(0, len(text), size))
    answers(Answer(200, EVENTS, pieces))
    seen = ask(edge, stream=True)
    assert seen.response.body == text, "a stream passes byte for byte"
    answer = seen.record["answer"]
    assert (answer["usage"], answer["outcome"], answer["costMicros"]) == (WHOLE, "served", 2160)
    assert answer["firstTokenMs"] <= answer["durationMs"]


RECORDED = {
    "ai-gateway/chat-streaming-detailed-usage.response.sse": (CHAT, EVENTS),
    "ai-gateway/chat-detailed-usage.response.json": (CHAT, "application/json"),
    "agentgateway/anthropic/stream_basic.json": ("/v1/messages", EVENTS),
    "agentgateway/anthropic/basic.json": ("/v1/messages", "application/json"),
    "agentgateway/responses/stream.json": ("/v1/responses", EVENTS),
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_answers_are_read(edge, answers, name):
    path, content_type = RECORDED[name]
    text = (locations.REPOSITORY / "corpus" / "answers" / name).read_bytes()
    pieces = (text,) if content_type != EVENTS else tuple(text[at : at + 100] for at in range(0, len(text), 100))
    answers(Answer(200, content_type, pieces))
    seen = ask(edge, path=path, max_tokens=100) if path != "/v1/responses" else ask_responses(edge)
    assert seen.response.body == text
    answer = seen.record["answer"]
    assert answer["usage"]["input"] > 0 and answer["usage"]["output"] > 0, answer
    assert answer["outcome"] == "served"
    assert answer["finish"] in ("stop", "length", "tool_call")


def ask_responses(edge):
    return edge.ask("/v1/responses", {"model": "gpt-4.1", "input": "Where?"}, [JSON])


def test_providers_are_asked_for_answers_that_can_be_read(edge, answers):
    answers(completion(USAGE))
    seen = ask(edge, "gpt-4.1", ("accept-encoding", "gzip, br"))
    assert seen.upstream.header("accept-encoding") is None


def test_a_policy_can_leave_the_encoding_to_the_client(started):
    edge = started(policy={**POLICY, "usage": {"acceptEncoding": "client"}})
    packed = gzip.compress(json.dumps(completion(USAGE)).encode())
    edge.providers["one"].answer = lambda _: Answer(
        200, "application/json", (packed,), headers=((b"content-encoding", b"gzip"),)
    )
    seen = ask(edge, "gpt-4.1", ("accept-encoding", "gzip"))
    assert seen.upstream.header("accept-encoding") == "gzip"
    assert seen.response.body == packed
    assert seen.record["answer"]["unknown"] == "encoded"
    assert "usage" not in seen.record["answer"]


UNKNOWN = {
    "none": (completion(None), "none"),
    "null": (completion(None) | {"usage": None}, "none"),
    "negative": (completion({**USAGE, "completion_tokens": -1}), "implausible"),
    "huge": (completion({**USAGE, "prompt_tokens": 10**30}), "implausible"),
    "fraction": (completion({**USAGE, "prompt_tokens": 1.5}), "implausible"),
    "text": (completion({**USAGE, "prompt_tokens": "12"}), "implausible"),
    "broken": (Answer(200, "application/json", (b'{"usage": {"prompt_tokens": NaN}}',)), "unreadable"),
    "page": (Answer(200, "text/html", (b"<html>",)), "contentType"),
    "empty": (Answer(200, "application/json", (b"",)), None),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_a_provider_does_not_say_is_unknown_and_not_guessed(edge, answers, name):
    answer, reason = UNKNOWN[name]
    answers(answer)
    before = series(edge)
    seen = ask(edge)
    assert seen.status == 200
    told = seen.record["answer"]
    assert "usage" not in told and "costMicros" not in told
    assert told["unknown"] == reason or reason is None, told
    label = f"reason=.={told['unknown']};.;"
    assert gained(edge, before)[f"pointsman_usage_unknown_total.model=.=gpt-4.1;.;cluster=.=one;.;{label}"] == 1


def test_an_error_inside_of_a_stream_is_counted_as_one(edge, answers):
    error = {"error": {"message": "overloaded", "type": "server_error", "code": None}}
    answers(Answer(200, EVENTS, tuple(events(error))))
    before = series(edge)
    answer = ask(edge, stream=True).record["answer"]
    assert (answer["outcome"], answer["status"]) == ("providerError", 200)
    assert any("outcome=.=providerError" in name for name in gained(edge, before))


@pytest.mark.parametrize(
    ("status", "outcome"), [(400, "clientError"), (404, "clientError"), (429, "providerError"), (503, "providerError")]
)
def test_a_status_is_an_outcome(edge, answers, status, outcome):
    answers({"error": {"message": "no"}}, status=status)
    answer = ask(edge).record["answer"]
    assert (answer["outcome"], answer["status"]) == (outcome, status)
    assert {"usage", "unknown", "costMicros"} & set(answer) == set(), "an error is not billed, and tells nothing"


class Cut(tuple):
    """Pieces, behind which the provider hangs up."""

    def __iter__(self):
        yield from super().__iter__()
        raise ConnectionError

    def __len__(self):
        return super().__len__() + 1


def test_a_stream_that_its_provider_cuts_is_abandoned(edge, answers):
    answers(Answer(200, EVENTS, Cut(events(delta("Le"), delta("ft")))))
    answer = ask(edge, stream=True).record["answer"]
    assert (answer["outcome"], answer["unknown"]) == ("abandoned", "cut")
    assert answer["estimatedOutput"] >= 1


def test_a_client_that_leaves_a_stream_is_counted_once(edge, answers):
    answers(Answer(200, EVENTS, tuple(events(*(delta("again and again") for _ in range(20_000))))))
    before, test_id = series(edge), new_test_id()
    body = json.dumps({"model": "gpt-4.1", "messages": [], "stream": True}).encode()
    fields = [("host", "edge.test"), ("x-test-id", test_id), JSON, ("content-length", str(len(body)))]
    with Http1(edge.port) as client:
        client.send(head("POST", CHAT, fields) + body)
        assert client.response_head().status == 200
        client.reset()
    record = json.loads(edge.access_log_of(test_id)["record"])
    assert (record["answer"]["outcome"], record["answer"]["unknown"]) == ("abandoned", "cut")
    wait_for("the request to be gone", lambda: not edge.envoy.active_requests())
    counted = {name: value for name, value in gained(edge, before).items() if name.startswith("pointsman_requests")}
    assert list(counted.values()) == [1] and "abandoned" in "".join(counted)


def test_a_client_that_leaves_before_its_request_is_there_is_not_counted(edge):
    before = series(edge)
    with Http1(edge.port) as client:
        client.send(head("POST", CHAT, [("host", "edge.test"), JSON, ("content-length", "1000")]) + b'{"mo')
        wait_for("the request to be there", lambda: edge.envoy.active_requests())
        client.reset()
    wait_for("the request to be gone", lambda: not edge.envoy.active_requests())
    assert gained(edge, before) == {}


def test_a_refusal_is_counted_with_its_reason(edge):
    before = series(edge)
    seen = ask(edge, "who-knows", ODD)
    assert (seen.status, seen.record["answer"]["outcome"]) == (404, "deny")
    who = "tenant=.=the%3Bodd%25one;.;"
    assert gained(edge, before) == {
        f"pointsman_requests_total.{who}asked=.=other;.;outcome=.=deny;.;": 1,
        f"pointsman_refusals_total.{who}reason=.=unknownModel;.;": 1,
    }


def test_what_is_no_call_is_not_counted(edge):
    before = series(edge)
    edge.ask("/healthz", method="GET")
    assert gained(edge, before) == {}


def test_a_line_without_an_end_takes_no_memory(edge, answers):
    answers(completion(USAGE))
    ask(edge)
    before = edge.envoy.resident_bytes()
    piece = b"a" * 65536
    answers(Answer(200, EVENTS, (b'data: {"choices":[{"delta":{"content":"', *[piece] * 1024, b'"}}]}\n\n')))
    seen = ask(edge, stream=True)
    assert len(seen.response.body) > 64 << 20
    assert (seen.record["answer"]["outcome"], seen.record["answer"]["unknown"]) == ("served", "none")
    assert edge.envoy.resident_bytes() - before < 24 << 20


def test_many_tiny_pieces_are_one_answer(edge, answers):
    text = b"".join(events(*(delta("x") for _ in range(200)), {"choices": [], "usage": USAGE}))
    answers(Answer(200, EVENTS, tuple(text[at : at + 1] for at in range(len(text)))))
    assert ask(edge, stream=True).record["answer"]["usage"] == WHOLE


def test_usage_that_is_told_twice_is_paid_once(edge, answers):
    before = series(edge)
    answers(Answer(200, EVENTS, tuple(events(*[{"choices": [], "usage": USAGE}] * 3))))
    assert ask(edge, stream=True).record["answer"]["costMicros"] == 2160
    paid = [value for name, value in gained(edge, before).items() if name.startswith("pointsman_cost")]
    assert paid == [2160]


def test_nothing_that_clients_or_providers_send_makes_a_series(edge, answers):
    lies = itertools.count()

    def lie(_):
        return Answer.of(completion(USAGE, model=f"model-{next(lies)}", service_tier=f"tier-{next(lies)}"))

    answers(completion(USAGE))
    ask(edge, "gpt-0")
    ask(edge, "other-0")
    edge.providers["one"].answer = lie
    names = set(series(edge))
    for number in range(200):
        ask(edge, f"{'gpt' if number % 2 else 'other'}-{number}", ("x-team", f"team-{number}"), user=f"user-{number}")
    assert set(series(edge)) == names


def test_labels_can_be_left_out(started):
    edge = started(policy={**POLICY, "metrics": {"without": ["asked", "tenant", "cluster"]}})
    edge.providers["one"].answer = lambda _: Answer.of(completion(USAGE))
    before = series(edge)
    ask(edge, "gpt-4.1", ODD)
    names = {re.sub(r"=\.=.*?;\.;", ";", name) for name in gained(edge, before)}
    assert names == {
        "pointsman_requests_total.model;outcome;",
        "pointsman_attempts_total.model;",
        "pointsman_cost_micros_total.model;",
        "pointsman_tokens_total.model;gen_ai_token_type;",
    }


def test_the_record_that_is_shown_has_what_a_record_has(edge, answers):
    usage = {**USAGE, "prompt_tokens_details": {"cached_tokens": 300}}
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "model": "m", "usage": usage}
    answers(Answer(200, EVENTS, tuple(events(delta("Le"), delta("ft."), last))))
    # A stream within one millisecond has no time for each token.
    wait_for(
        "a record as it is shown",
        lambda: list(ask(edge, stream=True).record["answer"]) == list(json.loads(pages.one("json", "answer").text)),
    )


def test_series_end_where_the_policy_says(started):
    models = [{"name": f"m{number}", "cluster": "one"} for number in range(120)]
    edge = started(policy={**POLICY, "models": models, "aliases": [], "metrics": {"maxSeries": 100}})
    for number in range(120):
        assert ask(edge, f"m{number}").status == 200
    text = edge.envoy.admin("/stats?filter=wasmcustom")[1]
    assert len([line for line in text.splitlines() if "=.=" in line]) <= 100
    assert edge.envoy.stat(r"wasmcustom\.pointsman_series_missing_total") > 100


def test_the_module_that_looks_at_no_answers_says_so(started):
    edge = started(policy={"models": POLICY["models"]}, discovered=True)
    assert edge.chat("free").status == 200
    edge.push(POLICY, locations.module())
    wait_for("the policy to be rejected", lambda: "load pointsman-answers.wasm" in edge.envoy.log())
    assert edge.chat("free").status == 200
    edge.envoy.accept_log()
