"""What the pages say about policies: examples are valid, fields are described, reason codes mean what is said."""

import json
import re
import shutil
import subprocess

import pytest
import yaml

from harness import crds, locations, pages

POLICY, APIS, RECORD, SECURITY = (pages.page(f"docs/{name}.md") for name in ("policy", "apis", "record", "security"))


def run(*words) -> subprocess.CompletedProcess:
    return subprocess.run([locations.cli(), *words], capture_output=True, text=True, timeout=20, check=False)


def check(policy: dict, folder) -> None:
    file = folder / "policy.json"
    file.write_text(json.dumps(policy))
    done = run("check", file)
    assert done.returncode == 0, done.stdout


# Policies.


def whole() -> dict:
    return yaml.safe_load(pages.one("yaml", "policy").text)


def policies() -> list:
    """The whole policy of docs/policy.md; and on each page, each part laid over it and over what stands before it."""
    found = [pytest.param(whole(), id="whole")]
    for page in pages.every_page():
        policy = whole()
        for block in page.of("yaml", "policy-part"):
            policy = {**policy, **yaml.safe_load(block.text)}
            found.append(pytest.param(policy, id=block.id))
    return found


@pytest.mark.parametrize("policy", policies())
def test_every_policy_is_valid(policy, tmp_path):
    check(policy, tmp_path)


def test_the_istio_sketch_is_valid(tmp_path):
    plugins = list(yaml.safe_load_all(pages.one("yaml", "istio").text))
    crds.assert_valid(plugins)
    router, gate = sorted((plugin["spec"] for plugin in plugins), key=lambda spec: -spec["priority"])
    assert (router["pluginConfig"]["role"], router["pluginConfig"]["hold"]) == ("router", "gate")
    assert gate["pluginConfig"] == {"role": "gate"}
    check(router["pluginConfig"]["policy"], tmp_path)


@pytest.mark.parametrize(("tenant", "claim"), [("acme", "org=acme"), ("readers", "scope=llm.read other")])
def test_a_claim_makes_the_tenant_that_is_shown(tenant, claim, tmp_path):
    part, *_ = pages.page("docs/identity.md").of("yaml", "policy-part")
    record = decide(tmp_path, yaml.safe_load(part.text), '{"model": "m"}', ["--claim", claim])
    assert record["tenant"] == tenant
    assert decide(tmp_path, yaml.safe_load(part.text), '{"model": "m"}', [])["reason"] == "unknownTenant"


def words() -> set[str]:
    """What the pages about policies say in code, as single words, those with hyphens or dots also as one."""
    described = (POLICY, APIS, SECURITY)
    found = [block.text for page in described for block in page.blocks]
    found += [code for page in described for code in re.findall(r"`([^`\n]+)`", page.prose)]
    return {word for kind in (r"\w+", r"[\w-]+", r"[\w.\[\]-]+") for word in re.findall(kind, "\n".join(found))}


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


# Reason codes: each one that docs/record.md lists is given to some request, and no other is.

MODELS = [{"name": "m", "cluster": "c"}, {"name": "n", "cluster": "c"}]
SIMPLE = {"models": MODELS, "aliases": [{"name": "auto"}, {"name": "old", "model": "m"}]}
TENANT = {"name": "t", "match": {"headers": [{"name": "x-team", "value": "t"}]}, "models": {"allow": ["m"]}}
FORM = ["--path", "/v1/audio/transcriptions"]
RESPONSES = ["--path", "/v1/responses"]
SIGNING = {"providerState": {"signedIds": {"unsigned": "deny"}}}


