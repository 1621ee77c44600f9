"""In a mesh: clients and providers that leave in the middle leave nothing behind. The tests are those of a plain
Envoy."""

from istiod.fixtures import shared_edge, world  # noqa: F401
from test_disconnects import *  # noqa: F403
