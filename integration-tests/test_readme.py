"""The README says nothing that is not so: every block of it is run, and every name in it exists."""

import json
import re
import subprocess

import pytest
import yaml

from harness import locations
from harness.envoy import Envoy
from harness.http1 import Http1, head
from harness.http2 import Http2
from harness.provider import Provider, serving
from harness.quickstart import running
from harness.readme import blocks, commands, says
from harness.waiting import wait_for

PAGE = locations.REPOSITORY / "README.md"
TEXT = PAGE.read_text()
BLOCKS = blocks(PAGE)
QUICKSTART = "http://127.0.0.1:10000"
MODULE = "/etc/envoy/pointsman.wasm"
PORTS = {"port_value: 9901": "port_value: 0", "port_value: 10000": "port_value: 0"}


def of(kind: str) -> list:
    found = [block for block in BLOCKS if block.kind == kind]
    assert found, f"the README has no block `{kind}`"
    return found


def one(kind: str):
    found = of(kind)
    assert len(found) == 1
    return found[0]


def console(kind: str) -> list:
    found = [command for block in of(kind) for command in commands(block)]
    return [pytest.param(command, id=command.id) for command in found]


def run(*words, folder=locations.REPOSITORY) -> subprocess.CompletedProcess:
    command = [locations.cli(), *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=20, check=False)


def check(policy: dict, folder) -> None:
    file = folder / "policy.json"
    file.write_text(json.dumps(policy))
    done = run("check", file)
    assert done.returncode == 0, done.stdout


def test_every_block_is_of_a_kind_that_is_tested():
    kinds = {"quickstart", "quickstart-log", "cli", "policy", "policy-part", "envoy", "envoy-filters", "istio", "file=broken.yaml"}
    assert {block.kind for block in BLOCKS if block.language != "sh"} == kinds


# Policies.


def policies() -> list:
    """The whole policy of the page, and each part laid over what stands before it."""
    policy = yaml.safe_load(one("policy").text)
    found = [pytest.param(policy, id="whole")]
    for block in of("policy-part"):
        policy = {**policy, **yaml.safe_load(block.text)}
        found.append(pytest.param(policy, id=block.id))
    return found


@pytest.mark.parametrize("policy", policies())
def test_every_policy_is_valid(policy, tmp_path):
    check(policy, tmp_path)


def test_the_policies_of_the_istio_sketch_are_valid(tmp_path):
    plugins = [document["spec"] for document in yaml.safe_load_all(one("istio").text)]
    router, gate = sorted(plugins, key=lambda plugin: -plugin["priority"])
    assert (router["pluginConfig"]["role"], router["pluginConfig"]["hold"]) == ("router", "gate")
    assert gate["pluginConfig"] == {"role": "gate"}
    check(router["pluginConfig"]["policy"], tmp_path)


def words() -> set[str]:
    """What the page says in code, as single words."""
    code = "\n".join([block.text for block in BLOCKS] + re.findall(r"`([^`\n]+)`", TEXT))
    return set(re.findall(r"\w+", code))


def test_every_field_and_every_value_of_a_policy_is_described():
    schema = json.loads(run("schema").stdout)
    described = words()
    for name, definition in schema["$defs"].items():
        missing = set(definition.get("properties", {})) - described
        assert not missing, f"{name}: {missing}"

    def choices(node) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(choices, node))
        if not isinstance(node, dict):
            return set()
        own = {value for value in [node.get("const"), *node.get("enum", [])] if isinstance(value, str)}
        return own.union(*map(choices, node.values()))

    assert choices(schema) <= described


# Reason codes: each one that the page lists is given to some request, and no other is.

