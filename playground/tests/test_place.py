"""Where in a policy somebody types: what completions go by. It needs no page, only a browser that runs the script."""

import json

import pytest

import playground
from chromium import Chromium

# The text up to where somebody types; the path; whether a key can come, or a value; the word so far; the keys before.
ROWS = [
    ("", "", "k", "", []),
    ("mod", "", "k", "mod", []),
    ("# a\n\nmod", "", "k", "mod", []),
    ("models:\n- na", "models []", "kv", "na", []),
    ("models:\n  - na", "models []", "kv", "na", []),
    ("models:\n- name: a\n  cl", "models []", "kv", "cl", ["name"]),
    ("models:\n- name: a\n- cl", "models []", "kv", "cl", []),
    ("models:\n- name: a\nru", "", "k", "ru", ["models"]),
    ("models:\n- { name: a, cl", "models []", "k", "cl", ["name"]),
    ("models:\n- { name: a,\n    cl", "models []", "k", "cl", ["name"]),
    ("models: [{ name: a }, { na", "models []", "k", "na", []),
    ("rules:\n- name: r\n  match:\n    to", "rules [] match", "k", "to", []),
    ("rules:\n- name: r\n  match:\n    tools: tr", "rules [] match tools", "v", "tr", []),
    ("rules:\n- name: r\n  match: { apis: [ch", "rules [] match apis []", "v", "ch", []),
    ("rules:\n- name: r\n  match: { apis: [chat, em", "rules [] match apis []", "v", "em", []),
    ("rules:\n- name: r\n  route:\n    targets:\n    - model: x\n    fa", "rules [] route", "k", "fa", ["targets"]),
    ("default: { action: ", "default action", "v", "", ["action"]),
    ("default: { action: deny }\nru", "", "k", "ru", ["default"]),
    ('a: "x: { y"\nb', "", "k", "b", ["a"]),
    ("a: { b: 'x, y', c", "a", "k", "c", ["b"]),
    ("a: { b: 1 } # { c\nd", "", "k", "d", ["a"]),
    ("a: |\n  b: {\nc", "", "k", "c", ["a"]),
    ("when: a == '['\nm", "", "k", "m", ["when"]),
]
# Where nothing can be completed.
NOWHERE = ["models: # com", "a: |\n  some te", "a: two wor", 'a: "quo', "{ a: 'quo", "models:\n- name: a # com"]


@pytest.fixture(scope="module")
def place_at(browser: Chromium):
    page = browser.page()
    page.evaluate(playground.bundled("place.js", "place"))
    ask = "((place) => place && { ...place, keys: [...place.keys] })(place.placeAt(%s)) ?? null"
    yield lambda text: page.evaluate(ask % json.dumps(text))
    page.close()


@pytest.mark.parametrize(("text", "path", "kinds", "word", "keys"), ROWS)
def test_where_it_is(place_at, text: str, path: str, kinds: str, word: str, keys: list[str]) -> None:
    place = place_at(text)
    assert place["path"] == path.split(), place
    assert "k" * place["isKey"] + "v" * place["isValue"] == kinds, place
    assert (place["word"], place["keys"]) == (word, keys)


@pytest.mark.parametrize("text", NOWHERE)
def test_it_is_nowhere(place_at, text: str) -> None:
    assert place_at(text) is None
