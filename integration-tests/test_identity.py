"""Who is calling: the SPIFFE identity of a client certificate, and the claims of a verified token."""

import pytest

from harness import certificates, tokens
from istiod.jwt import Issuer, altered

POLICY = {
    "models": [{"name": "gpt", "cluster": "provider"}, {"name": "lab", "cluster": "provider"}],
    "tenants": [
        {
            "name": "finance",
            "match": {"principals": ["spiffe://cluster.local/ns/finance/*"]},
            "models": {"allow": ["gpt"]},
        },
        {"name": "acme", "match": {"claims": [{"name": "org", "value": "acme"}]}, "models": {"allow": ["lab"]}},
        {"name": "operators", "match": {"claims": [{"name": "realm.roles", "contains": "operator"}]}},
    ],
}
FINANCE = "spiffe://cluster.local/ns/finance/sa/reports"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return certificates.Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def issuer():
    return Issuer("https://signed.test")


@pytest.fixture(scope="module")
def shared_edge(started, authority, issuer):
    tls = certificates.transport_socket(authority, authority.issue("edge"))
    return started(front_filters=(authentication(issuer),), transport_socket=tls)


def authentication(issuer: Issuer) -> dict:
    """`jwt_authn` for two issuers: one with a shared key, one that signs."""
    built = tokens.authentication_filter()
    config = built["typed_config"]
    keys = {"inline_string": issuer.jwks()}
    config["providers"]["signed"] = {
        "issuer": issuer.name,
        "local_jwks": keys,
        "payload_in_metadata": "jwt_payload",
        "forward": True,
    }
    config["rules"][0]["requires"]["requires_any"]["requirements"].insert(0, {"provider_name": "signed"})
    return built


@pytest.fixture
def call(edge, authority):
    """Asks for a model with a certificate of these URIs, or with none, and with these headers."""

    def ask(model: str, *uris: str, headers: tuple = ()):
        pair = authority.issue("client", *uris) if uris else None
        edge.tls = authority.client_context(pair)
        return edge.chat(model, headers=headers)

    yield ask
    edge.tls = None


def bearing(**claims) -> tuple:
    return (("authorization", f"Bearer {tokens.token(**claims)}"),)


def test_a_certificates_identity_makes_the_tenant(call):
    seen = call("gpt", FINANCE)
    assert (seen.status, seen.record["tenant"]) == (200, "finance")
    assert call("lab", FINANCE).status == 403


@pytest.mark.parametrize(
    "uri", ["spiffe://cluster.local/ns/financeteam/sa/x", "spiffe://other/ns/finance/sa/x", "https://finance"]
)
def test_another_identity_is_nobody(call, uri):
    seen = call("gpt", uri)
    assert (seen.status, seen.record["reason"]) == (403, "unknownTenant")


def test_no_certificate_is_nobody(call):
    assert call("gpt").record["reason"] == "unknownTenant"


def test_a_header_cannot_stand_in_for_a_certificate(call):
    forged = (("x-forwarded-client-cert", f"URI={FINANCE}"), ("x-spiffe-id", FINANCE))
    assert call("gpt", headers=forged).record["reason"] == "unknownTenant"
    assert call("gpt", "spiffe://cluster.local/ns/other/sa/x", headers=forged).record["reason"] == "unknownTenant"


def test_a_second_name_of_a_certificate_makes_nobody(call):
    assert call("gpt", "spiffe://cluster.local/ns/other/sa/x", FINANCE).record["reason"] == "unknownTenant"


def test_a_claim_makes_the_tenant(call):
    seen = call("lab", headers=bearing(org="acme"))
    assert (seen.status, seen.record["tenant"]) == (200, "acme")
    assert call("gpt", headers=bearing(org="acme")).status == 403


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_claim_of_a_signed_token_makes_the_tenant(call, issuer, algorithm):
    signed = (("authorization", f"Bearer {issuer.token(algorithm, org='acme')}"),)
    seen = call("lab", headers=signed)
    assert (seen.status, seen.record["tenant"]) == (200, "acme")


FORGED = {
    "expired": lambda issuer: issuer.token(org="acme", exp=1),
    "another-issuer": lambda issuer: issuer.token(org="acme", iss="https://nobody.test"),
    "no-algorithm": lambda issuer: issuer.token("none", org="acme"),
    "public-key-as-secret": lambda issuer: issuer.token("HS256", org="acme"),
    "altered": lambda issuer: altered(issuer.token(org="other"), org="acme"),
    "another-key": lambda issuer: Issuer(issuer.name).token(org="acme"),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
def test_a_forged_token_makes_nobody(call, issuer, forge):
    token = forge(issuer)
    seen = call("lab", headers=(("authorization", f"Bearer {token}"),))
    assert (seen.status, seen.log["record"], seen.reached) == (401, None, [])
    payload = token.split(".")[1]
    elsewhere = (
        ("x-jwt-payload", payload),
        ("x-authorization", f"Bearer {token}"),
        ("cookie", f"jwt_payload={payload}"),
    )
    assert call("lab", headers=elsewhere).record["reason"] == "unknownTenant"


def test_another_claim_is_nobody(call):
    assert call("lab", headers=bearing(org="other")).record["reason"] == "unknownTenant"
    assert call("lab", headers=bearing(team="acme")).record["reason"] == "unknownTenant"


def test_an_item_of_a_nested_list_makes_the_tenant(call):
    seen = call("gpt", headers=bearing(realm={"roles": ["reader", "operator"]}))
    assert (seen.status, seen.record["tenant"]) == (200, "operators")
    assert call("gpt", headers=bearing(realm={"roles": ["reader"]})).record["reason"] == "unknownTenant"


@pytest.mark.parametrize(
    "claim", [17, True, None, {"a": "acme"}, [], ["x"], ["acme"], "acme\u0000", "ac\u00e9", "x" * 5000]
)
def test_a_claim_of_an_odd_kind_breaks_nothing(call, claim):
    assert call("lab", headers=bearing(org=claim)).record["reason"] == "unknownTenant"
    assert call("lab", headers=bearing(realm=claim)).record["reason"] == "unknownTenant"


def test_a_certificate_and_a_token_take_the_first_tenant_that_matches(call):
    assert call("gpt", FINANCE, headers=bearing(org="acme")).record["tenant"] == "finance"
