"""What is in the modules, for nobody who loads them."""

import pytest

from harness import locations

MODULES = {
    "pointsman": locations.module,
    "answers": locations.answers_module,
    "gate": locations.gate_module,
}


@pytest.mark.parametrize("name", MODULES)
def test_nothing_shows_a_policy(name):
    # Types have names only where values are shown: one trait object that can be had all of that in the module.
    text = MODULES[name]().read_bytes()
    assert b"proxy_on_request_headers" in text
    for shown in (b"OnFailure", b"RuleIndex"):
        assert shown not in text
