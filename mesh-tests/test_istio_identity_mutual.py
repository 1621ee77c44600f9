"""In a real mesh: a gateway in mode MUTUAL, which demands a certificate of every client, and a RequestAuthentication
beside it. Tenants are made by the one and by the other, and by nothing that a header says."""

import pytest

from istiod.gateway import Authority
from istiod.jwt import encode
from mesh.identity import asking
from test_identity_istio import (
    FINANCE,
    FORGED,
    OTHER,
    POLICY,
    XFCC,
    altered,
    authority,
    bearing,
    call,
    is_turned_away,
    issuer,
    other_issuer,
)

__all__ = ["authority", "call", "issuer", "other_issuer"]


@pytest.fixture(scope="module", params=[pytest.param(("1.40.0", hold), id=hold) for hold in ("gate", "stop")])
def world(request):
    return request.param


@pytest.fixture(scope="module")
def shared_edge(istiod, registry, world, tmp_path_factory, authority, issuer):
    folder = tmp_path_factory.mktemp("gateway")
    with asking(istiod, registry, world, folder, POLICY, "MUTUAL", authority, FINANCE, issuer) as edge:
        yield edge


def test_whoever_has_no_certificate_is_not_let_in(call, issuer, tmp_path):
    for headers in ((), bearing(issuer.token(org="acme")), ((XFCC, f"URI={FINANCE}"),)):
        assert is_turned_away(lambda headers=headers: call("lab", headers=headers))
    assert is_turned_away(lambda: call("gpt", FINANCE, signed_by=Authority(tmp_path)))


def test_a_certificate_makes_one_tenant_and_a_token_another(call, issuer):
    token = bearing(issuer.token(org="acme"))
    for uri, headers, model, tenant in (
        (FINANCE, (), "gpt", "finance"),
        (OTHER, token, "lab", "acme"),
        (FINANCE, token, "gpt", "finance"),
    ):
        seen = call(model, uri, headers=headers)
        assert (seen.status, seen.record["tenant"]) == (200, tenant)


def test_a_certificate_that_nobody_is_named_by_makes_no_tenant(call, issuer, other_issuer):
    stranger = other_issuer.token(org="acme")
    forged = altered(issuer.token(org="other"), org="acme")
    assert call("gpt", OTHER).record["reason"] == "unknownTenant"
    assert call("lab", OTHER, headers=bearing(issuer.token(org="other"))).record["reason"] == "unknownTenant"
    for token in (stranger, forged):
        seen = call("lab", OTHER, headers=bearing(token))
        assert (seen.status, seen.log["record"], seen.reached) == (401, None, [])


CLAIMS = b'{"iss":"https://issuer.test","org":"acme","scope":"llm.read"}'
MORE = {
    "unsigned-token-elsewhere": ("x-jwt-assertion", f"{encode(b'{}')}.{encode(CLAIMS)}."),
    "istios-own": ("x-envoy-jwt-payload", encode(CLAIMS)),
    "userinfo": ("x-apigateway-api-userinfo", encode(CLAIMS)),
}


@pytest.mark.parametrize("header", [*FORGED.values(), *MORE.values()], ids=[*FORGED.keys(), *MORE.keys()])
def test_no_header_makes_a_tenant(call, issuer, header):
    for model in ("gpt", "lab"):
        for token in ((), bearing(issuer.token(org="other"))):
            seen = call(model, OTHER, headers=(header, *token))
            assert (seen.record["reason"], seen.reached) == ("unknownTenant", [])


def test_the_provider_is_told_of_the_certificate_that_was_shown(call):
    seen = call("gpt", FINANCE, headers=((XFCC, f"URI={OTHER}"), (XFCC, f"Hash=00;URI={OTHER}")))
    (told,) = [value.decode() for value in seen.upstream.all(XFCC)]
    assert f"URI={FINANCE}" in told and OTHER not in told
