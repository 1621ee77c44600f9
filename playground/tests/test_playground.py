"""The playground as people use it, in a real browser: typing, reading, sharing, with a mouse, a keyboard, a phone."""

import itertools
import json
import pathlib
import subprocess
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Callable

import pytest

import playground_serve
from chromium import CONTROL, SHIFT, Chromium, Page
from conftest import Asked

ROOT = playground_serve.FOLDER.parent.parent
SHOTS = playground_serve.FOLDER

POLICY = """models:
- { name: small, cluster: llama, cost: { inputPerMillion: 1, outputPerMillion: 2 } }
- { name: large, cluster: openai, upstreamModel: large-2026, labels: { region: us } }
aliases: [{ name: auto }]
tenants:
- { name: finance, match: { claims: [{ name: team, value: finance }] }, models: { deny: [large] } }
rules:
- name: short
  match: { models: [auto], inputTokens: { max: 50 } }
  route: { targets: [{ model: small }] }
- name: rest
  match: { models: [auto] }
  route: { targets: [{ model: large }], fallback: [small] }
onFailure: { unknownTenant: allow }
"""
SHORT = {"model": "auto", "messages": [{"role": "user", "content": "Hello"}]}
LONG = {"model": "auto", "messages": [{"role": "user", "content": "Tell me everything about it. " * 40}]}


def fragment(**inputs: str) -> str:
    """As the page writes it, by another than the page."""
    deflated = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = deflated.compress(json.dumps(inputs).encode()) + deflated.flush()
    return f"#1.{urlsafe_b64encode(data).decode().rstrip('=')}"


def with_request(body: dict, **inputs: str) -> str:
    return fragment(policy=POLICY, request=json.dumps(body), **inputs)


def probe(name: str) -> str:
    return (pathlib.Path(__file__).parent / "probes" / f"{name}.js").read_text()


def type_into(page: Page, editor: str, text: str) -> None:
    """In place of all that stands there, as somebody types who marks everything first."""
    page.evaluate(f"document.querySelector('#{editor} .cm-content').focus()")
    page.press("a", CONTROL)
    page.insert(text)


def paste_into(page: Page, editor: str, text: str) -> None:
    """The same for what nobody types: a browser takes its time for many lines."""
    page.evaluate(f"document.querySelector('#{editor} .cm-content').focus()")
    page.press("a", CONTROL)
    page.evaluate(
        f"""(() => {{
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", {json.dumps(text)});
          const paste = new ClipboardEvent("paste", {{ clipboardData, bubbles: true, cancelable: true }});
          document.querySelector("#{editor} .cm-content").dispatchEvent(paste);
        }})()"""
    )


def test_a_visitor_sees_an_example_decided(page: Page) -> None:
    assert page.text("#verdict").startswith("Valid, version ")
    assert page.text("#headline") == "auto → llama-small on llama, by rule short-questions-go-small."
    assert "short-questions-go-small" in page.text("#decision .step.yes")
    assert page.complaints() == []


def test_a_wrong_field_is_shown_at_its_line(page: Page) -> None:
    type_into(page, "policy", POLICY.replace("cluster: openai", "clutser: openai"))
    page.wait("document.querySelector('#verdict').textContent.startsWith('Not valid')")
    assert "did you mean `cluster`" in page.text("#findings")
    assert "line 3" in page.text("#findings .error")
    page.wait("document.querySelector('.cm-lintRange-error')")
    marked = page.evaluate("[...document.querySelectorAll('.cm-lintRange-error')].map((it) => it.textContent)")
    assert "clutser" in marked
    lines = page.evaluate(
        "[...document.querySelectorAll('.cm-lintRange-error')].map((it) => it.closest('.cm-line').textContent)"
    )
    assert {line[:14] for line in lines} == {"- { name: larg"}
    assert page.text("#headline").startswith("The policy is not valid yet")
    type_into(page, "policy", POLICY)
    page.wait("document.querySelector('#verdict').textContent.startsWith('Valid')")
    assert page.evaluate("document.querySelectorAll('.cm-lintRange-error, #findings .error').length") == 0


def test_what_is_valid_and_cannot_be_meant_is_found_too(page: Page) -> None:
    type_into(page, "policy", POLICY.replace("models: [auto], inputTokens: { max: 50 }", "models: [auto]"))
    page.wait("document.querySelector('#findings .warning')")
    assert "P0010" in page.text("#findings .warning")
    assert page.evaluate("document.querySelector('.cm-lintRange-warning') !== null")


def test_all_errors_are_shown_at_once(page: Page) -> None:
    type_into(page, "policy", "models:\n- name: a\n- { name: b, cluster: c, colour: red }\nrulez: []\n")
    page.wait("document.querySelectorAll('#findings .error').length === 3")


