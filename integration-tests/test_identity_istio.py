"""In a mesh: who is calling, by mutual TLS with the gateway and by Istio's RequestAuthentication; and that no header
makes it up."""

import ssl

import pytest

from harness.edge import CUT_OFF
from istiod import fixtures, gateway, rendered
from istiod.fixtures import world  # noqa: F401
from istiod.jwt import Issuer, altered, encode

POLICY = {
    "models": [{"name": "gpt", "cluster": "provider"}, {"name": "lab", "cluster": "provider"}],
    "identity": {"jwt": {"payload": "payload"}},
    "tenants": [
        {
            "name": "finance",
            "match": {"principals": ["spiffe://cluster.local/ns/finance/*"]},
            "models": {"allow": ["gpt"]},
        },
        {
            "name": "gateways",
            "match": {"principals": ["spiffe://cluster.local/ns/istio-ingress/sa/*"]},
            "models": {"allow": ["lab"]},
        },
        {"name": "acme", "match": {"claims": [{"name": "org", "value": "acme"}]}, "models": {"allow": ["lab"]}},
        {"name": "readers", "match": {"claims": [{"name": "scope", "contains": "llm.read"}]}},
    ],
}
FINANCE = "spiffe://cluster.local/ns/finance/sa/reports"
OTHER = "spiffe://cluster.local/ns/other/sa/x"
GATEWAY = "spiffe://cluster.local/ns/istio-ingress/sa/front"
PORT = 8443
CREDENTIAL = "kubernetes://llm"
XFCC = "x-forwarded-client-cert"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return gateway.Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def issuer():
    return Issuer("https://issuer.test")


@pytest.fixture(scope="module")
def other_issuer():
    return Issuer("https://another.test")


def secured(authority, mode: str) -> dict:
    """A gateway that terminates TLS, and asks clients for a certificate or demands one."""

    def change(manifests: list[dict]) -> None:
        (found,) = [one for one in manifests if one["kind"] == "Gateway"]
        found["spec"]["servers"][0]["tls"]["mode"] = mode

    istio = {"port": PORT, "credentialName": "llm"}
    secrets = {CREDENTIAL: authority.pair("edge"), CREDENTIAL + "-cacert": authority.roots()}
    return {"change": change, "deployment": {"istio": istio}, "secrets": secrets, "authority": authority}


@pytest.fixture(scope="module")
def shared_edge(world, tmp_path_factory, authority, issuer, other_issuer):
    more = secured(authority, "OPTIONAL_MUTUAL")
    rules = [{"issuer": one.name, "jwks": one.jwks(), "audiences": ["llm"]} for one in (issuer, other_issuer)]
    metadata = {"name": "tokens", "namespace": rendered.NAMESPACE}
    authentication = {"kind": "RequestAuthentication", "metadata": metadata, "spec": {"jwtRules": rules}}

    secure = more.pop("change")

    def change(manifests: list[dict]) -> None:
        secure(manifests)
        manifests.append(authentication)

    with fixtures.running(world, tmp_path_factory.mktemp("mesh"), POLICY, change=change, **more) as edge:
        yield edge


@pytest.fixture
def call(edge, authority):
    """Asks for a model with a certificate of these URIs, or with none, and with these headers."""

    def ask(model: str, *uris: str, headers: tuple = (), signed_by=authority):
        edge.tls = authority.client_context(signed_by.issue("client", *uris) if uris else None)
        return edge.chat(model, headers=headers)

    yield ask
    edge.tls = None


# Mutual TLS.


def is_turned_away(ask) -> bool:
    """Whether TLS ends it: with an alert, or without a word."""
    try:
        return ask().status == CUT_OFF
    except ssl.SSLError:
        return True


def test_a_workloads_certificate_makes_the_tenant(call):
    seen = call("gpt", FINANCE)
    assert (seen.status, seen.record["tenant"]) == (200, "finance")
    assert call("lab", FINANCE).record["reason"] == "noCandidate"
    assert call("gpt", OTHER).record["reason"] == "unknownTenant"
    assert call("gpt").record["reason"] == "unknownTenant"


def test_only_the_first_name_of_a_certificate_counts(call):
    """A SPIFFE certificate has one URI. What else an authority would sign into it makes nobody a tenant."""
    assert call("gpt", OTHER, FINANCE).record["reason"] == "unknownTenant"
    assert call("gpt", "https://finance", FINANCE).record["reason"] == "unknownTenant"
    assert call("gpt", FINANCE, OTHER).record["tenant"] == "finance"