MODELS = [{"name": "m", "cluster": "c"}, {"name": "n", "cluster": "c"}]
SIMPLE = {"models": MODELS, "aliases": [{"name": "auto"}, {"name": "old", "model": "m"}]}
TENANT = {"name": "t", "match": {"headers": [{"name": "x-team", "value": "t"}]}, "models": {"allow": ["m"]}}
GIVEN = {
    "rule": ({"rules": [{"name": "r", "route": {"targets": [{"model": "n"}]}}]}, '{"model": "m"}', []),
    "default": ({}, '{"model": "m"}', []),
    "alias": ({}, '{"model": "old"}', []),
    "onFailure": ({"onFailure": {"unknownModel": {"model": "n"}}}, '{"model": "x"}', []),
    "models": ({}, None, ["--method", "GET", "--path", "/v1/models"]),
    "denied": ({"rules": [{"name": "r", "deny": {}}]}, '{"model": "m"}', []),
    "defaultDeny": ({"default": {"action": "deny"}}, '{"model": "m"}', []),
    "unknownTenant": ({"tenants": [TENANT]}, '{"model": "m"}', []),
    "unknownModel": ({}, '{"model": "x"}', []),
    "missingModel": ({}, "{}", []),
    "noCandidate": ({}, '{"model": "auto"}', []),
    "unsupportedApi": ({}, "{}", ["--path", "/v1/images/edits"]),
    "oversize": ({"limits": {"maxBodyBytes": 1024}}, '{"model": "m", "x": "%s"}' % ("x" * 2000), []),
    "syntax": ({}, '{"model": "m",}', []),
    "encoding": ({}, '\ufeff{"model": "m"}', []),
    "nul": ({}, '{"model": "m\\u0000"}', []),
    "trailingData": ({}, '{"model": "m"} {}', []),
    "tooDeep": ({"limits": {"maxDepth": 8}}, '{"model": "m", "x": %s}' % ("[" * 9 + "]" * 9), []),
    "duplicateKey": ({}, '{"model": "m", "mode\\u006c": "n"}', []),
    "keyCase": ({}, '{"model": "m", "Model": "n"}', []),
    "wrongType": ({}, '{"model": 1}', []),
    "modelName": ({}, '{"model": ""}', []),
    "modelList": ({}, '{"model": "m", "fallbacks": ["n"]}', []),
    "queryModel": ({}, '{"model": "m"}', ["--path", "/v1/chat/completions?model=n"]),
    "contentLength": ({}, '{"model": "m"}', ["--header", "content-length: 1, 1"]),
    "contentType": ({}, '{"model": "m"}', ["--header", "content-type: text/plain"]),
    "charset": ({}, '{"model": "m"}', ["--header", "content-type: application/json; charset=latin1"]),
    "contentEncoding": ({}, '{"model": "m"}', ["--header", "content-encoding: gzip"]),
    "noBody": ({}, "", []),
    "unexpectedBody": ({}, '{"model": "m"}', ["--method", "PUT"]),
    "pathSpelling": ({}, '{"model": "m"}', ["--path", "/v1/chat/completions/"]),
}
# Only a proxy that is set up wrongly gives it: test_wrong_installation.py.
ONLY_IN_A_PROXY = {"installation"}


def table(name: str) -> list[list[str]]:
    part = re.search(rf"<!-- {name}: begin -->\n(.*?)<!-- {name}: end -->", TEXT, re.DOTALL).group(1)
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in part.splitlines()[2:]]


REASONS = {reason.strip("`"): action for reason, action, _ in table("reasons")}


