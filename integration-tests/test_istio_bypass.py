"""In a mesh: no attempt of a client reaches a model or a provider that its tenant may not use.

The corpus and its outcomes are those of a plain Envoy, but for paths: Istio writes a path as it is meant before any
filter sees it. So an odd spelling is an LLM call like any other, and is refused for the model that it asks for.
"""

import pytest

from harness.corpus import ATTEMPTS, GUEST, NOT_ALLOWED, POLICIES, Attempt, Outcome, Rejected
from istiod.fixtures import shared_edge  # noqa: F401
from test_bypass import assert_nothing_forbidden_happened, assert_outcome

SPELLED_OUT = {
    *(
        "dot-segment",
        "dot-dot-segment",
        "dot-dot-at-the-root",
        "encoded-dot-dot",
        "encoded-letter",
        "encoded-first-letter",
    ),
    *(
        "backslash",
        "dot-dot-behind-models",
        "encoded-dot-dot-behind-models",
        "two-dot-dots-behind-models",
        "responses-encoded",
        "model-azure-dots",
        "model-azure-another-api-inside",
        "model-vertex-dots",
    ),
}
READ_BY_THE_MESH = {"paths", "headers", "methods", "envelopes"}
"""Tables of what Istio's own filters and settings have a part in. The others' bodies only pass them by: each runs in
one of the worlds."""
REJECTED = {"encoded-nul", "encoded-nul-and-more"}
POLICY = POLICIES["model-decides"]
INSTALLATION = {"default_cluster": "web"}
PROTOCOLS = {("1.36.4", "gate"): "http1", ("1.40.0", "gate"): "http2"}
"""Each world has one. `hold: stop` in a mesh is one filter, as in a plain Envoy, where the corpus runs as well."""


@pytest.fixture(scope="module", params=[pytest.param(world, id="-".join(world)) for world in PROTOCOLS])
def world(request):
    return request.param


def outcome_in_a_mesh(attempt: Attempt, protocol: str) -> Outcome:
    spelling = attempt.name.removeprefix("path-")
    if spelling in SPELLED_OUT:
        return NOT_ALLOWED
    return Rejected() if spelling in REJECTED else attempt.outcome_in(protocol, "model-decides")


def assert_ends_as_its_table_says(edge, world, attempt: Attempt):
    protocol = PROTOCOLS[world]
    seen = edge.ask(attempt.path, attempt.body, [GUEST, *attempt.headers], attempt.method, protocol)
    assert_nothing_forbidden_happened(edge, seen)
    assert_outcome(seen, attempt, outcome_in_a_mesh(attempt, protocol))


@pytest.mark.parametrize("attempt", [attempt for attempt in ATTEMPTS if attempt.table in READ_BY_THE_MESH], ids=str)
def test_an_attempt_ends_as_its_table_says(edge, world, attempt: Attempt):
    assert_ends_as_its_table_says(edge, world, attempt)


@pytest.mark.pairwise("world", runs=1)
@pytest.mark.parametrize("attempt", [attempt for attempt in ATTEMPTS if attempt.table not in READ_BY_THE_MESH], ids=str)
def test_an_attempt_in_the_body_ends_as_its_table_says(edge, world, attempt: Attempt):
    assert_ends_as_its_table_says(edge, world, attempt)
