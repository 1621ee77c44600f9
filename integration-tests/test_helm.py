"""The chart, rendered by the real helm and held to the CRDs: what it installs, what it refuses, and that it routes."""

import json
import subprocess
import tomllib

import pytest
import yaml

from harness import crds, helm, locations
from istiod import fixtures, rendered
from istiod.fixtures import world  # noqa: F401

POLICY = {
    "models": [
        {"name": "gpt", "cluster": "openai", "upstreamModel": "gpt-4o-2024-11-20", "contextWindow": 1000000},
        {"name": "llama", "cluster": "llama", "cost": {"inputPerMillion": 0.0000001, "outputPerMillion": 1e6}},
    ],
    "aliases": [{"name": "auto"}, {"name": "<old> & 'new' {{ .Values }}", "model": "llama"}],
    "rules": [
        {
            "name": "cheap",
            "match": {"models": ["auto"], "inputTokens": {"max": 400}},
            "route": {"targets": [{"model": "llama"}]},
        },
        {"name": "rest", "match": {"models": ["auto"]}, "route": {"targets": [{"model": "gpt"}]}},
    ],
}
DIGEST = "sha256:" + "0123456789abcdef" * 4
IMAGE = {"repository": "registry.example.com/llm/pointsman", "digest": DIGEST}
SELECTED = {"selector": {"istio": "ingressgateway"}}
GATEWAY = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "llm"}
ROUTE = {"kind": "HTTPRoute", "name": "llm"}

ISTIO = {"policy": POLICY, "image": IMAGE, "istio": SELECTED}
STOP = {**ISTIO, "mode": "stop"}
GATE_DIGEST = "sha256:" + "fedcba9876543210" * 4
ENVOY_GATEWAY = {
    "policy": POLICY,
    "image": IMAGE,
    "target": "envoyGateway",
    "envoyGateway": {"targetRefs": [ROUTE], "gateImage": {"digest": GATE_DIGEST}},
}
TARGETS = [
    pytest.param(ISTIO, id="istio-gate"),
    pytest.param(STOP, id="istio-stop"),
    pytest.param(ENVOY_GATEWAY, id="envoy-gateway"),
]


@pytest.fixture
def render(tmp_path):
    return lambda values, *options, **more: helm.template(values, tmp_path, *options, **more)


def configurations(documents: list[dict]) -> dict[str, dict]:
    """What each instance of the module would be told, by its role."""
    found = []
    for document in documents:
        spec = document["spec"]
        found += [spec["pluginConfig"]] if "pluginConfig" in spec else []
        found += [instance["config"] for instance in spec.get("wasm", [])]
        for patch in spec.get("configPatches", []):
            config = patch["patch"]["value"].get("typed_config", {}).get("config")
            found += [json.loads(config["configuration"]["value"])] if config else []
    return {config["role"]: config for config in found}


# What it installs.


@pytest.mark.parametrize(
    "values",
    [
        *TARGETS,
        pytest.param({**ISTIO, "istio": {"targetRefs": [GATEWAY], "match": []}}, id="istio-waypoint"),
        pytest.param({**STOP, "istio": {"targetRefs": [GATEWAY]}}, id="istio-stop-gateway"),
        pytest.param(
            {**ISTIO, "image": {**IMAGE, "digest": "", "pullPolicy": "Always", "pullSecret": "registry"}},
            id="istio-pull",
        ),
        pytest.param(
            {**ENVOY_GATEWAY, "image": {**IMAGE, "pullPolicy": "Always", "pullSecret": "registry"}},
            id="envoy-gateway-pull",
        ),
        pytest.param(
            {**ISTIO, "istio": {**SELECTED, "phase": "AUTHZ", "failStrategy": "FAIL_CLOSE"}}, id="istio-phase"
        ),
        pytest.param(
            {**STOP, "istio": {**SELECTED, "failStrategy": "FAIL_CLOSE", "context": "SIDECAR_OUTBOUND"}},
            id="istio-stop-sidecar",
        ),
        pytest.param(
            {**ISTIO, "labels": {"team": "platform"}, "namespace": "elsewhere", "fullnameOverride": "x" * 70},
            id="names",
        ),
    ],
)
def test_every_rendering_is_valid(render, values):
    crds.assert_valid(render(values))


