"""What stands around a gateway that asks clients for certificates and tokens."""

import base64
import contextlib
import pathlib
from collections.abc import Iterator

from istiod import rendered
from istiod.gateway import Authority
from istiod.jwt import Issuer
from mesh.gateway import Gateway, running
from mesh.istiod import Istiod
from mesh.registry import Registry

PORT, CREDENTIAL = 8443, "llm"
RBAC = "rbac.authorization.k8s.io"


def secret(authority: Authority) -> dict:
    """The gateway's own certificate, and who vouches for its clients."""
    pair = authority.issue("edge")
    files = {"tls.crt": pair.certificate, "tls.key": pair.key, "ca.crt": authority.certificate}
    data = {name: base64.b64encode(file.read_bytes()).decode() for name, file in files.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": here(CREDENTIAL),
        "type": "kubernetes.io/tls",
        "data": data,
    }


def reading_secrets(account: str) -> list[dict]:
    """istiod asks the API server whether the account of the gateway may: its chart allows it."""
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "watch", "list"]}]
    subject = {"kind": "ServiceAccount", "name": account, "namespace": rendered.NAMESPACE}
    role = {"apiGroup": RBAC, "kind": "Role", "name": "secrets"}
    return [
        {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": here("secrets"), "rules": rules},
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": here("secrets"),
            "roleRef": role,
            "subjects": [subject],
        },
    ]


def tokens(*issuers: Issuer) -> dict:
    rules = [{"issuer": one.name, "jwks": one.jwks(), "audiences": ["llm"]} for one in issuers]
    return {
        "apiVersion": "security.istio.io/v1",
        "kind": "RequestAuthentication",
        "metadata": here("tokens"),
        "spec": {"selector": {"matchLabels": rendered.LABELS}, "jwtRules": rules},
    }


def here(name: str) -> dict:
    return {"name": name, "namespace": rendered.NAMESPACE}


@contextlib.contextmanager
def asking(
    istiod: Istiod,
    registry: Registry,
    world: tuple[str, str],
    folder: pathlib.Path,
    policy: dict,
    mode: str,
    authority: Authority,
    known: str,
    *issuers: Issuer,
) -> Iterator[Gateway]:
    """A gateway whose Gateway has this TLS `mode`; `known` is the name of a client who is served."""

    def change(manifests: list[dict]) -> None:
        (found,) = [one for one in manifests if one["kind"] == "Gateway"]
        found["spec"]["servers"][0]["tls"]["mode"] = mode

    def ready(edge: Gateway) -> bool:
        edge.tls = authority.client_context(authority.issue("known", known))
        return bool(edge.ask("/v1/models", method="GET").log["record"])

    around = [secret(authority), *reading_secrets("gateway")]
    istiod.cluster.apply(around)
    deployment = {"istio": {"port": PORT, "credentialName": CREDENTIAL}}
    more = {"deployment": deployment, "more": (tokens(*issuers),), "ready": ready, "ports": [PORT]}
    try:
        with running(istiod, registry, world, folder, policy, change=change, **more) as edge:
            edge.tls = None
            yield edge
    finally:
        istiod.cluster.delete(around)