def test_a_certificate_of_another_authority_is_not_let_in(call, tmp_path):
    assert is_turned_away(lambda: call("gpt", FINANCE, signed_by=gateway.Authority(tmp_path)))


FORGED = {
    "client-cert": (XFCC, f'By=spiffe://x;Hash=00;Subject="";URI={FINANCE}'),
    "client-cert-twice": (XFCC, f"URI={OTHER},URI={FINANCE}"),
    "spiffe": ("x-spiffe-id", FINANCE),
    "principal": ("x-envoy-downstream-peer-principal", FINANCE),
    "peer-metadata": ("x-envoy-peer-metadata-id", f"sidecar~10.0.0.1~{FINANCE}~cluster.local"),
    "payload": ("x-jwt-payload", encode(b'{"iss":"https://issuer.test","org":"acme"}')),
    "claim": ("x-jwt-claim-org", "acme"),
    "metadata": ("x-envoy-dynamic-metadata", '{"envoy.filters.http.jwt_authn":{"payload":{"org":"acme"}}}'),
    "istio-attributes": ("x-istio-attributes", encode(FINANCE.encode())),
    "tenant": ("x-pointsman-tenant", "finance"),
}


@pytest.mark.parametrize("header", FORGED.values(), ids=FORGED.keys())
def test_no_header_makes_a_tenant(call, header):
    for model in ("gpt", "lab"):
        assert call(model, headers=(header,)).record["reason"] == "unknownTenant"
        assert call(model, OTHER, headers=(header,)).record["reason"] == "unknownTenant"


def test_the_provider_is_told_of_the_client_by_the_gateway_alone(call):
    seen = call("gpt", FINANCE, headers=((XFCC, f"URI={OTHER}"),))
    (told,) = [value.decode() for value in seen.upstream.all(XFCC)]
    assert f"URI={FINANCE}" in told
    assert OTHER not in told


# Tokens.


def bearing(token: str) -> tuple:
    return (("authorization", f"Bearer {token}"),)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_claim_of_a_signed_token_makes_the_tenant(call, issuer, other_issuer, algorithm):
    for one in (issuer, other_issuer):
        seen = call("lab", headers=bearing(one.token(algorithm, org="acme")))
        assert (seen.status, seen.record["tenant"]) == (200, "acme")
    assert call("gpt", headers=bearing(issuer.token(algorithm, org="acme"))).record["reason"] == "noCandidate"
    assert call("lab", headers=bearing(issuer.token(algorithm, org="other"))).record["reason"] == "unknownTenant"


def test_scopes_are_a_list(call, issuer):
    """Istio splits `scope` and `permission` at blanks."""
    assert call("gpt", headers=bearing(issuer.token(scope="openid llm.read"))).record["tenant"] == "readers"
    assert call("gpt", headers=bearing(issuer.token(scope="openid llm.readers"))).record["reason"] == "unknownTenant"


def test_the_token_itself_stays_here(call, issuer):
    """Unless `forwardOriginalToken` says otherwise."""
    assert call("lab", headers=bearing(issuer.token(org="acme"))).upstream.header("authorization") is None


BAD = {
    "expired": lambda one, _: one.token(org="acme", exp=1),
    "not-yet": lambda one, _: one.token(org="acme", nbf=4_000_000_000),
    "another-audience": lambda one, _: one.token(org="acme", aud="web"),
    "unknown-issuer": lambda one, _: one.token(org="acme", iss="https://nobody.test"),
    "one-issuers-name-anothers-key": lambda one, other: other.token(org="acme", iss=one.name),
    "no-algorithm": lambda one, _: one.token("none", org="acme"),
    "public-key-as-secret": lambda one, _: one.token("HS256", org="acme"),
    "claims-altered": lambda one, _: altered(one.token(org="other"), org="acme"),
    "signature-left-out": lambda one, _: one.token(org="acme").rpartition(".")[0] + ".",
    "no-token": lambda _one, _: "acme",
    "empty": lambda _one, _: "..",
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD.keys())
def test_a_bad_token_is_turned_away_before_the_router(call, issuer, other_issuer, make, request):
    seen = call("lab", headers=bearing(make(issuer, other_issuer)))
    assert (seen.status, seen.log["record"], seen.reached) == (
        403 if "audience" in request.node.callspec.id else 401,
        None,
        [],
    )


