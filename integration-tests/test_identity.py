"""Who is calling: the SPIFFE identity of a client certificate, and the claims of a verified token."""

import json
import struct
import subprocess

import pytest

from harness import certificates, locations, tokens
from istiod.jwt import Issuer, altered

# A text, and the number whose eight bytes are the same.
EIGHT = "adminadm"
SAME_BYTES = struct.unpack("<d", EIGHT.encode())[0]
# A text that is, byte for byte, how a host writes the list `["admin"]`.
LIST_AS_TEXT = (struct.pack("<III", 1, 5, 0) + b"admin\0\0").decode()

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
        {"name": "admins", "match": {"claims": [{"name": "groups", "contains": "admin"}]}},
        {"name": "corporate", "match": {"claims": [{"name": "company", "value": "corp-*"}]}},
        {"name": "anybody", "match": {"claims": [{"name": "any", "value": "*"}]}},
        {"name": "numbered", "match": {"claims": [{"name": "level", "values": [7, -3, False]}]}},
        {"name": "listed", "match": {"claims": [{"name": "levels", "contains": 7}]}},
        {"name": "spelled", "match": {"claims": [{"name": "level", "value": EIGHT}]}},
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


TYPED = [
    ({"groups": ["user", "admin"]}, "admins"),
    ({"groups": "openid admin"}, "admins"),
    ({"groups": ["admin", 7, ["x"]]}, "admins"),
    ({"groups": ["user\0admin"]}, None),
    ({"groups": "user\0admin"}, None),
    ({"groups": "admin\0"}, None),
    ({"groups": ["\0admin"]}, None),
    ({"groups": ["admin\0"]}, None),
    ({"groups": LIST_AS_TEXT}, None),
    ({"groups": [LIST_AS_TEXT]}, None),
    ({"groups": {"admin": ""}}, None),
    ({"groups": {"admin": True}}, None),
    ({"groups": {"admin": "", "b": ""}}, None),
    ({"groups": {"admin": []}}, None),
    ({"groups": {"0": "admin"}}, None),
    ({"groups": [["admin"]]}, None),
    ({"groups": [{"admin": ""}]}, None),
    ({"company": "corp-a"}, "corporate"),
    ({"company": {"corp-a": ""}}, None),
    ({"company": ["corp-a", "evil"]}, None),
    ({"company": ["corp-a"]}, None),
    ({"any": "\0"}, "anybody"),
    ({"any": 1}, None),
    ({"any": True}, None),
    ({"any": None}, None),
    ({"any": []}, None),
    ({"any": {}}, None),
    ({"any": [""]}, None),
    ({"level": 7}, "numbered"),
    ({"level": -3.0}, "numbered"),
    ({"level": False}, "numbered"),
    ({"level": True}, None),
    ({"level": "7"}, None),
    ({"level": 7.5}, None),
    ({"level": [7]}, None),
    ({"levels": [1, 7]}, "listed"),
    ({"levels": ["7"]}, None),
    ({"levels": 7}, None),
    ({"level": EIGHT}, "spelled"),
    ({"level": SAME_BYTES}, None),
]


@pytest.mark.parametrize(("claims", "tenant"), TYPED)
def test_a_claim_has_the_type_that_its_issuer_wrote(call, claims, tenant):
    seen = call("lab", headers=bearing(**claims))
    assert (seen.record.get("tenant"), seen.status) == (tenant, 200 if tenant else 403)


@pytest.mark.parametrize(("claims", "tenant"), TYPED)
def test_the_command_line_reads_types_as_the_proxy_does(claims, tenant, tmp_path):
    [(name, value)] = claims.items()
    policy, request = tmp_path / "policy.json", tmp_path / "request.json"
    policy.write_text(json.dumps(POLICY))
    request.write_text('{"model": "lab", "messages": []}')
    command = [locations.CLI, "explain", policy, "--request", request, "--output", "json"]
    done = subprocess.run([*command, "--claim", f"{name}:={json.dumps(value)}"], capture_output=True, check=True)
    assert json.loads(done.stdout).get("tenant") == tenant


def test_a_certificate_and_a_token_take_the_first_tenant_that_matches(call):
    assert call("gpt", FINANCE, headers=bearing(org="acme")).record["tenant"] == "finance"