def test_a_request_shows_the_expected_model_and_why(open_page: Callable[..., Page]) -> None:
    page = open_page(with_request(LONG))
    assert page.text("#headline") == "auto → large on openai, by rule rest."
    missed, decided = page.evaluate("[...document.querySelectorAll('.step')].map((step) => step.innerText)")[-2:]
    assert "short" in missed and "match.inputTokens" in missed and "at most 50" in missed, missed
    assert "Decided" in decided and "rest" in decided
    candidates = page.text("#decision table")
    assert "Chosen" in candidates and "Fallback, attempt 2" in candidates, candidates
    changes = page.text("#decision .splice")
    assert '"auto"' in changes and "large-2026" in changes, changes
    type_into(page, "request", json.dumps(SHORT))
    page.wait("document.querySelector('#headline').textContent === 'auto → small on llama, by rule short.'")


def test_who_asks_counts(open_page: Callable[..., Page]) -> None:
    page = open_page(with_request(LONG, claims='{"team": "finance"}'))
    assert page.text("#headline") == "auto → small on llama, by rule rest."
    assert "Left out" in page.text("#decision table")
    page.evaluate("claims.focus(); claims.select()")
    page.insert("{oops")
    page.wait("claims.getAttribute('aria-invalid') === 'true'")
    assert "JSON" in page.text("#claims-wrong")


def test_a_request_with_headers_is_read(open_page: Callable[..., Page]) -> None:
    request = f"POST /v1/chat/completions HTTP/1.1\nContent-Type: application/json\nx-team: a\n\n{json.dumps(SHORT)}"
    page = open_page(fragment(policy=POLICY, request=request))
    assert page.text("#headline") == "auto → small on llama, by rule short."
    type_into(page, "request", request.replace("x-team: a", "no header"))
    page.wait("document.querySelector('#headline').textContent.includes('line 3')")
    type_into(page, "request", "GET /health HTTP/1.1\n\n")
    page.wait("document.querySelector('#headline').textContent === 'Not an LLM call: it passes untouched.'")


def test_the_record_is_the_command_lines(open_page: Callable[..., Page], tmp_path: pathlib.Path) -> None:
    cli = ROOT / "target/release/pointsman"
    (tmp_path / "policy.yaml").write_text(POLICY)
    for body in (SHORT, LONG):
        (tmp_path / "request.json").write_text(json.dumps(body))
        command = [cli, "explain", tmp_path / "policy.yaml", "--request", tmp_path / "request.json", "--output", "json"]
        said = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        page = open_page(with_request(body))
        shown = json.loads(page.evaluate("document.querySelector('#decision .json').textContent"))
        # Newer command lines say what a decision went by around it.
        assert shown == said.get("record", said)


def test_a_link_brings_everything_back(open_page: Callable[..., Page]) -> None:
    given = {
        "policy": POLICY + "# ünïcödé 🚦\n",
        "request": json.dumps(LONG),
        "api": "responses",
        "principal": "spiffe://a/b",
        "claims": '{"team": "finance"}',
        "at": "2026-11-28T09:00:00+01:00",
        "demoted": "small",
        "spent": "",
    }
    page = open_page(fragment(**given))
    page.evaluate("document.getElementById('share').click()")
    page.wait("document.getElementById('shared').textContent.endsWith('that stands here.')")
    link = page.evaluate("location.hash")
    other = open_page(link)
    for name in ("policy", "request"):
        lines = f"[...document.querySelectorAll('#{name} .cm-line')].map((line) => line.textContent).join('\\n')"
        assert other.evaluate(lines) == given[name], name
    for name in ("api", "principal", "claims", "at", "demoted", "spent"):
        assert other.evaluate(f"document.getElementById('{name}').value") == given[name], name
    assert other.text("#headline") == page.text("#headline")


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ("#something", "does not end in a link"),
        ("#1.AAAA", "cut off or was changed"),
        ("#1.%%%", "cut off or was changed"),
        (fragment(policy=POLICY)[:-20], "cut off or was changed"),
        (f"#1.{'A' * 40_000}", "longer than any"),
        # A bomb: a few kilobytes that unfold to eight megabytes.
        (fragment(policy="a" * 8_000_000), "more than this playground takes"),
    ],
)
def test_a_bad_link_is_named_as_such(open_page: Callable[..., Page], link: str, sentence: str) -> None:
    page = open_page(link)
    assert sentence in page.text("#shared")
    assert page.text("#verdict").startswith("Valid")


