"""In a real mesh: what else stands around the two WasmPlugins, other ways to install them, and wrong ones."""

from test_istio_installations import *  # noqa: F403

del deploy  # noqa: F821  the stand-in's
# There, what cannot be pulled is told to the stand-in; here the registry does it: test_istio_images.py.
del test_a_module_that_cannot_be_had_lets_nothing_pass  # noqa: F821
