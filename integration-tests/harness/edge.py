"""The edge under test: an Envoy with Pointsman in it, and a recording provider behind each cluster of the policy."""

import contextlib
import dataclasses
import functools
import hashlib
import http.server
import itertools
import json
import os
import pathlib
import ssl
import threading
import uuid
from collections.abc import Iterable, Iterator

from harness import bootstrap, locations
from harness.envoy import Envoy
from harness.http1 import ConnectionLost, Http1, chunk, head, last_chunk
from harness.http2 import Http2, StreamReset
from harness.messages import Recorded, Response
from harness.provider import Provider, serving
from harness.waiting import wait_for
from harness.workers import MODELS, Workers

JSON = ("content-type", "application/json")
CUT_OFF = 0
"""The status that stands for no response: the proxy closed the connection or reset the stream."""


@dataclasses.dataclass(frozen=True)
class Installation:
    """How Pointsman is installed. The defaults are the documented installation."""

    version: str
    hold: str
    policy: dict
    concurrency: int = 1
    buffer_limit: int | None = None
    default_cluster: str | None = None
    http2_clusters: tuple[str, ...] = ()
    chain: bootstrap.Chain | None = None
    elsewhere: bootstrap.Chain | None = None
    """The chain of a second listener."""
    elsewhere_policy: dict | None = None
    """Its policy, if it is another one."""
    module: pathlib.Path | None = None
    fetched: bool = False
    """Envoy fetches the modules by HTTP, instead of reading files."""
    catch_all: str | None = None
    """The cluster to which all routes lead, whatever a header says."""
    upgrades: tuple[str, ...] = ()
    """The protocols to which the listener lets clients upgrade."""
    discovered: bool = False
    front_filters: tuple[dict, ...] = ()
    transport_socket: dict | None = None
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    """More for Envoy's environment, all of which the module sees."""
    manager: dict = dataclasses.field(default_factory=dict)
    """More for the connection manager."""

    def clusters(self) -> list[str]:
        policies = (self.policy, self.elsewhere_policy or {})
        named = [model["cluster"] for policy in policies for model in policy.get("models", [])]
        extra = [cluster for cluster in (self.default_cluster, self.catch_all) if cluster]
        return list(dict.fromkeys(named + extra))


@dataclasses.dataclass
class Seen:
    """What one request led to: the client's response, the decision record, what the provider got."""

    edge: "Edge"
    test_id: str
    response: Response

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def log(self) -> dict:
        return self.edge.access_log_of(self.test_id)

    @property
    def record(self) -> dict:
        record = self.log["record"]
        assert record, f"no decision record in {self.log}"
        return json.loads(record)

    @property
    def upstream(self) -> Recorded:
        """The one request that the providers got."""
        requests = self.edge.received(self.test_id)
        assert len(requests) == 1, f"{len(requests)} requests upstream; the client got {self.response}"
        assert requests[0].complete, "the provider got only a part of the request"
        return requests[0]

    @property
    def reached(self) -> list[str]:
        """The clusters that got this request, or a part of it."""
        return [request.provider for request in self.edge.received(self.test_id)]


