"""Providers' keys as files, the way operators keep them: a secret that Envoy reads and reads again when it is
replaced."""

import dataclasses
import json
import os
import pathlib

SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"


@dataclasses.dataclass(frozen=True)
class Key:
    """A provider's key: the header that it goes into, and that header's whole value."""

    header: str
    value: str


class KeyFile:
    """The secret of one provider."""

    def __init__(self, folder: pathlib.Path, name: str):
        self.name = name
        self.path = folder / f"{name}.json"

    def write(self, value: str) -> None:
        """Replaces the file in one step, as Kubernetes and good editors do."""
        secret = {"@type": SECRET, "name": self.name, "generic_secret": {"secret": {"inline_string": value}}}
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps({"resources": [secret]}))
        os.replace(draft, self.path)