@pytest.mark.parametrize("values", TARGETS)
def test_the_module_gets_the_policy_as_it_was_written(render, values, tmp_path):
    """The same version: no number, key or letter has changed on the way through YAML and templates."""
    configuration = configurations(render(values))
    assert set(configuration) == ({"router"} if values is STOP else {"router", "gate"})
    router = configuration["router"]
    assert router["hold"] == values.get("mode", "gate")
    assert router["policy"] == POLICY
    assert version(router["policy"], tmp_path / "rendered.json") == version(POLICY, tmp_path / "written.json")


@pytest.mark.parametrize("values", TARGETS)
def test_each_instance_is_told_what_the_command_line_writes(render, values, tmp_path):
    """The chart is the one place where a plugin configuration is written by hand."""
    (tmp_path / "policy.yaml").write_text(json.dumps(POLICY))
    clusters = [{"name": name, "address": f"{name}.example.com", "port": 80} for name in ("openai", "llama")]
    istio = {"namespace": "llm", "hosts": ["llm.example.com"], "url": "oci://r.example.com/p:1", **SELECTED}
    gateway = {"namespace": "llm", "hosts": ["llm.example.com"], "url": "r.example.com/p:1", "gateway": "llm"}
    deployment = {"clusters": clusters, "istio": istio, "envoyGateway": gateway}
    (tmp_path / "deployment.yaml").write_text(json.dumps(deployment))
    target = ["envoy-gateway"] if values is ENVOY_GATEWAY else ["istio", "--hold", values.get("mode", "gate")]
    command = [locations.cli(), "render", *target, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    written = configurations([document for document in yaml.safe_load_all(done.stdout) if document])
    charted = configurations(render(values))
    assert charted == written
    assert {role: list(config) for role, config in charted.items()} == {
        role: list(config) for role, config in written.items()
    }


@pytest.mark.parametrize("values", TARGETS)
def test_a_policy_that_signs_ids_sees_the_keys(render, values):
    signing = render({**values, "policy": {**POLICY, "providerState": {"signedIds": {}}}})
    crds.assert_valid(signing)
    named = json.dumps(signing).count("POINTSMAN_ID_KEYS")
    # Where both instances share a virtual machine, both say it.
    assert named == (2 if signing[0]["kind"] == "WasmPlugin" else 1)
    assert "POINTSMAN_ID_KEYS" not in json.dumps(render(values))


def version(policy: dict, file) -> str:
    file.write_text(json.dumps(policy))
    done = subprocess.run([locations.cli(), "check", file], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    return done.stdout.split()[-1]


@pytest.mark.parametrize("values", TARGETS)
def test_large_numbers_stay_whole(tmp_path, values):
    """YAML as Go writes it has 1e+06, which is another spelling than the policy's, and no whole number to some
    readers."""
    file = tmp_path / "values.json"
    file.write_text(json.dumps(values))
    text = helm.run(["template", "p", str(helm.CHART), "--values", str(file)], tmp_path)
    assert '"contextWindow": 1000000,' in text


def test_a_policy_file_is_taken_as_it_is(render, tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_text("# As in the editor.\n" + yaml.safe_dump(POLICY))
    values = {"image": IMAGE, "istio": SELECTED}
    assert configurations(render(values, "--set-file", f"policy={file}"))["router"]["policy"] == POLICY


def test_the_router_runs_right_in_front_of_the_gate(render):
    gate, router = render(ISTIO)
    assert (gate["spec"]["pluginConfig"]["role"], router["spec"]["pluginConfig"]["role"]) == ("gate", "router")
    assert router["spec"]["priority"] == gate["spec"]["priority"] + 1
    for field in ("url", "selector", "match", "failStrategy"):
        assert router["spec"][field] == gate["spec"][field]
    assert router["spec"]["failStrategy"] == "FAIL_RELOAD"
    (policy,) = render(ENVOY_GATEWAY)
    assert [instance["config"]["role"] for instance in policy["spec"]["wasm"]] == ["router", "gate"]
    assert [instance["failOpen"] for instance in policy["spec"]["wasm"]] == [False, False]


def test_an_image_is_named_by_its_digest_or_by_its_tag(render):
    def urls(values: dict) -> set:
        specs = [document["spec"] for document in render(values)]
        return {
            instance["code"]["image"]["url"] if "code" in instance else instance["url"]
            for spec in specs
            for instance in spec.get("wasm", [spec])
        }

    version = tomllib.loads((locations.REPOSITORY / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    repository = IMAGE["repository"]
    assert urls(ISTIO) == {f"oci://{repository}@{DIGEST}"}
    assert urls({**ISTIO, "image": {"repository": repository}}) == {f"oci://{repository}:{version}"}
    assert urls({**ISTIO, "image": {"repository": repository, "tag": "next"}}) == {f"oci://{repository}:next"}
    # In Envoy Gateway the gate has one of its own.
    assert urls(ENVOY_GATEWAY) == {f"{repository}@{DIGEST}", f"{repository}-gate@{GATE_DIGEST}"}
    tagged = {**ENVOY_GATEWAY, "image": {"repository": repository}, "envoyGateway": {"targetRefs": [ROUTE]}}
    assert urls(tagged) == {f"{repository}:{version}", f"{repository}-gate:{version}"}


def test_two_releases_of_one_namespace_have_names_of_their_own(render):
    def names(release: str) -> set:
        return {document["metadata"]["name"] for document in render(ISTIO, release=release)}

    assert names("pointsman") == {"pointsman-router", "pointsman-gate"}
    assert not names("pointsman") & names("canary")


def test_objects_go_where_they_should(render):
    assert {document["metadata"]["namespace"] for document in render(ISTIO, namespace="istio-ingress")} == {
        "istio-ingress"
    }
    assert {document["metadata"]["namespace"] for document in render({**ISTIO, "namespace": "istio-system"})} == {
        "istio-system"
    }


# What it refuses.


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param({**ISTIO, "policy": None}, "policy is needed", id="no policy"),
        pytest.param({**ISTIO, "policy": "- a\n- b\n"}, "policy is no YAML object", id="a policy that is a list"),
        pytest.param(
            {**ISTIO, "policy": {"aliases": []}}, "policy is needed, with its models", id="a policy without models"
        ),
        pytest.param({**ISTIO, "image": {}}, "image.repository is needed", id="no image"),
        pytest.param({**ISTIO, "istio": {}}, "istio.selector or istio.targetRefs is needed", id="no selector"),
        pytest.param(
            {**ISTIO, "istio": {**SELECTED, "targetRefs": [GATEWAY]}},
            "exclude each other",
            id="selector and targetRefs",
        ),
        pytest.param(
            {**ISTIO, "istio": {**SELECTED, "failStrategy": "FAIL_OPEN"}},
            "'FAIL_RELOAD', 'FAIL_CLOSE'",
            id="failing open",
        ),
        pytest.param({**ISTIO, "istio": {**SELECTED, "prority": 1}}, "prority", id="a misspelt value"),
        pytest.param(
            {**ISTIO, "image": {"repository": "oci://r/p"}}, "does not match pattern", id="a repository with a scheme"
        ),
        pytest.param(
            {**ISTIO, "image": {"repository": "r/p", "digest": "abc"}}, "does not match pattern", id="a broken digest"
        ),
        pytest.param(
            {**ENVOY_GATEWAY, "mode": "stop"}, "Envoy Gateway has only `mode: gate`", id="stop in Envoy Gateway"
        ),
        pytest.param({**ENVOY_GATEWAY, "envoyGateway": {}}, "envoyGateway.targetRefs is needed", id="no target"),
        pytest.param(
            {**ENVOY_GATEWAY, "envoyGateway": {"targetRefs": [ROUTE]}},
            "envoyGateway.gateImage.digest is needed",
            id="no digest of the gate",
        ),
        pytest.param(
            {
                **ENVOY_GATEWAY,
                "envoyGateway": {"targetRefs": [ROUTE], "gateImage": {"repository": IMAGE["repository"]}},
            },
            "the gate is a module of its own",
            id="one image for both",
        ),
        pytest.param(
            {**STOP, "image": {**IMAGE, "pullSecret": "s"}},
            "image.pullSecret is not for `mode: stop`",
            id="stop with a secret",
        ),
        pytest.param(
            {**STOP, "istio": {**SELECTED, "phase": "AUTHN"}}, "istio.phase is for `mode: gate`", id="stop with a phase"
        ),
    ],
)
def test_a_mistake_is_said_in_a_sentence(render, values, said):
    with pytest.raises(helm.Refused) as refused:
        render(values)
    assert said in str(refused.value)


MODELS = [{"name": "a", "cluster": "one"}, {"name": "b", "cluster": "two"}]


def ruled(**route) -> dict:
    return {"models": MODELS, "rules": [{"name": "r", "route": {"targets": [{"model": "a"}], **route}}]}


WRONG = {
    "an unknown field": ({"modles": []}, "policy.modles: unknown field"),
    "an unknown field inside": (
        {"models": [{**MODELS[0], "labls": {}}]},
        "policy.models[0].labls: unknown field",
    ),
    "a missing field": ({"models": [{"name": "a"}]}, "policy.models[0].cluster: is required"),
    "a wrong type": (
        {"models": [{**MODELS[0], "contextWindow": "8k"}]},
        "policy.models[0].contextWindow: expected integer, found string",
    ),
    "a fraction": (
        {"models": [{**MODELS[0], "contextWindow": 0.5}]},
        "policy.models[0].contextWindow: expected integer, found number",
    ),
    "a bare no": ({"models": [{**MODELS[0], "labels": {"region": False}}]}, "expected string, found boolean"),
    "an unknown value": ({"default": {"action": "denny"}}, "policy.default.action: unknown value `denny`"),
    "neither route nor deny": ({"rules": [{"name": "r"}]}, "policy.rules[0]: needs one of route, deny"),
    "route and deny": ({"rules": [{**ruled()["rules"][0], "deny": {}}]}, "policy.rules[0]: has more than one of"),
    "a tenant of nobody": ({"tenants": [{"name": "t", "match": {}}]}, "policy.tenants[0].match: needs one of"),
    "a bad value": ({"limits": {"maxBodyBytes": 1}}, "policy.limits.maxBodyBytes: must not be below 1024"),
    "a fallback of a model": (
        {"models": [{**MODELS[0], "fallback": ["b"]}, MODELS[1]]},
        "policy.models[0].fallback: needs clusters and routes",
    ),
    "a fallback of a rule": (ruled(fallback=["b"]), "policy.rules[0].route.fallback: needs clusters and routes"),
    "a mirror": (ruled(mirror={"model": "b"}), "policy.rules[0].route.mirror: needs clusters and routes"),
}


@pytest.mark.parametrize(("policy", "said"), WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("by_file", [False, True], ids=["values", "set-file"])
def test_a_wrong_policy_is_refused_with_its_field(render, tmp_path, policy, said, by_file):
    """Also when it comes as one text, which Helm's own schema cannot look into."""
    policy = {"models": MODELS, **policy}
    if by_file:
        (tmp_path / "policy.yaml").write_text(yaml.safe_dump(policy))
        values, options = {**ISTIO, "policy": None}, ("--set-file", f"policy={tmp_path / 'policy.yaml'}")
    else:
        values, options = {**ISTIO, "policy": policy}, ()
    with pytest.raises(helm.Refused) as refused:
        render(values, *options)
    assert said in str(refused.value)


def test_chains_pass_when_their_clusters_are_there(render):
    values = {**ISTIO, "policy": ruled(fallback=["b"]), "chainsRendered": True}
    assert configurations(render(values))["router"]["policy"] == ruled(fallback=["b"])


@pytest.mark.parametrize("example", ["quickstart", "istio", "failover", "canary"])
def test_the_examples_policies_are_right(render, example):
    file = locations.REPOSITORY / "examples" / example / "policy.yaml"
    values = {**ISTIO, "policy": None, "chainsRendered": True}
    assert configurations(render(values, "--set-file", f"policy={file}"))["router"]["policy"]["models"]


def test_the_chart_has_the_published_schema():
    published = locations.REPOSITORY / "schema" / "policy.schema.json"
    kept = (helm.CHART / "policy.schema.json").read_text()
    assert kept == published.read_text(), f"copy {published.relative_to(locations.REPOSITORY)} into the chart"


# The chart itself.


def test_the_chart_is_released_with_the_module():
    chart = yaml.safe_load((helm.CHART / "Chart.yaml").read_text())
    cargo = tomllib.loads((locations.REPOSITORY / "Cargo.toml").read_text())
    assert chart["version"] == chart["appVersion"] == cargo["workspace"]["package"]["version"]


@pytest.mark.parametrize("values", TARGETS)
def test_helm_finds_nothing_to_complain_about(values, tmp_path):
    file = tmp_path / "values.json"
    file.write_text(json.dumps(values))
    assert "0 chart(s) failed" in helm.run(["lint", "--strict", str(helm.CHART), "--values", str(file)], tmp_path)


def test_every_value_is_in_the_schema():
    schema = json.loads((helm.CHART / "values.schema.json").read_text())
    check_declared(yaml.safe_load((helm.CHART / "values.yaml").read_text()), schema, "values")


def check_declared(values: dict, schema: dict, place: str) -> None:
    for name, value in values.items():
        assert name in schema["properties"], f"{place}.{name} is not in the schema"
        if isinstance(value, dict) and "properties" in schema["properties"][name]:
            check_declared(value, schema["properties"][name], f"{place}.{name}")


def test_its_output_is_a_base_for_kustomize(render, tmp_path):
    base, overlay = tmp_path / "base", tmp_path / "overlay"
    for folder, kustomization in (
        (base, {"resources": ["pointsman.yaml"]}),
        (overlay, {"resources": ["../base"], "namespace": "other", "namePrefix": "eu-", "patches": [PATCH]}),
    ):
        folder.mkdir()
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    (base / "pointsman.yaml").write_text(yaml.safe_dump_all(render(ISTIO)))
    documents = helm.kustomize(overlay)
    crds.assert_valid(documents)
    assert {document["metadata"]["name"] for document in documents} == {"eu-pointsman-router", "eu-pointsman-gate"}
    assert {document["spec"]["failStrategy"] for document in documents} == {"FAIL_CLOSE"}
    assert configurations(documents)["router"]["policy"] == POLICY


PATCH = {
    "target": {"kind": "WasmPlugin"},
    "patch": yaml.safe_dump([{"op": "replace", "path": "/spec/failStrategy", "value": "FAIL_CLOSE"}]),
}


# At work: what the chart installs, in the configuration that Istio would make of it, in a real Envoy.


def test_what_it_installs_routes(world, tmp_path):
    def exchange(manifests: list[dict]) -> None:
        """The chart's objects in place of those that `pointsman render istio` prints; routes and destinations stay."""
        mine = helm.template(
            {**ISTIO, "mode": world[1], "istio": {"selector": rendered.LABELS}}, tmp_path, namespace=rendered.NAMESPACE
        )
        crds.assert_valid(mine)
        manifests[:] = [manifest for manifest in manifests if not configurations([manifest])] + mine

    with fixtures.running(world, tmp_path / "mesh", POLICY, change=exchange) as edge:
        seen = edge.chat("auto")
        assert (seen.status, seen.reached, seen.upstream.json()["model"]) == (200, ["llama"], "llama")
        seen = edge.chat("gpt")
        assert (seen.status, seen.reached, seen.upstream.json()["model"]) == (200, ["openai"], "gpt-4o-2024-11-20")
        assert edge.chat("nobody").status == 404
        edge.assert_healthy()