def decide(folder, policy: dict, body: str | None, options: list[str]) -> dict:
    (folder / "policy.json").write_text(json.dumps({**SIMPLE, **policy}))
    (folder / "body.json").write_text(body or "")
    done = run("explain", folder / "policy.json", "--request", folder / "body.json", *options, "--output", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_reasons_are_listed_and_no_others():
    assert set(REASONS) == set(GIVEN) | ONLY_IN_A_PROXY


@pytest.mark.parametrize("reason", GIVEN)
def test_a_reason_means_what_is_said(reason, tmp_path):
    record = decide(tmp_path, *GIVEN[reason])
    assert record["reason"] == reason
    assert record["action"] in re.findall(r"\w+", REASONS[reason])
    statuses = re.findall(r"\d{3}", REASONS[reason])
    assert not statuses or str(record["status"]) in statuses


@pytest.mark.parametrize("reason", [reason for reason, action in REASONS.items() if action.endswith("pass")])
def test_a_request_passes_for_the_reasons_that_are_said(reason, tmp_path):
    policy, body, options = GIVEN[reason]
    passing = {"onFailure": {"unparseable": "pass", "oversize": "pass", "unsupportedApi": "pass"}}
    # A rule that looks at the end of the body keeps the request undecided.
    undecided = {"rules": [{"name": "r", "match": {"maxOutputTokens": {"min": 1}}, "deny": {}}]}
    record = decide(tmp_path, {**undecided, **policy, **passing}, body, options)
    assert (record["action"], record["reason"]) == ("pass", reason)


EXCLUDED = {
    "tenant": ({"tenants": [TENANT]}, {}, {}),
    "label": ({"tenants": [{**TENANT, "models": {"require": {"region": "eu"}}}]}, {"labels": {"region": "us"}}, {}),
    "api": ({}, {"apis": ["embeddings"]}, {}),
    "tools": ({}, {"capabilities": []}, {"tools": [{}]}),
    "vision": ({}, {"capabilities": []}, {"messages": [{"content": [{"type": "image_url"}]}]}),
    "audio": ({}, {"capabilities": []}, {"modalities": ["audio"]}),
    "structuredOutput": ({}, {"capabilities": []}, {"response_format": {"type": "json_object"}}),
    "reasoning": ({}, {"capabilities": []}, {"reasoning_effort": "high"}),
    "contextWindow": ({}, {"contextWindow": 1}, {"messages": [{"content": "five words make a sentence"}]}),
    "rateLimited": ({}, {"fallback": ["m"]}, {}),
}
OF_THE_PROXY = {"rateLimited": ["--demoted", "n"]}
"""What a proxy has learnt before the request comes."""


def test_the_exclusions_are_listed_and_no_others():
    assert {name for row in table("exclusions") for name in re.findall(r"`(\w+)`", row[0])} == set(EXCLUDED)


@pytest.mark.parametrize("reason", EXCLUDED)
def test_an_exclusion_means_what_is_said(reason, tmp_path):
    policy, model, body = EXCLUDED[reason]
    policy = {**policy, "models": [MODELS[0], {**MODELS[1], **model}]}
    record = decide(tmp_path, policy, json.dumps({"model": "n", **body}), ["--header", "x-team: t", *OF_THE_PROXY.get(reason, [])])
    assert record["excluded"] == [{"model": "n", "reason": reason}]


def test_every_path_of_an_api_is_that_api(tmp_path):
    rows = re.findall(r"^\| `(\w+)` \| (`/.*) \|$", TEXT, re.MULTILINE)
    assert len(rows) == 13
    for name, paths in rows:
        for path in re.findall(r"`([^`]+)`", paths):
            assert decide(tmp_path, {}, '{"model": "m"}', ["--path", path])["api"] == name, path


# Commands.


@pytest.mark.parametrize("command", console("cli"))
def test_a_command_prints_what_is_shown(command, tmp_path):
    for folder in ("examples", "dist"):
        (tmp_path / folder).symlink_to(locations.REPOSITORY / folder)
    (tmp_path / "broken.yaml").write_text(one("file=broken.yaml").text)
    program, *arguments = command.words
    assert program == "pointsman"
    done = run(*arguments, folder=tmp_path)
    assert says(command.output, done.stdout + done.stderr), done.stdout + done.stderr


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\bmake ([a-z][a-z-]+)", TEXT))))
def test_every_make_target_exists(target):
    makefile = (locations.REPOSITORY / "Makefile").read_text()
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_every_command_and_every_option_exists():
    listed = run("--help").stdout
    commands_there = set(re.findall(r"^  (\w+) ", listed.partition("Commands:")[2], re.MULTILINE)) - {"help"}
    rows = dict(re.findall(r"^\| `pointsman (\w+)(.*)$", TEXT, re.MULTILINE))
    assert set(rows) == commands_there
    assert set(re.findall(r"`pointsman (\w+)", TEXT)) <= commands_there
    for command, row in rows.items():
        words = [command, "envoy"] if command == "render" else [command]
        help_text = run(*words, "--help").stdout
        for option in re.findall(r"--[a-z-]+", row):
            assert option in help_text, f"{command} {option}"


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)", TEXT):
        assert target.startswith("https://") or (locations.REPOSITORY / target).exists(), target