def test_what_is_too_long_for_a_link_is_not_shared(page: Page) -> None:
    # Letters that cannot be compressed away.
    noise = "".join(f"# {zlib.crc32(str(nth).encode()):x}{nth}\n" for nth in range(6_000))
    paste_into(page, "policy", POLICY + noise)
    page.evaluate("document.getElementById('share').click()")
    page.wait("document.getElementById('shared').textContent.startsWith('Too long for a link')")
    assert page.evaluate("location.hash") == ""


def test_a_strangers_link_is_text_and_nothing_else(open_page: Callable[..., Page]) -> None:
    nasty = '<img src=x onerror="document.title=1"><script>document.title=1</script>'
    policy = POLICY.replace("name: rest", f"name: '{nasty}'").replace("name: large,", f"name: '{nasty}',")
    page = open_page(fragment(policy=policy, request=json.dumps({"model": nasty}), principal=nasty))
    assert page.evaluate("document.querySelectorAll('main img, main script').length") == 0
    assert page.evaluate("document.title") == "Pointsman playground"


def test_nothing_leaves_the_page(page: Page, served: tuple[str, Asked]) -> None:
    address, asked = served
    type_into(page, "policy", POLICY)
    type_into(page, "request", json.dumps(LONG))
    page.wait("document.querySelector('#headline').textContent.includes('by rule rest')")
    page.evaluate("document.getElementById('share').click()")
    page.wait("document.getElementById('shared').textContent.endsWith('that stands here.')")
    assert page.requests() == [address]
    before = len(asked)
    # Whatever it tried: the policy of the page forbids it.
    assert page.evaluate(probe("ways_out")) == ["refused"] * 5
    assert asked[before:] == []


def test_it_works_from_a_disk(browser: Chromium) -> None:
    page = browser.page()
    try:
        page.open((playground_serve.FOLDER / "index.html").as_uri())
        page.wait("document.querySelector('#headline')?.textContent.includes('by rule')")
    finally:
        page.close()


def test_on_a_phone_nothing_is_wider_than_the_page(open_page: Callable[..., Page]) -> None:
    long_name = "a-model-with-a-name-that-is-much-longer-than-any-phone-is-wide" * 2
    for link in ("", with_request(LONG), fragment(policy=POLICY.replace("large", long_name), request=json.dumps(LONG))):
        page = open_page(link, width=360, height=740)
        page.evaluate("document.querySelectorAll('details').forEach((it) => { it.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert page.evaluate(probe("wider")) == []
    page.evaluate("document.querySelectorAll('#decision details').forEach((it) => { it.open = false; })")


def test_it_is_dark_where_the_system_is_and_where_somebody_wants_it(open_page: Callable[..., Page]) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light, dark = open_page(), open_page(dark=True)
    assert light.evaluate(background) == "rgb(246, 247, 249)"
    assert dark.evaluate(background) == "rgb(18, 22, 29)"
    light.evaluate("document.getElementById('theme').click()")
    assert light.evaluate(background) == dark.evaluate(background)
    assert light.evaluate("document.getElementById('theme').getAttribute('aria-label')") == "Switch to light colours"
    # It is kept, and stronger than the system's.
    light.evaluate("location.reload()")
    light.wait("document.querySelector('#headline')?.textContent.includes('rule')")
    assert light.evaluate(background) == "rgb(18, 22, 29)"


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_stands_out(open_page: Callable[..., Page], dark: bool) -> None:
    page = open_page(with_request(LONG, claims='{"team": "finance"}'), dark=dark)
    page.evaluate("document.querySelectorAll('details').forEach((it) => { it.open = true; })")
    assert page.evaluate(probe("contrast")) == []
    type_into(page, "policy", POLICY.replace("clust", "clst"))
    page.wait("document.querySelector('#findings .error')")
    assert page.evaluate(probe("contrast")) == []


def test_everything_that_can_be_reached_has_a_name(open_page: Callable[..., Page]) -> None:
    page = open_page(with_request(LONG))
    page.evaluate("document.querySelectorAll('details').forEach((it) => { it.open = true; })")
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    nameless = [
        node["backendDOMNodeId"]
        for node in nodes
        if any(it["name"] == "focusable" and it["value"]["value"] for it in node.get("properties", []))
        and not node.get("name", {}).get("value", "").strip()
    ]
    # What only a script can focus is nothing that a person gets to.
    assert [html for html, index in map(page.element, nameless) if index >= 0] == []
    assert page.evaluate("document.getElementById('headline').getAttribute('aria-live')") == "polite"
    assert page.evaluate("document.documentElement.lang") == "en"
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3, h4')].map((it) => Number(it.tagName[1]))")
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels)), levels


