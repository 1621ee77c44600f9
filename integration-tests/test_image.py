"""The OCI image and the release: read back as those do who pull them, the same bytes every time, and what is in them
routes."""

import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib

import pytest

from harness import crds, edge, helm, locations, oci
from harness.oci import Layout, Unreadable, gunzip, plugin, the_image

POLICY = {"models": [{"name": "gpt", "cluster": "provider", "upstreamModel": "gpt-2026"}]}
VERSION = tomllib.loads((locations.REPOSITORY / "Cargo.toml").read_text())["workspace"]["package"]["version"]
SCRIPTS = locations.REPOSITORY / "scripts"
SBOM, IMAGE, WITH_SBOM, ARCHIVE = "pointsman.cdx.json", "image", "image-with-sbom", "pointsman-image.tar"
GATE_SBOM, GATE_IMAGE = "pointsman-gate.cdx.json", "gate-image"


@pytest.fixture(scope="module")
def module() -> bytes:
    return locations.module().read_bytes()


def build(dist: pathlib.Path, *options: str) -> str:
    """What `make image` does with modules that are built; gives what was printed for the whole one."""
    dist.mkdir(parents=True, exist_ok=True)
    for name, module, package in (
        ("gate", locations.gate_module(), "pointsman-gate"),
        ("answers", locations.answers_module(), "pointsman-filter"),
    ):
        wasm, sbom = dist / f"pointsman-{name}.wasm", dist / f"pointsman-{name}.cdx.json"
        shutil.copyfile(module, wasm)
        run(sys.executable, SCRIPTS / "sbom.py", wasm, sbom, package)
        places = ["--output", dist / f"{name}-image", "--archive", dist / f"pointsman-{name}-image.tar"]
        run(locations.cli(), "image", "--wasm", wasm, *places, "--sbom", sbom, *options)
    wasm = dist / "pointsman.wasm"
    shutil.copyfile(locations.module(), wasm)
    run(sys.executable, SCRIPTS / "sbom.py", wasm, dist / SBOM, "pointsman-filter")
    places = ["--wasm", wasm, "--output", dist / IMAGE, "--archive", dist / ARCHIVE, "--sbom", dist / SBOM]
    return run(locations.cli(), "image", *places, *options)


def run(*command, environment: dict | None = None) -> str:
    # Not the time of whoever runs the tests.
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"} | (
        environment or {}
    )
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("dist")
    (folder / "said").write_text(build(folder))
    return folder


@pytest.fixture
def layout(dist) -> Layout:
    return Layout.of(dist / IMAGE)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def contents(folder: pathlib.Path) -> dict[str, bytes]:
    return Layout.of(folder).files


# The image.


def test_what_istio_agent_takes_out_of_the_image_is_the_module(layout, module):
    assert plugin(the_image(layout), layout.blob) == module


def test_the_only_layer_is_the_last(layout):
    manifest = the_image(layout)
    assert len(manifest["layers"]) == 1
    assert manifest["annotations"]["module.wasm.image/variant"] == "compat"
    assert manifest["config"]["mediaType"] == "application/vnd.oci.image.config.v1+json"


@pytest.mark.parametrize("name", [IMAGE, WITH_SBOM])
def test_every_blob_is_what_its_name_says_and_somebody_names_it(dist, name):
    layout = Layout.of(dist / name)
    named = set()
    for descriptor in layout.index():
        manifest = json.loads(layout.blob(descriptor))
        parts = [descriptor, manifest["config"], *manifest["layers"]]
        named |= {part["digest"].removeprefix("sha256:") for part in parts}
        for part in parts:
            layout.blob(part)
    assert named == layout.blobs()


