"""In a real mesh: who is calling a gateway, by clients' certificates and by RequestAuthentication, as istiod delivers
them; and that no header makes it up."""

import pytest

from mesh.identity import asking
from test_identity_istio import *  # noqa: F403
from test_identity_istio import FINANCE, POLICY

del test_behind_another_gateway_the_caller_is_that_gateway  # noqa: F821  two of the stand-in's

WORLDS = [("1.36.4", "gate"), ("1.40.0", "gate"), ("1.40.0", "stop")]


@pytest.fixture(scope="module", params=[pytest.param(world, id="-".join(world)) for world in WORLDS])
def world(request):
    return request.param


@pytest.fixture(scope="module")
def shared_edge(istiod, registry, world, tmp_path_factory, authority, issuer, other_issuer):
    folder, mode = tmp_path_factory.mktemp("gateway"), "OPTIONAL_MUTUAL"
    issuers = (issuer, other_issuer)
    with asking(istiod, registry, world, folder, POLICY, mode, authority, FINANCE, *issuers) as edge:
        yield edge