def test_a_keyboard_is_enough(open_page: Callable[..., Page]) -> None:
    page = open_page(fragment(policy=POLICY.replace("cluster: openai", "clutser: openai"), request=json.dumps(LONG)))
    focused = "document.activeElement.closest('.editor')?.id ?? document.activeElement.id"
    page.evaluate("document.activeElement.blur()")
    seen = []
    for _ in range(40):
        page.press("Tab")
        # Behind the last one comes the browser's own.
        if seen and page.evaluate("document.activeElement === document.body"):
            break
        seen.append(page.evaluate(focused))
        # What is focused is seen to be.
        if seen[-1] not in ("policy", "request"):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
    order = ["example", "share", "theme", "policy", "request", "api", "principal", "claims", "at"]
    assert [name for name in seen if name in order] == order
    # From the editor on to the finding, and with Enter back to its place.
    page.evaluate("document.querySelector('#policy .cm-content').focus()")
    page.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "line 3"
    page.press("Enter")
    assert page.evaluate(focused) == "policy"
    page.press("Tab")
    page.press("Tab", SHIFT)
    assert page.evaluate(focused) == "policy"
    page.insert("# ")
    page.wait("document.querySelectorAll('#policy .cm-line')[2].textContent.includes('# { name: large')")


def test_the_schema_completes_and_explains(page: Page) -> None:
    type_into(page, "policy", "models:\n- name: a\n  ")
    page.insert("cap")
    page.wait(
        "document.querySelector('.cm-tooltip-autocomplete [aria-selected]')?.textContent.includes('capabilities')"
    )
    assert "What it can do" in page.wait("document.querySelector('.cm-completionInfo')?.textContent")
    # The list takes keys only when it has been there for a moment.
    page.evaluate("new Promise((done) => setTimeout(done, 200))")
    page.press("Enter")
    page.insert("[")
    page.insert("vis")
    page.wait("document.querySelector('.cm-tooltip-autocomplete [aria-selected]')?.textContent.includes('vision')")
    page.evaluate("new Promise((done) => setTimeout(done, 200))")
    page.press("Enter")
    line = "document.querySelectorAll('#policy .cm-line')[2].textContent"
    assert page.wait(f"{line}.includes('vision') && {line}").startswith("  capabilities: [vision")
    box = "document.querySelectorAll('#policy .cm-line')[2].querySelector('span').getBoundingClientRect()"
    at = page.evaluate(f"[{box}.x + {box}.width / 2, {box}.y + {box}.height / 2]")
    page.point(at[0], at[1] + 1)
    page.point(*at)
    assert "What it can do" in page.wait("document.querySelector('.tooltip')?.textContent")


def test_the_examples_can_be_chosen(page: Page) -> None:
    names = page.evaluate("[...document.querySelectorAll('#example option')].map((it) => it.textContent)")
    folders = {folder.parent.name for folder in (ROOT / "examples").glob("*/tests.yaml")}
    assert folders <= set(names)
    choose = """(id, value) => {
      const menu = document.getElementById(id);
      menu.value = value;
      menu.dispatchEvent(new Event("change"));
    }"""
    for nth in range(len(names) - 1):
        page.evaluate(f"({choose})('example', '{nth}')")
        first = page.wait("[...document.querySelectorAll('#policy .cm-line')].map((it) => it.textContent).join('\\n')")
        page.wait("document.querySelector('#verdict').textContent.startsWith('Valid')")
        assert page.text("#findings") == "", f"{names[nth + 1]}: {first}"
        page.wait("!/not valid|stopped/.test(document.querySelector('#headline').textContent)")
        assert page.evaluate("document.querySelectorAll('#case option').length") > 1, names[nth + 1]
    assert page.complaints() == []


def test_hostile_text_does_not_end_the_engine(page: Page) -> None:
    for text in ("[" * 200_000, "a: &a [*a, *a]\n", "{" * 5_000, "\u0000\ud7ff", "- " * 50_000, "x" * 1_000_000):
        paste_into(page, "policy", text)
        page.wait("document.querySelector('#verdict').textContent.startsWith('Not valid')")
    type_into(page, "policy", POLICY)
    page.wait("document.querySelector('#verdict').textContent.startsWith('Valid')")


def test_it_can_be_looked_at(open_page: Callable[..., Page]) -> None:
    """Leaves pictures for people."""
    link = with_request(LONG, claims='{"team": "search"}')
    for name, how in (("light", {}), ("dark", {"dark": True}), ("phone", {"width": 360, "height": 740})):
        page = open_page(link, **how)
        page.screenshot(SHOTS / f"{name}.png")
        assert (SHOTS / f"{name}.png").stat().st_size > 20_000
    page = open_page(fragment(policy=POLICY.replace("cluster: openai", "clutser: openai"), request=json.dumps(LONG)))
    page.screenshot(SHOTS / "errors.png")
