"""In a real mesh: what else stands around the two WasmPlugins, other ways to install them, and wrong ones."""

from test_istio_installations import *  # noqa: F403
from test_istio_installations import plugin

del deploy  # noqa: F821  the stand-in's
del test_a_router_for_requests_that_come_in_never_runs_at_a_gateway  # noqa: F821  no router will be ready, see below
# There, what cannot be pulled is told to the stand-in; here the registry does it: test_istio_images.py.
del test_a_module_that_cannot_be_had_lets_nothing_pass  # noqa: F821


def test_a_router_for_requests_that_come_in_does_not_run_at_a_gateway(deploy):
    """`mode: SERVER` is for sidecars and waypoints. There is no router then, and no model is served: no route
    matches."""

    def change(manifests: list[dict]) -> None:
        for role in ("router", "gate"):
            plugin(manifests, role)["spec"]["match"] = [{"mode": "SERVER"}]

    edge = deploy(change, ready=lambda edge: edge.ask("/healthz", None, method="GET").status == 200)
    assert edge.chat("m").reached == ["web"]
