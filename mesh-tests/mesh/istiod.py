"""istiod with its certificate authority and its webhook, against the API server."""

import base64
import json
import pathlib
import urllib.request

import yaml

from harness import bootstrap, locations
from mesh import sandbox
from mesh.kubernetes import Cluster
from mesh.program import Program, answers, built

HOST = "istiod.istio-system.svc"
SYSTEM, GATEWAYS = "istio-system", "istio-ingress"
DISCOVERY_PORT, WEBHOOK_PORT, HTTP_PORT, MONITORING_PORT = 15012, 15017, 8080 + 10000, 15014
ACCESS_LOG = "access.log"
"""Relative: each proxy has a folder of its own."""

# Istio's own filters are in Istio's build of Envoy only. With these settings none of them is in a chain.
WITHOUT_ISTIOS_FILTERS = {"PILOT_ENABLE_METADATA_EXCHANGE": "false", "PILOT_ENABLE_ALPN_FILTER": "false"}
MESH = {
    "trustDomain": "cluster.local",
    "defaultProviders": {"metrics": [], "accessLogging": []},
    "accessLogFile": ACCESS_LOG,
    "accessLogEncoding": "JSON",
    "accessLogFormat": json.dumps(bootstrap.ACCESS_LOG_FIELDS),
}
VALIDATED = ["security.istio.io", "networking.istio.io", "telemetry.istio.io", "extensions.istio.io"]


class Istiod:
    def __init__(self, cluster: Cluster, folder: pathlib.Path, part: str = "istio"):
        self.cluster, self.folder, self.part = cluster, folder, part
        folder.mkdir(parents=True)
        for namespace in (SYSTEM, GATEWAYS):
            cluster.ensure_namespace(namespace)
        (folder / "mesh.json").write_text(json.dumps(MESH))
        cluster.apply([self._templates()])
        self.program = self._program()
        try:
            self.wait_until_ready()
            self.root = self.folder / "root.pem"
            self.root.write_text(self.program.wait_for("istiod's root certificate", self._root))
            self.validate(True)
        except BaseException:
            self.program.stop()
            raise

    def _program(self) -> Program:
        ports = {"grpc": 15010, "http": HTTP_PORT, "https": WEBHOOK_PORT, "secureGRPC": DISCOVERY_PORT}
        addresses = [word for name, port in ports.items() for word in (f"--{name}Addr", f"0.0.0.0:{port}")]
        addresses += ["--monitoringAddr", f"127.0.0.1:{MONITORING_PORT}", "--ctrlz_port", "0"]
        command = [built(self.part, "istiod"), "discovery", "--meshConfig", self.folder / "mesh.json", *addresses]
        environment = {
            **WITHOUT_ISTIOS_FILTERS,
            "KUBECONFIG": str(self.cluster.kubeconfig),
            "POD_NAMESPACE": SYSTEM,
            "POD_NAME": "istiod-1",
            # The webhook's configuration is applied below, and not by istiod's chart.
            "VALIDATION_WEBHOOK_CONFIG_NAME": "",
            "INJECTION_WEBHOOK_CONFIG_NAME": "",
        }
        return Program("istiod", command, self.folder, **environment)

    def _templates(self) -> dict:
        """Of istiod's chart, from which it writes the Deployments of Gateways. It looks for them when it starts."""
        chart = built(self.part, "istiod-chart")
        only = ["--show-only", "templates/istiod-injector-configmap.yaml"]
        printed = self.cluster.run(locations.tool("helm"), "template", "istiod", chart, "--namespace", SYSTEM, *only)
        return yaml.safe_load(printed)

    def wait_until_ready(self) -> None:
        self.program.wait_for("istiod", lambda: answers(f"http://127.0.0.1:{HTTP_PORT}/ready"))

    def knows(self) -> set[tuple[str, str, str]]:
        """Kind, namespace and name of everything that configuration is made from at this moment."""
        with urllib.request.urlopen(f"http://127.0.0.1:{HTTP_PORT}/debug/configz", timeout=60) as reply:
            found = json.load(reply)
        return {(one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]) for one in found}

    def _root(self) -> str | None:
        found = self.cluster.get("ConfigMap", "istio-ca-root-cert", GATEWAYS)
        return found and found["data"]["root-cert.pem"]

    def validate(self, wanted: bool) -> None:
        """Has the API server ask istiod's webhook, as istiod's chart does."""
        bundle = base64.b64encode(self.root.read_bytes()).decode()
        rule = {"operations": ["CREATE", "UPDATE"], "apiGroups": VALIDATED, "apiVersions": ["*"], "resources": ["*"]}
        webhook = {
            "name": "rev.validation.istio.io",
            "clientConfig": {"url": f"https://{HOST}:{WEBHOOK_PORT}/validate", "caBundle": bundle},
            "rules": [rule],
            "failurePolicy": "Fail",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }
        configuration = {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "istiod"},
            "webhooks": [webhook],
        }
        (self.cluster.apply if wanted else self.cluster.delete)([configuration])

    def restart(self) -> None:
        """It is gone at once, as when its node is, and another one comes."""
        self.program.kill()
        self.program.start()


def name_hosts() -> None:
    sandbox.name_hosts({HOST: "127.0.0.1"})