# The quickstart.


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory):
    output = tmp_path_factory.mktemp("quickstart") / "output"
    with running(locations.NEWEST_ENVOY, output) as url:
        yield url, output


@pytest.mark.parametrize("command", console("quickstart"))
def test_a_request_is_answered_as_shown(quickstart, command):
    assert any(word.startswith(QUICKSTART) for word in command.words)
    words = [word.replace(QUICKSTART, quickstart[0]) for word in command.words]
    done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=True)
    assert says(command.output, done.stdout), done.stdout


def test_a_request_is_logged_as_shown(quickstart):
    url, output = quickstart
    words = [word.replace(QUICKSTART, url) for word in commands(of("quickstart")[0])[0].words]
    subprocess.run(words, capture_output=True, timeout=20, check=True)
    (line,) = one("quickstart-log").text.splitlines()
    wait_for("the line", lambda: any(says(line, logged) for logged in output.read_text().splitlines()))


# The Envoy configuration.


def envoy_configuration(hold: str, port: int) -> str:
    text = one("envoy").text
    for placeholder, value in PORTS.items():
        assert placeholder in text
        text = text.replace(placeholder, value)
    config, filters = yaml.safe_load(text), yaml.safe_load(one("envoy-filters").text)
    if hold == "gate":
        manager = config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
        manager["http_filters"] = filters
    text = json.dumps(config)
    assert MODULE in text and '"port_value": 8000' in text
    return text.replace(MODULE, str(locations.module())).replace('"port_value": 8000', f'"port_value": {port}')


@pytest.fixture
def llama():
    provider = Provider("llama")
    with serving([provider]):
        yield provider


@pytest.fixture
def installed(world, llama, tmp_path):
    version, hold = world
    envoy = Envoy(version, envoy_configuration(hold, llama.port), tmp_path)
    try:
        yield envoy
        envoy.assert_healthy()
    finally:
        envoy.stop()


def ask(envoy: Envoy, path: str, body: bytes, *headers):
    with Http1(envoy.port) as client:
        fields = [("host", "e"), ("content-type", "application/json"), ("content-length", str(len(body))), *headers]
        client.send(head("POST", path, fields) + body)
        return client.response()


def test_the_shown_configuration_routes(installed, llama):
    body = b'{"model": "auto", "messages": []}'
    seen = ask(installed, "/v1/chat/completions", body, ("x-pointsman-cluster", "nowhere"))
    assert seen.json()["served_by"] == "llama"
    (request,) = llama.requests
    assert request.json()["model"] == "meta-llama/Llama-3.2-3B-Instruct"
    assert request.header("x-pointsman-cluster") is None
    assert ask(installed, "/v1/chat/completions", b'{"model": "x"}').status == 404
    assert ask(installed, "/elsewhere", b"{}", ("x-pointsman-cluster", "llama")).body == b""
    assert len(llama.requests) == 1

    def decisions() -> list:
        lines = [json.loads(line) for line in installed.log().splitlines() if line.startswith("{")]
        return [line["decision"] and json.loads(line["decision"])["action"] for line in lines]

    wait_for("the access log", lambda: decisions() == ["route", "deny", None])


def test_the_shown_configuration_holds_what_it_says(installed, llama):
    body = b'{"messages": [{"content": "%s"}], "model": "auto"}' % (b"x" * (20 << 20))
    assert ask(installed, "/v1/chat/completions", body).json()["served_by"] == "llama"
    with Http2(installed.port) as client:
        stream = client.begin("POST", "/v1/chat/completions", [("content-type", "application/json")])
        client.send(stream, body, end=True)
        assert client.response(stream).json()["served_by"] == "llama"
