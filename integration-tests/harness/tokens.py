"""JSON Web Tokens signed with a shared key, and the key as Envoy's `jwt_authn` wants it."""

import base64
import hashlib
import hmac
import json

KEY = b"a key for tests that is long enough for HS256"
ISSUER = "https://issuer.test"


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(**claims) -> str:
    parts = [{"alg": "HS256", "typ": "JWT", "kid": "k"}, {"iss": ISSUER, **claims}]
    signed = ".".join(encode(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{encode(hmac.new(KEY, signed.encode(), hashlib.sha256).digest())}"


def authentication_filter() -> dict:
    """`jwt_authn` that leaves the payload of a valid token in dynamic metadata, and lets requests without one pass."""
    keys = json.dumps({"keys": [{"kty": "oct", "alg": "HS256", "kid": "k", "k": encode(KEY)}]})
    provider = {
        "issuer": ISSUER,
        "local_jwks": {"inline_string": keys},
        "payload_in_metadata": "jwt_payload",
        "forward": True,
    }
    requires = {"requires_any": {"requirements": [{"provider_name": "tests"}, {"allow_missing": {}}]}}
    return {
        "name": "jwt",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
            "providers": {"tests": provider},
            "rules": [{"match": {"prefix": "/"}, "requires": requires}],
        },
    }
