"""What answers of a chain took: the attempt that answered pays, at its own model's price."""

import copy

import pytest

from harness import chain
from harness.failover import EACH_ONCE
from harness.messages import Answer

COSTS = {"alpha": (2, 8), "beta": (1, 4), "gamma": (0.5, 2)}
POLICY = copy.deepcopy(chain.POLICY) | {"usage": {}, "metrics": {}}
for model in POLICY["models"]:
    prices = COSTS.get(model["name"])
    if prices:
        model["cost"] = dict(zip(("inputPerMillion", "outputPerMillion"), prices))
SETTING = {"keys": chain.KEYS, "clusters": chain.CLUSTERS}
RUN_IN = EACH_ONCE

USAGE = {"prompt_tokens": 1000, "completion_tokens": 100}


@pytest.mark.parametrize("failing", [(), ("first",), ("first", "second")])
def test_the_attempt_that_answered_pays(edge, failing):
    for name in failing:
        edge.providers[name].fail("503")
    for provider in edge.providers.values():
        provider.answer = lambda request: Answer.of({"model": request.provider, "choices": [], "usage": USAGE})
    record = edge.chat("auto").record
    model, cluster = (("alpha", "first"), ("beta", "second"), ("gamma", "third"))[len(failing)]
    per_input, per_output = COSTS[model]
    assert (record["answeredBy"], record["answer"]["model"]) == (model, cluster)
    assert record["answer"]["usage"] == {"input": 1000, "output": 100}
    assert record["answer"]["costMicros"] == 1000 * per_input + 100 * per_output
    attempts = edge.envoy.stats(rf"^wasmcustom\.pointsman_attempts_total\.model=\.={model};")
    assert max(attempts.values()) >= len(failing) + 1


def test_nobody_answers_and_nobody_pays(edge):
    for provider in edge.providers.values():
        provider.fail("refuse")
    answer = edge.chat("auto").record["answer"]
    assert (answer["outcome"], answer["status"]) == ("proxyError", 503)
    assert {"usage", "costMicros", "unknown"} & set(answer) == set()
