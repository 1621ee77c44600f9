"""In a mesh: a changed WasmPlugin takes over under load without one failed request; a bad policy is rejected and the
old one serves.

The tests are those of a plain Envoy. What they push is what istiod makes of the changed resource.
"""

from istiod.fixtures import shared_edge, world  # noqa: F401
from test_policy_push import *  # noqa: F403