def test_a_reader_notices_a_changed_byte(layout):
    manifest = the_image(layout)
    path = "blobs/sha256/" + manifest["layers"][0]["digest"].removeprefix("sha256:")
    data = bytearray(layout.files[path])
    data[len(data) // 2] ^= 1
    with pytest.raises(Unreadable):
        plugin(manifest, Layout({**layout.files, path: bytes(data)}).blob)


def test_the_configuration_agrees_with_the_layer(layout):
    manifest = the_image(layout)
    config = json.loads(layout.blob(manifest["config"]))
    assert config["rootfs"] == {
        "type": "layers",
        "diff_ids": ["sha256:" + sha256(gunzip(layout.blob(manifest["layers"][0])))],
    }
    labels = config["config"]["Labels"]
    assert labels["org.opencontainers.image.version"] == VERSION
    assert {**labels, "module.wasm.image/variant": "compat"} == manifest["annotations"]


def test_nothing_in_the_layer_tells_when_or_by_whom(layout):
    data = layout.blob(the_image(layout)["layers"][0])
    flags, modified = data[3], int.from_bytes(data[4:8], "little")
    assert (flags, modified) == (0, 0)
    with tarfile.open(fileobj=io.BytesIO(gunzip(data)), mode="r:") as tar:
        (entry,) = tar.getmembers()
    assert (entry.name, entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname, entry.mode) == (
        "plugin.wasm",
        0,
        0,
        0,
        "",
        "",
        0o644,
    )


def test_the_digests_that_were_printed_are_those_to_pin(dist, layout, module):
    said = dict(line.split(" sha256:") for line in (dist / "said").read_text().splitlines() if " sha256:" in line)
    (manifest,) = layout.index()
    assert said == {"module": sha256(module), "image": manifest["digest"].removeprefix("sha256:")}


def test_the_module_that_looks_at_answers_has_an_image_of_its_own(dist, layout):
    answers = Layout.of(dist / "answers-image")
    assert plugin(the_image(answers), answers.blob) == locations.answers_module().read_bytes()
    assert answers.index()[0]["digest"] != layout.index()[0]["digest"]


def test_the_gate_has_an_image_of_its_own(dist, layout):
    gate = Layout.of(dist / GATE_IMAGE)
    assert plugin(the_image(gate), gate.blob) == locations.gate_module().read_bytes()
    assert gate.index()[0]["digest"] != layout.index()[0]["digest"]
    component = json.loads((dist / GATE_SBOM).read_text())["metadata"]["component"]
    assert component["name"] == "pointsman-gate.wasm"
    assert component["hashes"] == [{"alg": "SHA-256", "content": sha256(locations.gate_module().read_bytes())}]


def test_two_builds_are_identical(dist, tmp_path):
    mask = os.umask(0o077)
    try:
        build(tmp_path / "again")
    finally:
        os.umask(mask)
    for name in (IMAGE, WITH_SBOM):
        assert contents(tmp_path / "again" / name) == contents(dist / name)
    assert (tmp_path / "again" / ARCHIVE).read_bytes() == (dist / ARCHIVE).read_bytes()


def test_the_module_does_not_tell_where_it_was_built(module):
    """A path of the machine would make the same source another module elsewhere."""
    for place in (pathlib.Path.home(), locations.REPOSITORY):
        assert f"{place}/".encode() not in module, f"the module names {place}: `make wasm` builds one that does not"


def test_another_label_is_another_image_of_the_same_layer(layout, tmp_path):
    build(tmp_path, "--label", "org.opencontainers.image.revision=0123abc")
    other = Layout.of(tmp_path / IMAGE)
    assert the_image(other)["layers"] == the_image(layout)["layers"]
    assert other.index()[0]["digest"] != layout.index()[0]["digest"]


def test_the_plugin_of_the_image_routes(layout, tmp_path, monkeypatch):
    module = tmp_path / "plugin.wasm"
    module.write_bytes(plugin(the_image(layout), layout.blob))
    monkeypatch.setattr(locations, "MODULE", module)
    with edge.running(edge.Installation(locations.NEWEST_ENVOY, "gate", POLICY), tmp_path / "edge") as running:
        seen = running.chat("gpt")
        assert (seen.status, seen.upstream.json()["model"]) == (200, "gpt-2026")
        running.assert_healthy()


# The archive for Docker.


def test_the_archive_is_the_same_layout(dist, layout):
    archive = Layout.unpacked(dist / ARCHIVE)
    assert the_image(archive) == the_image(layout)
    assert archive.blobs() == layout.blobs()


def test_docker_finds_configuration_layer_and_name(dist, module):
    archive = Layout.unpacked(dist / ARCHIVE)
    (image,) = archive.json("manifest.json")
    assert image["RepoTags"] == [f"pointsman:{VERSION}"]
    config = json.loads(archive.files[image["Config"]])
    # Docker's own store knows the layer by what is in it, whether or not it is compressed, and takes its own system
    # only.
    assert ["sha256:" + sha256(gunzip(archive.files[layer])) for layer in image["Layers"]] == config["rootfs"][
        "diff_ids"
    ]
    assert config["os"] == "linux"
    assert pathlib.PurePath(image["Config"]).name == the_image(archive)["config"]["digest"].removeprefix("sha256:")
    assert archive.json("repositories") == {"pointsman": {VERSION: pathlib.PurePath(image["Layers"][-1]).name}}
    # containerd's store goes by the index.
    (descriptor,) = archive.index()
    assert descriptor["annotations"]["io.containerd.image.name"] == f"docker.io/library/pointsman:{VERSION}"


def test_as_docker_pushes_it_it_is_still_read(dist, module):
    """Docker compresses a layer anew, and has media types of its own, which istio-agent also knows."""
    archive = Layout.unpacked(dist / ARCHIVE)
    (image,) = archive.json("manifest.json")
    with tarfile.open(fileobj=io.BytesIO(gunzip(archive.files[image["Layers"][-1]])), mode="r:") as tar:
        assert tar.extractfile("plugin.wasm").read() == module


# The list of contents.


@pytest.fixture(scope="module")
def sbom(dist) -> dict:
    return json.loads((dist / SBOM).read_text())


def test_the_sbom_refers_to_the_image_and_stands_beside_it(dist, layout):
    both = Layout.of(dist / WITH_SBOM)
    image, listed = both.index()
    assert image == layout.index()[0]
    referrer = json.loads(both.blob(listed))
    assert referrer["subject"] == {key: image[key] for key in ("digest", "mediaType", "size")}
    assert (
        listed["artifactType"]
        == referrer["artifactType"]
        == referrer["layers"][0]["mediaType"]
        == "application/vnd.cyclonedx+json"
    )
    assert both.blob(referrer["layers"][0]) == (dist / SBOM).read_bytes()


def test_a_tool_that_pushes_whole_layouts_never_meets_the_sbom(dist, layout):
    """istio-agent cannot pull an index, which is what such a tool would make of two manifests."""
    assert [manifest["mediaType"] for manifest in layout.index()] == [oci.MANIFEST]
    with pytest.raises(Unreadable, match="more than one image"):
        the_image(Layout.of(dist / WITH_SBOM))


def test_the_sbom_is_of_this_module(sbom, module):
    assert sbom["metadata"]["component"]["hashes"] == [{"alg": "SHA-256", "content": sha256(module)}]
    assert sbom["metadata"]["component"]["version"] == VERSION


# What Cargo.lock has below the filter, and the module has not: what runs while it is compiled, and what other
# targets need.
NOT_IN_THE_MODULE = {"serde_derive", "version_check", "cpufeatures", "libc"}


def direct(crate: str) -> list[str]:
    """What a crate of this workspace needs itself; Cargo.lock has what its tests need, too."""
    return list(tomllib.loads((locations.REPOSITORY / crate / "Cargo.toml").read_text()).get("dependencies", ()))


def test_the_sbom_lists_what_cargo_links(sbom):
    """Found by another way: down from the filter through Cargo.lock, without what only tests need."""
    lock = tomllib.loads((locations.REPOSITORY / "Cargo.lock").read_text())["package"]
    packages = {package["name"]: package for package in lock if package["name"] in names_once(lock)}
    found, ahead = set(), direct("filter")
    while ahead:
        name = ahead.pop()
        if name not in found and name not in NOT_IN_THE_MODULE:
            found.add(name)
            own = name.removeprefix("pointsman-")
            if own != name:
                ahead += direct(own)
            else:
                ahead += [each.split()[0] for each in packages[name].get("dependencies", [])]
    listed = {component["name"]: component for component in sbom["components"]}
    assert set(listed) == found | {"rust-std"}
    for name in (name for name in found if not name.startswith("pointsman-")):
        assert listed[name]["version"] == packages[name]["version"]
        assert listed[name]["hashes"] == [{"alg": "SHA-256", "content": packages[name]["checksum"]}]


def names_once(lock: list[dict]) -> set[str]:
    names = [package["name"] for package in lock]
    return {name for name in names if names.count(name) == 1}


def test_every_component_has_a_licence_and_a_place(sbom):
    references = {component["bom-ref"] for component in [sbom["metadata"]["component"], *sbom["components"]]}
    assert all(component["licenses"] for component in sbom["components"])
    assert {each["ref"] for each in sbom["dependencies"]} | {
        each for one in sbom["dependencies"] for each in one["dependsOn"]
    } == references


# The release.


@pytest.fixture(scope="module")
def release(dist) -> dict[str, bytes]:
    run(sys.executable, SCRIPTS / "release.py", locations.cli(), dist)
    return contents(dist / "release")


def test_a_release_holds_everything_and_its_sums(release):
    kinds = {re.sub(r"-[a-z0-9_]+-[a-z0-9]+-linux-[a-z]+", "-HOST", name.replace(VERSION, "V")) for name in release}
    assert kinds == {
        "SHA256SUMS",
        "pointsman-V.wasm",
        "pointsman-V.cdx.json",
        "pointsman-V-answers.wasm",
        "pointsman-V-answers.cdx.json",
        "pointsman-V-answers-image.tar",
        "pointsman-V-answers-image-with-sbom.tar",
        "pointsman-V-gate.wasm",
        "pointsman-V-gate.cdx.json",
        "pointsman-V-gate-image.tar",
        "pointsman-V-gate-image-with-sbom.tar",
        "pointsman-V.tgz",
        "pointsman-V-image.tar",
        "pointsman-V-image-with-sbom.tar",
        "pointsman-V-policy.schema.json",
        "pointsman-V-policy-file.schema.json",
        "pointsman-V-deployment.schema.json",
        "pointsman-V-record.schema.json",
        "pointsman-V-manifests.tar.gz",
        "pointsman-V-HOST.tar.gz",
    }
    sums = dict(reversed(line.split("  ")) for line in release["SHA256SUMS"].decode().splitlines())
    assert sums == {name: sha256(data) for name, data in release.items() if name != "SHA256SUMS"}


def test_what_is_released_is_what_was_built(release, dist, module):
    name = f"pointsman-{VERSION}"
    assert release[f"{name}.wasm"] == module
    assert release[f"{name}-image.tar"] == (dist / ARCHIVE).read_bytes()
    assert Layout.unpacked(release[f"{name}-image-with-sbom.tar"]).files == contents(dist / WITH_SBOM)
    assert json.loads(release[f"{name}-policy.schema.json"])["$schema"]


def test_the_released_command_line_runs(release, tmp_path):
    (archive,) = [data for name, data in release.items() if "-linux-" in name]
    unpack(archive, tmp_path)
    folder = tmp_path / f"pointsman-{VERSION}"
    assert (folder / "LICENSE").is_file()
    assert run(folder / "pointsman", "--version").split() == ["pointsman", VERSION]


def test_the_released_chart_installs(release, tmp_path):
    file = tmp_path / "chart.tgz"
    file.write_bytes(release[f"pointsman-{VERSION}.tgz"])
    values = {
        "policy": POLICY,
        "image": {"repository": "r.example.com/p"},
        "istio": {"selector": {"istio": "ingressgateway"}},
    }
    crds.assert_valid(helm.template(values, tmp_path, chart=file))


def test_the_released_manifests_are_those_of_the_repository(release, tmp_path):
    unpack(release[f"pointsman-{VERSION}-manifests.tar.gz"], tmp_path)
    kept = [
        file
        for folder in ("istio", "envoy-gateway")
        for file in (locations.REPOSITORY / "envoy" / folder).rglob("*.yaml")
    ]
    assert kept
    for file in kept:
        path = file.relative_to(locations.REPOSITORY / "envoy")
        assert (tmp_path / f"pointsman-{VERSION}" / path).read_bytes() == file.read_bytes()


def test_a_release_is_the_same_when_it_is_made_again(release, dist):
    run(sys.executable, SCRIPTS / "release.py", locations.cli(), dist)
    assert contents(dist / "release") == release


def unpack(archive: bytes, folder: pathlib.Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        tar.extractall(folder, filter="data")