def test_a_bad_token_beside_a_good_one_adds_nothing(call, edge, issuer):
    good, forged = issuer.token(org="other"), altered(issuer.token(org="other"), org="acme")
    for headers in (
        bearing(good) + bearing(forged),
        bearing(forged) + bearing(good),
        (("authorization", f"Bearer {good}, Bearer {forged}"),),
    ):
        seen = call("lab", headers=headers)
        assert seen.reached == []
        assert seen.status == 401 or seen.record["reason"] == "unknownTenant"
    for first, second in ((good, forged), (forged, good)):
        seen = edge.ask(f"/v1/chat/completions?access_token={first}", {"model": "lab", "messages": []}, bearing(second))
        assert seen.reached == []


def test_a_token_where_nobody_looks_for_it_makes_nobody(call, issuer):
    for name in ("x-authorization", "proxy-authorization", "cookie", "x-goog-iap-jwt-assertion"):
        assert call("lab", headers=((name, f"Bearer {issuer.token(org='acme')}"),)).record["reason"] == "unknownTenant"


def test_a_certificate_and_a_token_take_the_first_tenant_that_matches(call, issuer):
    assert call("gpt", FINANCE, headers=bearing(issuer.token(org="acme"))).record["tenant"] == "finance"
    assert call("lab", OTHER, headers=bearing(issuer.token(org="acme"))).record["tenant"] == "acme"


# Through another gateway.


HOST = "inner.mesh.example"


def chain_to(inner: gateway.Gateway, authority) -> dict:
    """A gateway without Pointsman in front of it: it demands certificates of clients, and shows its own to the inner
    gateway."""
    name = {"namespace": rendered.NAMESPACE}
    port = {"number": 443, "name": "https", "protocol": "HTTPS"}
    entry = {"hosts": [HOST], "ports": [port], "resolution": "DNS"}
    tls = {
        "mode": "MUTUAL",
        "clientCertificate": "/front.pem",
        "privateKey": "/front.key",
        "sni": "edge.test",
        "subjectAltNames": ["edge.test"],
    }
    server = {
        "port": {"number": PORT, "name": "https", "protocol": "HTTPS"},
        "hosts": ["*"],
        "tls": {"mode": "MUTUAL", "credentialName": "llm"},
    }
    routes = {"hosts": ["*"], "gateways": ["front"], "http": [{"route": [{"destination": {"host": HOST}}]}]}
    manifests = [
        {
            "kind": "Gateway",
            "metadata": {"name": "front", **name},
            "spec": {"selector": rendered.LABELS, "servers": [server]},
        },
        {"kind": "VirtualService", "metadata": {"name": "front", **name}, "spec": routes},
        {"kind": "ServiceEntry", "metadata": {"name": "inner", **name}, "spec": entry},
        {
            "kind": "DestinationRule",
            "metadata": {"name": "inner", **name},
            "spec": {"host": HOST, "trafficPolicy": {"tls": tls}},
        },
    ]
    secrets = {
        CREDENTIAL: authority.pair("front-edge"),
        CREDENTIAL + "-cacert": authority.roots(),
        "file-cert:/front.pem~/front.key": authority.pair("front", GATEWAY),
    }
    return {"manifests": manifests, "secrets": secrets, "authority": authority, "elsewhere": {HOST: inner.port}}


def test_behind_another_gateway_the_caller_is_that_gateway(world, authority, tmp_path):
    """What it says of its own client is a header, and no header makes a tenant."""
    with (
        fixtures.running(world, tmp_path / "inner", POLICY, **secured(authority, "MUTUAL")) as inner,
        gateway.running(
            world[0],
            world[1],
            POLICY,
            workload=fixtures.pod("1.29.1"),
            folder=tmp_path / "front",
            **chain_to(inner, authority),
        ) as front,
    ):
        front.tls = authority.client_context(authority.issue("client", FINANCE))
        for headers in ((), ((XFCC, f"URI={FINANCE}"),)):
            answer = front.chat("lab", headers=headers)
            (request,) = inner.received(answer.test_id)
            assert answer.status == 200
            assert (inner.access_log_of(answer.test_id)["cluster"], request.provider) == (
                f"outbound|443||{rendered.host_of('provider')};",
                "provider",
            )
            assert f"URI={GATEWAY}" in request.header(XFCC)
            assert FINANCE not in request.header(XFCC)
            assert front.chat("gpt", headers=headers).status == 403
        front.tls = authority.client_context(None)
        assert is_turned_away(lambda: front.chat("lab"))
        inner.assert_healthy()
