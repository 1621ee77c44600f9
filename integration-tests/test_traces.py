"""The record on Envoy's trace spans, as a collector gets them."""

import json
import subprocess

import pytest
import yaml

from harness import locations, pages
from harness.envoy import Envoy
from harness.http1 import Http1, head
from harness.messages import Answer
from harness.provider import Provider, serving
from harness.waiting import wait_for

POLICY = {
    "models": [{"name": "small", "cluster": "llama", "cost": {"inputPerMillion": 2, "outputPerMillion": 8}}],
    "usage": {},
}
COMPLETION = {
    "model": "small-1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "there"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1000, "completion_tokens": 20, "total_tokens": 1020},
}
# Envoy sends spans when it has five of them.
BATCH = 5


def traced(rendered: dict) -> dict:
    """With the tag as the page shows it, and spans for a collector that speaks Zipkin."""
    manager = rendered["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    zipkin = {
        "@type": "type.googleapis.com/envoy.config.trace.v3.ZipkinConfig",
        "collector_cluster": "collector",
        "collector_endpoint": "/api/v2/spans",
        "collector_endpoint_version": "HTTP_JSON",
    }
    manager.update(yaml.safe_load(pages.one("yaml", "envoy-tracing").text))
    manager["tracing"]["provider"] = {"name": "envoy.tracers.zipkin", "typed_config": zipkin}
    return rendered


@pytest.mark.parametrize("version", [version for version in locations.ENVOY_VERSIONS if version >= "1.37"])
def test_a_span_has_the_whole_record(version, tmp_path):
    llama, collector = providers = [Provider("llama"), Provider("collector")]
    llama.answer = lambda _: Answer.of(COMPLETION)
    with serving(providers):
        clusters = [{"name": it.name, "address": "127.0.0.1", "port": it.port} for it in providers]
        deployment = {"listener": {"port": 0}, "clusters": clusters, "defaultCluster": "llama"}
        (tmp_path / "deployment.yaml").write_text(yaml.safe_dump(deployment))
        (tmp_path / "policy.yaml").write_text(yaml.safe_dump(POLICY))
        command = [locations.cli(), "render", "envoy", tmp_path, "--wasm", locations.answers_module()]
        done = subprocess.run(command, capture_output=True, timeout=60, check=True)
        envoy = Envoy(version, json.dumps(traced(yaml.safe_load(done.stdout))), tmp_path / "envoy")
        try:
            body = b'{"model": "small", "messages": []}'
            headers = [("host", "e"), ("content-type", "application/json"), ("content-length", str(len(body)))]
            with Http1(envoy.port) as client:
                for _ in range(BATCH):
                    client.send(head("POST", "/v1/chat/completions", headers) + body)
                    assert client.response().status == 200
            wait_for("spans", lambda: collector.requests)
            spans = [span for request in collector.requests for span in request.json()]
            envoy.assert_healthy()
        finally:
            envoy.stop()
    records = [json.loads(span["tags"]["pointsman"]) for span in spans]
    assert len(records) == BATCH
    for record in records:
        assert (record["model"], record["action"]) == ("small", "route")
        answer = record["answer"]
        assert (answer["usage"], answer["costMicros"]) == ({"input": 1000, "output": 20}, 2160)
