"""What Envoy's memory grows by while a body waits."""

import threading

from harness.edge import Edge, new_test_id
from harness.http1 import Http1, head
from harness.messages import Recorded
from harness.provider import Provider
from harness.waiting import wait_for


def growth_in_front_of(
    provider: Provider, edge: Edge, path: str, content_type: tuple[str, str], body: bytes
) -> tuple[int, Recorded]:
    """Sends a large body to a provider that reads nothing until Envoy reads nothing either. Says by how many bytes
    Envoy has grown then, and what the provider got in the end."""
    before, test_id = edge.envoy.resident_bytes(), new_test_id()
    fields = [("host", "e"), ("x-test-id", test_id), content_type, ("content-length", str(len(body)))]
    provider.reads_bodies.clear()
    with Http1(edge.port) as client:
        sender = threading.Thread(target=client.send, args=(head("POST", path, fields) + body,))
        sender.start()
        try:
            wait_for("the provider to see the request", lambda: provider.received(test_id))
            wait_for(
                "Envoy to stop reading",
                lambda: edge.envoy.stat("http.edge.downstream_flow_control_paused_reading_total"),
            )
            growth = edge.envoy.resident_bytes() - before
        finally:
            provider.reads_bodies.set()
        sender.join(10)
        assert client.response().status == 200
    return growth, provider.one(test_id)
