"""Keys and tokens of the tests, made when they are needed."""

import base64
import json
import time
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import joserfc.errors
import joserfc.jwk
import joserfc.jwt


@dataclass(frozen=True, slots=True)
class KeyKind:
    """How a key is made."""

    algorithm: str
    family: str
    size: str | int


KEYS = {
    "ed": KeyKind("EdDSA", "OKP", "Ed25519"),
    "ec": KeyKind("ES256", "EC", "P-256"),
    "rsa": KeyKind("RS256", "RSA", 2048),
}
"""Those that the scenario accepts."""


def kind(name: str) -> KeyKind:
    """How a key is made; those that have no name in the scenario are of the first kind."""
    return KEYS.get(name, KEYS["ed"])


@cache
def _key(name: str) -> joserfc.jwk.Key:
    made = kind(name)
    return joserfc.jwk.generate_key(made.family, made.size, {"kid": name})


def jwk(name: str) -> dict[str, Any]:
    """The public part of a key, without its name."""
    public = _key(name).as_dict(private=False)
    return {field: value for field, value in public.items() if field not in {"kid", "use", "alg"}}


def token(key: str = "ed", *, algorithm: str | None = None, **claims: object) -> str:
    """A token that is good, but for the claims given; None takes one away."""
    now = int(time.time())
    whole = {
        "iss": "https://issuer.example.com",
        "aud": "items",
        "sub": "someone",
        "exp": now + 300,
        "scope": "items.read items.write",
    } | claims
    kept = {name: value for name, value in whole.items() if value is not None}
    header = {"alg": algorithm or kind(key).algorithm, "kid": key}
    with warnings.catch_warnings():  # what RFC 9864 renamed is what issuers still send
        warnings.simplefilter("ignore", joserfc.errors.SecurityWarning)
        return joserfc.jwt.encode(header, kept, _key(key), algorithms=[header["alg"]])


def unsigned() -> str:
    """A token that says it needs no signature."""
    parts = ({"alg": "none", "kid": "ed"}, {"iss": "https://issuer.example.com", "aud": "items"})
    texts = (base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts)
    return ".".join((*texts, ""))