def form(disposition: str) -> str:
    return f"--B\r\nContent-Disposition: form-data; {disposition}\r\n\r\nm\r\n--B--\r\n"


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
    "budgetExceeded": (
        {"budgets": [{"name": "b", "window": {"every": "day"}, "requests": 5}]},
        '{"model": "m"}',
        ["--spent", "b=5"],
    ),
    "unsupportedApi": ({}, "{}", ["--path", "/v1/videos"]),
    "unknownPath": ({}, '{"model": "m"}', ["--path", "/x/v1/chat/completions"]),
    "websocket": ({}, None, ["--method", "GET", "--path", "/v1/responses", "--header", "upgrade: websocket"]),
    "outputLimit": (
        {
            "models": [{"name": "m", "cluster": "c", "apis": ["bedrock"]}],
            "tenants": [{**TENANT, "maxOutputTokens": 5}],
        },
        '{"prompt": "a"}',
        ["--path", "/model/m/invoke", "--header", "x-team: t"],
    ),
    "namedBesides": ({"steering": {"allowKeys": ["fallbacks"]}}, '{"model": "m", "fallbacks": ["x"]}', []),
    "foreignId": (SIGNING, '{"model": "m", "previous_response_id": "resp_psm1%s"}' % ("A" * 24), RESPONSES),
    "unsignedId": (SIGNING, '{"model": "m", "previous_response_id": "resp_1"}', RESPONSES),
    "oversize": ({"limits": {"maxBodyBytes": 1024}}, '{"model": "m", "x": "%s"}' % ("x" * 2000), []),
    "syntax": ({}, '{"model": "m",}', []),
    "encoding": ({}, '\ufeff{"model": "m"}', []),
    "nul": ({}, '{"model": "m\\u0000"}', []),
    "trailingData": ({}, '{"model": "m"} {}', []),
    "tooDeep": ({"limits": {"maxDepth": 8}}, '{"model": "m", "x": %s}' % ("[" * 9 + "]" * 9), []),
    "duplicateKey": ({}, '{"model": "m", "mode\\u006c": "n"}', []),
    "keyCase": ({}, '{"model": "m", "Model": "n"}', []),
    "wrongType": ({}, '{"model": 1}', []),
    "modelName": ({}, '{"model": "m\\n"}', []),
    "modelList": ({}, '{"model": "m", "fallbacks": ["n"]}', []),
    "twoModels": ({}, '{"model": "m"}', ["--path", "/openai/deployments/n/chat/completions"]),
    "signedRequest": ({}, "{}", ["--path", "/model/m/converse", "--header", "x-amz-date: 20260101T000000Z"]),
    "queryModel": ({}, '{"model": "m"}', ["--path", "/v1/chat/completions?model=n"]),
    "contentLength": ({}, '{"model": "m"}', ["--header", "content-length: 1, 1"]),
    "contentType": ({}, '{"model": "m"}', ["--header", "content-type: text/plain"]),
    "boundary": ({}, "--B\r\n", [*FORM, "--header", "content-type: multipart/form-data"]),
    "form": ({}, '--B\nContent-Disposition: form-data; name="model"\n\nm\n--B--\n', FORM),
    "partType": ({}, form('name="model"; filename="m"'), FORM),
    "charset": ({}, '{"model": "m"}', ["--header", "content-type: application/json; charset=latin1"]),
    "contentEncoding": ({}, '{"model": "m"}', ["--header", "content-encoding: gzip"]),
    "noBody": ({}, "", []),
    "unexpectedBody": ({}, '{"model": "m"}', ["--method", "PUT"]),
    "pathSpelling": ({}, '{"model": "m"}', ["--path", "/v1/chat/completions/"]),
}
# Only a proxy gives them: one that is set up wrongly (test_wrong_installation.py), or full (test_open_requests.py), or
# gets an id back which it has signed (test_signed_ids.py).
ONLY_IN_A_PROXY = {"installation", "overloaded", "kept"}


REASONS = {reason.strip("`"): action for reason, action, _ in RECORD.table("reasons")}


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
    passing = {
        "onFailure": {"unparseable": "pass", "oversize": "pass", "unsupportedApi": "pass", "unknownPath": "pass"}
    }
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
    "budget": (
        {
            "budgets": [
                {
                    "name": "b",
                    "match": {"models": ["n"]},
                    "window": {"every": "day"},
                    "requests": 5,
                    "action": "downgrade",
                }
            ]
        },
        {"fallback": ["m"]},
        {},
    ),
    "held": (
        {"rules": [{"name": "r", "route": {"targets": [{"model": "m"}], "fallback": ["n"]}}]},
        {"cluster": "elsewhere"},
        {"cached_content": "caches/1"},
    ),
}
OF_THE_PROXY = {"rateLimited": ["--demoted", "n"], "budget": ["--spent", "b=5"]}
"""What a proxy has learnt before the request comes."""


def test_the_exclusions_are_listed_and_no_others():
    assert {name for row in RECORD.table("exclusions") for name in re.findall(r"`(\w+)`", row[0])} == set(EXCLUDED)


@pytest.mark.parametrize("reason", EXCLUDED)
def test_an_exclusion_means_what_is_said(reason, tmp_path):
    policy, model, body = EXCLUDED[reason]
    policy = {**policy, "models": [MODELS[0], {**MODELS[1], **model}]}
    options = ["--header", "x-team: t", *OF_THE_PROXY.get(reason, [])]
    record = decide(tmp_path, policy, json.dumps({"model": "n", **body}), options)
    assert record["excluded"] == [{"model": "n", "reason": reason}]


def test_every_path_of_an_api_is_that_api(tmp_path):
    rows = re.findall(r"^\| `(\w+)` \| (`/.*) \|$", APIS.text, re.MULTILINE)
    schema = json.loads(run("schema").stdout)
    assert [name for name, _ in rows] == schema["$defs"]["Model"]["properties"]["apis"]["items"]["enum"]
    for name, paths in rows:
        options = [["--api", name], *(["--path", path] for path in re.findall(r"`([^`]+)`", paths))]
        for option in options:
            assert decide(tmp_path, {}, '{"model": "m"}', option)["api"] == name, option


def test_istio_is_told_of_every_label(tmp_path):
    """The same that `render envoy` writes for an Envoy of one's own."""
    annotations = yaml.safe_load(pages.one("yaml", "istio-annotation").text)["metadata"]["annotations"]
    told = yaml.safe_load(annotations["proxy.istio.io/config"])["extraStatTags"]
    shutil.copytree(locations.REPOSITORY / "examples" / "quickstart", tmp_path / "quickstart")
    config = yaml.safe_load(run("render", "envoy", tmp_path / "quickstart").stdout)
    assert told == [tag["tag_name"] for tag in config["stats_config"]["stats_tags"]]