class Edge:
    def __init__(self, envoy: Envoy, installation: Installation, providers: dict[str, Provider], folder: pathlib.Path):
        self.envoy, self.installation, self.providers, self.folder = envoy, installation, providers, folder
        self._access_log = folder / "access.log"
        self._log_read, self._log_lines = 0, {}
        self._pushes = itertools.count(1)
        self.tls: ssl.SSLContext | None = None
        self._workers = Workers(envoy.port, envoy.connections_by_worker)

    @property
    def port(self) -> int:
        return self.envoy.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self,
        path: str | bytes,
        body: bytes | dict | list[bytes] | None = None,
        headers: Iterable[tuple[str | bytes, str | bytes]] = (JSON,),
        method: str = "POST",
        protocol: str = "http1",
    ) -> Seen:
        """One request on a connection of its own. A list of pieces is sent without a
        content-length, each piece when Envoy has read the one before; anything else goes in one write, with a
        content-length."""
        test_id = new_test_id()
        tagged = [("x-test-id", test_id), *headers]
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        send = self._ask_http1 if protocol == "http1" else self._ask_http2
        try:
            response = send(method, path, tagged, body)
        except (ConnectionError, ConnectionLost, StreamReset):
            response = Response(CUT_OFF, [])
        return Seen(self, test_id, response)

    def ask_with_length(self, path: str, body: bytes, headers: list, protocol: str) -> Seen:
        """A request whose headers bring their own content-length."""
        test_id = new_test_id()
        tagged = [("x-test-id", test_id), *headers]
        try:
            if protocol == "http1":
                with Http1(self.port) as client:
                    client.send_ignoring_reset(head("POST", path, [("host", "edge.test"), *tagged]) + body)
                    return Seen(self, test_id, client.response())
            with Http2(self.port) as client:
                stream = client.begin("POST", path, tagged)
                client.send(stream, body, end=True)
                return Seen(self, test_id, client.response(stream))
        except (ConnectionError, ConnectionLost, StreamReset):
            return Seen(self, test_id, Response(CUT_OFF, []))

    def chat(self, model: str, **more) -> Seen:
        """A small OpenAI chat request."""
        return self.ask("/v1/chat/completions", *chat(model, **more))

    def ask_each_worker(
        self, path: str, body: bytes | dict | None = None, headers: Iterable = (JSON,), method: str = "POST"
    ) -> list[Seen]:
        """The same request to every worker, on a connection that each of them has."""
        text = json.dumps(body).encode() if isinstance(body, dict) else body
        length = [("content-length", str(len(text)))] if text else []
        asked = []

        def request() -> bytes:
            asked.append(new_test_id())
            return head(method, path, [("host", "edge.test"), ("x-test-id", asked[-1]), *headers, *length]) + (
                text or b""
            )

        return [Seen(self, asked[-1], response) for response in self._workers.each(request)]

    def chat_with_each_worker(self, model: str, **more) -> list[Seen]:
        return self.ask_each_worker("/v1/chat/completions", *chat(model, **more))

    def wait_for_policy(self, version: str) -> None:
        """Returns when every worker decides by the policy."""

        def is_everywhere() -> bool:
            return {seen.record["policy"] for seen in self.ask_each_worker(MODELS, method="GET")} == {version}

        wait_for(f"policy {version} on every worker", is_everywhere)

    def received(self, test_id: str) -> list[Recorded]:
        return [request for provider in self.providers.values() for request in provider.received(test_id)]

    def access_log_of(self, test_id: str) -> dict:
        def line() -> dict | None:
            self._read_access_log()
            return self._log_lines.get(test_id)

        return wait_for(f"the access log line of {test_id}", line)

    def _read_access_log(self) -> None:
        """Takes in the lines that have come since the last time."""
        if not self._access_log.exists():
            return
        with self._access_log.open("rb") as file:
            file.seek(self._log_read)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._log_read += len(whole)
        # What is rendered logs to standard output, where other lines are, too, and says `decision`.
        lines = (json.loads(line) for line in whole.splitlines() if line.startswith(b"{"))
        self._log_lines.update((line["id"], {"record": line.get("decision"), **line}) for line in lines)

    def push(self, policy: dict, module: pathlib.Path | None = None) -> None:
        """Offers a new policy by extension config discovery, as a file that is replaced in one step."""
        write_discovery(self.folder, self.installation, policy, str(next(self._pushes)), module)

    def assert_healthy(self) -> None:
        self.envoy.assert_healthy()
        for provider in self.providers.values():
            provider.requests.clear()

    def _ask_http1(self, method: str, path: str | bytes, headers: list, body: bytes | list[bytes] | None) -> Response:
        headers = [("host", "edge.test"), *headers]
        before = self.envoy.received_bytes() if isinstance(body, list) else 0
        with Http1(self.port, tls=self.tls) as client:
            if isinstance(body, list):
                client.send(head(method, path, [*headers, ("transfer-encoding", "chunked")]))
                for piece in body:
                    self.wait_until_read(client, before)
                    client.send_ignoring_reset(chunk(piece))
                client.send_ignoring_reset(last_chunk())
            elif body is None:
                client.send(head(method, path, headers))
            else:
                client.send_ignoring_reset(head(method, path, [*headers, ("content-length", str(len(body)))]) + body)
            return client.response(of=method)

    def _ask_http2(self, method: str, path: str | bytes, headers: list, body: bytes | list[bytes] | None) -> Response:
        before = self.envoy.received_bytes() if isinstance(body, list) else 0
        with Http2(self.port) as client:
            if body is None:
                return client.response(client.begin(method, path, headers, end=True))
            if isinstance(body, list):
                stream = client.begin(method, path, headers)
                for piece in body:
                    self.wait_until_read(client, before)
                    client.send(stream, piece)
                client.send(stream, b"", end=True)
            else:
                stream = client.begin(method, path, [*headers, ("content-length", str(len(body)))])
                client.send(stream, body, end=True)
            return client.response(stream)

    def wait_until_read(self, client: Http1 | Http2, before: int) -> None:
        """Returns when Envoy has read all that the client has sent, so that the next piece comes in a read of its
        own."""
        wait_for(
            "Envoy to read what was sent",
            lambda: self.envoy.received_bytes() - before >= client.sent or client.is_answered(),
        )


