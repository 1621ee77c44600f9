"""JSON Web Tokens as an identity provider signs them, with RSA and elliptic curves; and as somebody forges them."""

import base64
import hashlib
import hmac
import json
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def of_number(number: int, size: int) -> str:
    return encode(number.to_bytes(size, "big"))


class Issuer:
    """An identity provider with two keys."""

    def __init__(self, name: str):
        self.name = name
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())

    def jwks(self) -> str:
        """The public keys, as `jwks_uri` has them."""
        one, other = self.rsa.public_key().public_numbers(), self.ec.public_key().public_numbers()
        keys = [
            {"kty": "RSA", "alg": "RS256", "kid": "rsa", "n": of_number(one.n, 256), "e": of_number(one.e, 3)},
            {
                "kty": "EC",
                "alg": "ES256",
                "kid": "ec",
                "crv": "P-256",
                "x": of_number(other.x, 32),
                "y": of_number(other.y, 32),
            },
        ]
        return json.dumps({"keys": keys})

    def token(self, algorithm: str = "RS256", **claims) -> str:
        """A token of this issuer, for an hour from now, unless the claims say otherwise."""
        now = int(time.time())
        claims = {"iss": self.name, "sub": "someone", "aud": "llm", "iat": now, "exp": now + 3600, **claims}
        signed = start({"alg": algorithm, "typ": "JWT", "kid": "ec" if algorithm == "ES256" else "rsa"}, claims)
        return f"{signed}.{encode(self._signature(algorithm, signed.encode()))}"

    def _signature(self, algorithm: str, signed: bytes) -> bytes:
        match algorithm:
            case "RS256":
                return self.rsa.sign(signed, padding.PKCS1v15(), hashes.SHA256())
            case "ES256":
                r, s = decode_dss_signature(self.ec.sign(signed, ec.ECDSA(hashes.SHA256())))
                return r.to_bytes(32, "big") + s.to_bytes(32, "big")
            case "HS256":
                # The oldest trick: the public key taken for a shared one.
                form = serialization.PublicFormat.SubjectPublicKeyInfo
                public = self.rsa.public_key().public_bytes(serialization.Encoding.PEM, form)
                return hmac.new(public, signed, hashlib.sha256).digest()
        return b""


def start(header: dict, claims: dict) -> str:
    return ".".join(encode(json.dumps(part).encode()) for part in (header, claims))


def altered(token: str, **claims) -> str:
    """The token with other claims and the old signature."""
    header, payload, signature = token.split(".")
    was = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return f"{header}.{encode(json.dumps({**was, **claims}).encode())}.{signature}"
