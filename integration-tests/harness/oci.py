"""Reads an image as those do who pull it: istio-agent, Envoy Gateway, Docker. Written from what they accept, not
from what Pointsman writes."""

import dataclasses
import hashlib
import io
import json
import pathlib
import tarfile
import zlib
from collections.abc import Callable

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


class Unreadable(Exception):
    """What a reader would complain about."""


@dataclasses.dataclass(frozen=True)
class Layout:
    """An OCI image layout: a folder, or a tar of one."""

    files: dict[str, bytes]

    @staticmethod
    def of(folder: pathlib.Path) -> "Layout":
        return Layout(
            {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
        )

    @staticmethod
    def unpacked(archive: pathlib.Path | bytes) -> "Layout":
        data = archive if isinstance(archive, bytes) else archive.read_bytes()
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            assert all(entry.isfile() for entry in tar)
            return Layout({entry.name: tar.extractfile(entry).read() for entry in tar})

    def json(self, path: str):
        return json.loads(self.files[path])

    def index(self) -> list[dict]:
        if self.json("oci-layout") != {"imageLayoutVersion": "1.0.0"}:
            raise Unreadable("not an OCI image layout")
        return self.json("index.json")["manifests"]

    def blob(self, descriptor: dict) -> bytes:
        algorithm, _, name = descriptor["digest"].partition(":")
        data = self.files.get(f"blobs/{algorithm}/{name}")
        if data is None:
            raise Unreadable(f"no blob {name}")
        if len(data) != descriptor["size"] or hashlib.sha256(data).hexdigest() != name:
            raise Unreadable(f"blob {name} is not what its descriptor says")
        return data

    def blobs(self) -> set[str]:
        return {path.rpartition("/")[2] for path in self.files if path.startswith("blobs/")}


def the_image(layout: Layout) -> dict:
    """The manifest that a tool pushes when it is told no more than the layout: there must be one only."""
    manifests = layout.index()
    if len(manifests) != 1:
        raise Unreadable(f"more than one image in the layout: {len(manifests)}")
    return json.loads(layout.blob(manifests[0]))


def plugin(manifest: dict, fetch: Callable[[dict], bytes]) -> bytes:
    """The module, as istio-agent takes it out of an image that is no Docker image: the last layer, of the one media
    type it knows, and in it the first file with the right base name."""
    if manifest.get("mediaType", MANIFEST) != MANIFEST:
        raise Unreadable(f"a manifest of type {manifest['mediaType']}")
    if not manifest["layers"]:
        raise Unreadable("number of layers must be greater than zero")
    layer = manifest["layers"][-1]
    if layer["mediaType"] != LAYER:
        raise Unreadable(f"invalid media type {layer['mediaType']}")
    with tarfile.open(fileobj=io.BytesIO(gunzip(fetch(layer))), mode="r:") as tar:
        for entry in tar:
            if entry.name.rpartition("/")[2] == "plugin.wasm":
                return tar.extractfile(entry).read()
    raise Unreadable("plugin.wasm not found in the archive")


def gunzip(data: bytes) -> bytes:
    return zlib.decompress(data, wbits=zlib.MAX_WBITS | 16)
