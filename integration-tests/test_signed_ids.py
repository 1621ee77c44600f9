"""Ids of responses that say who made them: providers that keep what they answered, and know nothing of each other."""

import collections
import gzip
import itertools
import json
import re

import openai
import pytest

from harness.edge import JSON
from harness.messages import Answer, Recorded
from harness.waiting import wait_for

VARIABLE = "POINTSMAN_ID_KEYS"
KEY = "an-integration-test-is-no-secret-0123456789"
POLICY = {
    "models": [
        {"name": "left", "cluster": "one", "upstreamModel": "left-2026"},
        {"name": "right", "cluster": "two"},
    ],
    "aliases": [{"name": "auto"}],
    "tenants": [
        {"name": team, "match": {"headers": [{"name": "x-team", "value": team}]}, "models": models}
        for team, models in (("ours", {}), ("theirs", {"deny": ["right"]}))
    ],
    "rules": [
        {
            "name": "split",
            "match": {"models": ["auto"]},
            "route": {"targets": [{"model": "left"}, {"model": "right"}]},
        }
    ],
    "providerState": {"signedIds": {}},
}
INSTALLATION = {"environment": {VARIABLE: KEY}}
OURS = ("x-team", "ours")
CONVERSATIONS = 20


class Memory:
    """What each cluster's provider keeps: the same behind every Envoy."""

    def __init__(self):
        self.kept: dict[str, set[str]] = collections.defaultdict(set)
        self.asked: list[tuple[str, str, str]] = []
        self._numbers = itertools.count(1)

    def answer(self, request: Recorded) -> Answer:
        method, path = request.method.decode(), request.target.decode()
        self.asked.append((request.provider, method, path))
        if method == "POST" and path == "/v1/responses":
            return self._create(request.provider, json.loads(request.body))
        given = re.fullmatch(r"/v1/responses/([^/]+)(/cancel|/input_items)?", path)
        if not given or given[1] not in self.kept[request.provider]:
            return Answer.of({"error": {"message": f"no response for {path}", "code": "not_found"}}, 404)
        if method == "DELETE":
            return Answer.of({"id": given[1], "object": "response.deleted", "deleted": True})
        if given[2] == "/input_items":
            return Answer.of({"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False})
        return Answer.of(response(given[1], None, "cancelled" if given[2] else "completed"))

    def _create(self, provider: str, body: dict) -> Answer:
        previous = body.get("previous_response_id")
        if previous is not None and previous not in self.kept[provider]:
            error = {"message": f"{provider} has no {previous}", "code": "previous_response_not_found"}
            return Answer.of({"error": error}, 400)
        own = f"resp_{provider}{next(self._numbers):08x}"
        self.kept[provider].add(own)
        if not body.get("stream"):
            return Answer.of(response(own, previous))
        return Answer(200, "text/event-stream", tuple(events(own, previous)))


def response(own: str, previous: str | None, status: str = "completed") -> dict:
    part = {"type": "output_text", "text": f"I am not {own}", "annotations": []}
    item = {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [part]}
    return {
        "id": own,
        "object": "response",
        "created_at": 1,
        "status": status,
        "error": None,
        "model": "m",
        "output": [item],
        "parallel_tool_calls": True,
        "previous_response_id": previous,
        "tool_choice": "auto",
        "tools": [],
    }


def events(own: str, previous: str | None) -> list[bytes]:
    delta = {"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0}
    all_events = [
        {"type": "response.created", "response": response(own, previous, "in_progress")},
        *({**delta, "delta": f"{own} {number}"} for number in range(5)),
        {"type": "response.completed", "response": response(own, previous)},
    ]
    lines = [{**event, "sequence_number": number} for number, event in enumerate(all_events)]
    return [f"event: {line['type']}\ndata: {json.dumps(line)}\n\n".encode() for line in lines]


MEMORY = Memory()


def remembering(edge):
    """The edge, with providers that remember."""
    for provider in edge.providers.values():
        provider.answer = MEMORY.answer
    MEMORY.asked.clear()
    return edge


def client(edge, team: str = "ours") -> openai.OpenAI:
    return openai.OpenAI(api_key="k", base_url=f"{edge.url}/v1", max_retries=0, default_headers={"x-team": team})


def create(to: openai.OpenAI, text: str, previous: str | None = None, stream: bool = False):
    more = {"previous_response_id": previous} if previous else {}
    if not stream:
        return to.responses.create(model="auto", input=text, **more)
    with to.responses.create(model="auto", input=text, stream=True, **more) as stream:
        seen = list(stream)
    created, completed = seen[0].response, seen[-1].response
    assert (created.id, created.previous_response_id) == (completed.id, completed.previous_response_id)
    deltas = [event.delta for event in seen if event.type == "response.output_text.delta"]
    assert len(deltas) == 5 and all("psm1" not in delta for delta in deltas)
    return completed


def turns(edges: list, number: int, length: int = 3) -> list[str]:
    """One conversation, of which each turn goes to the next of the edges: the providers that its turns reached."""
    ids, before = [None], len(MEMORY.asked)
    for turn in range(length):
        with client(edges[turn % len(edges)]) as to:
            made = create(to, f"conversation {number}, turn {turn}", ids[-1], stream=(number + turn) % 2 == 0)
        assert made.previous_response_id == ids[-1]
        assert re.fullmatch(r"resp_psm1[\w-]{20}(one|two)[0-9a-f]{8}", made.id)
        ids.append(made.id)
    return [provider for provider, _, _ in MEMORY.asked[before:]]


def test_every_turn_reaches_who_made_the_one_before(edge):
    remembering(edge)
    reached = [turns([edge], number) for number in range(CONVERSATIONS)]
    assert all(len(set(providers)) == 1 for providers in reached), reached
    assert {providers[0] for providers in reached} == {"one", "two"}, "one provider alone proves nothing"


def test_a_second_proxy_with_the_same_key_understands_the_first(edge, started):
    other = remembering(started(environment={VARIABLE: f"{'x' * 40}, {KEY}"}))
    remembering(edge)
    with client(edge) as first, client(other) as second:
        for number in range(CONVERSATIONS):
            before = create(first, f"first turn of {number}")
            after = create(second, f"second turn of {number}", before.id)
            assert after.previous_response_id != before.id, "what it repeats is signed with its own key"
            assert MEMORY.asked[-1][0] == MEMORY.asked[-2][0]
        # The other way round, the key is not known.
        with pytest.raises(openai.BadRequestError) as refused:
            create(first, "third turn", after.id)
    assert refused.value.code == "foreignId"
    other.assert_healthy()


def test_without_signatures_some_turns_are_lost(started):
    edge = remembering(started(policy={**POLICY, "providerState": {}}, environment={}))
    lost = 0
    with client(edge) as to:
        for number in range(CONVERSATIONS):
            made = create(to, f"first turn of {number}")
            assert "psm1" not in made.id
            second = {"model": "auto", "input": f"second turn of {number}", "previous_response_id": made.id}
            seen = edge.ask("/v1/responses", second, [JSON, OURS])
            assert seen.status == 200 or "previous_response_not_found" in seen.response.body.decode()
            lost += seen.status != 200
    assert 0 < lost < CONVERSATIONS
    edge.assert_healthy()


def test_an_id_is_good_for_its_tenant_and_as_it_was_given(edge):
    remembering(edge)
    with client(edge) as ours, client(edge, "theirs") as theirs:
        made = create(ours, "first")
        asked = len(MEMORY.asked)
        at = len("resp_psm1") + 7
        forged = made.id[:at] + ("A" if made.id[at] != "A" else "B") + made.id[at + 1 :]
        for to, previous in ((theirs, made.id), (ours, forged), (ours, made.id + "0"), (ours, "resp_psm1")):
            with pytest.raises(openai.BadRequestError) as refused:
                create(to, "second", previous)
            assert (refused.value.status_code, refused.value.code) == (400, "foreignId")
            with pytest.raises(openai.NotFoundError) as refused:
                to.responses.retrieve(previous)
            assert refused.value.code == "foreignId"
        assert len(MEMORY.asked) == asked, "none of these reached a provider"


def test_the_record_says_that_the_id_said_it(edge):
    remembering(edge)
    for _ in range(20):
        first = edge.ask("/v1/responses", {"model": "right", "input": "x"}, [JSON, OURS, ("accept-encoding", "gzip")])
        assert not first.upstream.all("accept-encoding"), "a compressed answer could not be read"
        assert first.response.header("content-length") is None
        made = json.loads(first.response.body)["id"]
        body = json.dumps({"model": "auto", "input": "y", "previous_response_id": made}).encode()
        seen = edge.ask("/v1/responses", body, [JSON, OURS])
        expected = ("route", "right", "two", [{"model": "left", "reason": "held"}])
        assert tuple(seen.record[key] for key in ("action", "model", "keptBy", "excluded")) == expected
        own = re.sub(r"psm1.{20}", "", made)
        assert seen.upstream.body == body.replace(made.encode(), own.encode()).replace(b'"auto"', b'"right"')
        assert seen.upstream.all("content-length") == [str(len(seen.upstream.body)).encode()]


def test_a_signature_opens_nothing(edge):
    remembering(edge)
    headers = [JSON, ("x-team", "theirs")]
    made = json.loads(edge.ask("/v1/responses", {"model": "left", "input": "x"}, headers).response.body)["id"]
    seen = edge.ask(f"/v1/responses/{made}", None, headers[1:], method="GET")
    assert (seen.status, seen.record["reason"], seen.record["keptBy"]) == (200, "kept", "one")
    # Who asks for another provider's model has nothing there.
    seen = edge.ask("/v1/responses", {"model": "left", "input": "y", "previous_response_id": made}, headers)
    assert (seen.status, seen.record["keptBy"]) == (200, "one")
    seen = edge.ask("/v1/responses", {"model": "right", "input": "y", "previous_response_id": made}, headers)
    assert (seen.status, seen.record["reason"], seen.reached) == (403, "noCandidate", [])


def test_stored_responses_are_where_they_were_made(edge):
    remembering(edge)
    with client(edge) as to:
        for number in range(CONVERSATIONS):
            made = create(to, f"stored {number}")
            provider, own = MEMORY.asked[-1][0], re.sub(r"psm1.{20}", "", made.id)
            MEMORY.asked.clear()
            assert to.responses.retrieve(made.id).id == made.id
            assert to.responses.cancel(made.id).id == made.id
            assert to.responses.input_items.list(made.id).data == []
            to.responses.delete(made.id)
            expected = [("GET", ""), ("POST", "/cancel"), ("GET", "/input_items?"), ("DELETE", "")]
            paths = [(provider, method, f"/v1/responses/{own}{below}".rstrip("?")) for method, below in expected]
            assert [(by, method, path.split("?")[0]) for by, method, path in MEMORY.asked] == paths


@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_any_pieces_arrive_signed_and_otherwise_as_they_were(edge, protocol, size):
    text = b": hello\r\n\r\n" + b"".join(events("resp_1", "resp_0")) + b"data: [DONE]\n\n"
    pieces = tuple(text[at : at + size] for at in range(0, len(text), size))
    answer = Answer(200, "text/event-stream; charset=utf-8", (*pieces, b"\n"), trailers=((b"x-after", b"1"),))
    edge.providers["one"].answer = lambda _: answer
    seen = edge.ask("/v1/responses", {"model": "left", "input": "x", "stream": True}, [JSON, OURS], protocol=protocol)
    signed = re.findall(rb"psm1[\w-]{20}", seen.response.body)
    assert len(signed) == 4 and len(set(signed)) == 2
    assert re.sub(rb"psm1[\w-]{20}", b"", seen.response.body) == text + b"\n"


def test_what_cannot_be_read_passes_as_it_is(edge):
    body = json.dumps(response("resp_1", None)).encode()
    for answer in (
        Answer(200, "application/json", (gzip.compress(body),), headers=((b"content-encoding", b"gzip"),)),
        Answer(200, "text/plain", (body,)),
        Answer(500, "application/json", (body,)),
        Answer(200, "application/json", (body[:12],)),
        Answer(200, "application/json", (b"[" + body + b"]",)),
        Answer(200, "application/json", (b"",)),
    ):
        edge.providers["one"].answer = lambda _, answer=answer: answer
        seen = edge.ask("/v1/responses", {"model": "left", "input": "x"}, [JSON, OURS])
        assert (seen.status, seen.response.body) == (answer.status, b"".join(answer.pieces)), answer
    # Other APIs' answers are nobody's business, and keep their length.
    edge.providers["one"].answer = lambda _: Answer(200, "application/json", (body,))
    seen = edge.ask("/v1/chat/completions", {"model": "left", "messages": []}, [JSON, OURS])
    assert seen.response.body == body and seen.response.header("content-length") == str(len(body))


def test_without_a_key_the_policy_is_rejected(started):
    edge = remembering(started(policy={**POLICY, "providerState": {}}, environment={}, discovered=True))
    edge.push(POLICY)
    wait_for("the rejection in the log", lambda: VARIABLE in edge.envoy.log())
    assert "policy.providerState.signedIds: ids are signed with a key" in edge.envoy.log()
    with client(edge) as to:
        assert "psm1" not in create(to, "the old policy keeps serving").id


def test_unsigned_ids_can_be_refused(started):
    edge = remembering(started(policy={**POLICY, "providerState": {"signedIds": {"unsigned": "deny"}}}, **INSTALLATION))
    with client(edge) as to:
        made = create(to, "first")
        assert create(to, "second", made.id).previous_response_id == made.id
        own = re.sub(r"psm1.{20}", "", made.id)
        with pytest.raises(openai.BadRequestError) as refused:
            create(to, "third", own)
        assert refused.value.code == "unsignedId"
        with pytest.raises(openai.NotFoundError) as refused:
            to.responses.delete(own)
        assert refused.value.code == "unsignedId"
    edge.assert_healthy()