def chat(model: str, headers: Iterable = (), **more) -> tuple[dict, list]:
    """The body and headers of a small OpenAI chat request."""
    body = {"model": model, "messages": [{"role": "user", "content": "Where does this train go?"}], **more}
    return body, [JSON, *headers]


def new_test_id() -> str:
    return uuid.uuid4().hex


def discovery_file(folder: pathlib.Path) -> pathlib.Path:
    return folder / "pointsman-router.json"


def write_discovery(
    folder: pathlib.Path,
    installation: Installation,
    policy: dict,
    version: str,
    module: pathlib.Path | None = None,
) -> None:
    configuration = bootstrap.plugin_configuration("router", installation.hold, policy)
    vm_id = "/edge/wasm/0" if installation.chain and installation.chain.apart else ""
    typed = bootstrap.wasm_filter(
        "router",
        configuration,
        module or locations.module_for(policy),
        flag=installation.hold == "stop",
        vm_id=vm_id,
        environment=tuple(installation.environment),
    )
    response = bootstrap.discovery_response("pointsman-router", version, typed)
    draft = folder / f"draft-{version}.json"
    draft.write_text(json.dumps(response))
    os.replace(draft, discovery_file(folder))


def http_filters(
    installation: Installation, name: str, chain: bootstrap.Chain, policy: dict, folder: pathlib.Path
) -> list[dict]:
    filters = [*installation.front_filters]
    for place, role in enumerate(chain.roles):
        # A second instance of a role needs a name of its own.
        filter_name = f"pointsman-{role}" + (f"-{place}" if role in chain.roles[:place] else "")
        if installation.discovered and role == "router":
            write_discovery(folder, installation, installation.policy, version="0")
            filters.append(bootstrap.discovered(filter_name, discovery_file(folder)))
            continue
        configuration = bootstrap.plugin_configuration(role, installation.hold, policy)
        vm_id = f"/{name}/wasm/{place}" if chain.apart else ""
        module = module_of(installation, chain, role, policy)
        typed = bootstrap.wasm_filter(
            role, configuration, module, chain.flag, vm_id, filter_name, tuple(installation.environment)
        )
        filters.append({"name": filter_name, "typed_config": typed})
    return filters


def module_of(installation: Installation, chain: bootstrap.Chain, role: str, policy: dict) -> pathlib.Path | dict:
    own = chain.apart and role == "gate"
    file = installation.module or (locations.gate_module() if own else locations.module_for(policy))
    if not installation.fetched:
        return file
    return bootstrap.remote(f"http://modules/{file.name}", hashlib.sha256(file.read_bytes()).hexdigest())


def listeners(installation: Installation, folder: pathlib.Path) -> list[dict]:
    chain = installation.chain or bootstrap.Chain.of(installation.hold)
    chains = {"edge": chain, **({"elsewhere": installation.elsewhere} if installation.elsewhere else {})}
    built = []
    for name, chain in chains.items():
        policy = installation.elsewhere_policy if name == "elsewhere" else None
        filters = http_filters(installation, name, chain, policy or installation.policy, folder)
        listener = bootstrap.listener(
            name, filters, installation.default_cluster, folder / "access.log", installation.buffer_limit
        )
        manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
        manager["upgrade_configs"] = [{"upgrade_type": protocol} for protocol in installation.upgrades]
        if installation.catch_all:
            route = {"match": {"prefix": "/"}, "route": {"cluster": installation.catch_all, "timeout": "0s"}}
            manager["route_config"]["virtual_hosts"][0]["routes"] = [route]
        manager.update(installation.manager)
        if installation.transport_socket:
            listener["filter_chains"][0]["transport_socket"] = installation.transport_socket
        built.append(listener)
    return built


class Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving_files(folder: pathlib.Path) -> Iterator[int]:
    """A folder by HTTP; gives the port."""
    handler = functools.partial(Files, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def running(installation: Installation, folder: pathlib.Path) -> Iterator[Edge]:
    folder.mkdir(parents=True, exist_ok=True)
    providers = {name: Provider(name) for name in installation.clusters()}
    files = serving_files(locations.gate_module().parent) if installation.fetched else contextlib.nullcontext(0)
    with serving(list(providers.values())), files as modules:
        clusters = [
            bootstrap.cluster(name, provider.port, name in installation.http2_clusters)
            for name, provider in providers.items()
        ]
        clusters += [bootstrap.cluster("modules", modules, http2=False)] if installation.fetched else []
        config = bootstrap.bootstrap(listeners(installation, folder), clusters)
        envoy = Envoy(
            installation.version,
            json.dumps(config),
            folder,
            installation.concurrency,
            environment=installation.environment,
        )
        try:
            yield Edge(envoy, installation, providers, folder)
        finally:
            envoy.stop()
