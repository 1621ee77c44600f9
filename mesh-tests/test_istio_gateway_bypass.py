"""In a real mesh: no attempt of a client reaches a model or a provider that its tenant may not use."""

from test_istio_bypass import *  # noqa: F403

del shared_edge  # noqa: F821  the stand-in's
