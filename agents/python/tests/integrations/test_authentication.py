"""JSON Web Tokens: what is accepted, and everything that is not."""

from __future__ import annotations

import builtins
import json
import time
from typing import Any

import pytest
from joserfc import jwk, jwt

from configsvc_agent.integrations import authentication
from configsvc_agent.integrations.authentication import Authenticator, Unauthenticated

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # pytest resets filters

KEYS = {
    "ed": ("EdDSA", jwk.OKPKey.generate_key("Ed25519")),
    "ec": ("ES256", jwk.ECKey.generate_key("P-256")),
    "rsa": ("RS256", jwk.RSAKey.generate_key(2048)),
}
NOW = 1_800_000_000.0


def requirement(**changes: Any) -> str:  # noqa: ANN401  JSON
    """A requirement that knows all keys."""
    given = {
        "apiKeyHeader": "x-api-key",
        "apiKeys": [],
        "scopes": [],
        "jwt": {
            "issuer": "https://login",
            "audiences": ["players", "scores"],
            "leeway": 5_000_000,
            "keys": [
                {"id": name, "algorithm": algorithm, "jwk": key.as_dict(private=False)}
                for name, (algorithm, key) in KEYS.items()
            ],
        },
    }
    return json.dumps(given | changes)


def token(signer: str = "ed", header: dict[str, Any] | None = None, **claims: Any) -> str:  # noqa: ANN401
    """A good token, but for what is changed; a claim given as None is left out."""
    algorithm, key = KEYS[signer]
    body = {
        "iss": "https://login",
        "aud": ["players"],
        "exp": NOW + 60,
        "sub": "p1",
        "scope": "read write",
    } | claims
    given = {name: value for name, value in body.items() if value is not None}
    return jwt.encode(
        {"alg": algorithm, "kid": signer} | (header or {}), given, key, algorithms=[algorithm]
    )


def check(sent: str, rules: str | None = None) -> str:
    """Whom a token is from."""
    headers = {"authorization": f"Bearer {sent}"}
    return Authenticator(lambda: NOW).check(rules or requirement(), headers.get)


@pytest.mark.parametrize("signer", list(KEYS))
def test_a_good_token(signer: str) -> None:
    """Each algorithm is known."""
    assert check(token(signer)) == "p1"


@pytest.mark.parametrize(
    "claims",
    [{"aud": "scores"}, {"exp": NOW - 4}, {"nbf": NOW + 4}, {"sub": ""}],
)
def test_what_is_good_enough(claims: dict[str, Any]) -> None:
    """One audience is enough, clocks may differ by the leeway."""
    assert check(token(**claims)) == claims.get("sub", "p1")


@pytest.mark.parametrize(
    ("claims", "text"),
    [
        ({"exp": NOW - 6}, "has expired"),
        ({"exp": None}, "has expired, or does not say when"),
        ({"exp": "soon"}, "cannot be verified|has expired"),
        ({"nbf": NOW + 6}, "not valid yet"),
        ({"iss": "https://evil"}, "issued by somebody else"),
        ({"iss": None}, "issued by somebody else"),
        ({"aud": ["bank"]}, "meant for somebody else"),
        ({"aud": None}, "meant for somebody else"),
    ],
)
def test_claims_that_do_not_do(claims: dict[str, Any], text: str) -> None:
    """Expiry is required, and so are issuer and audience."""
    with pytest.raises(Unauthenticated, match=text):
        check(token(**claims))


def test_another_signature() -> None:
    """A token whose key is not the one it names is refused."""
    head, body, _ = token("ed").split(".")
    signature = token("ed", sub="p2").split(".")[2]

    with pytest.raises(Unauthenticated, match="cannot be verified"):
        check(f"{head}.{body}.{signature}")


@pytest.mark.parametrize("kid", ["unknown", "ec"])
def test_a_key_that_is_not_known_or_of_another_algorithm(kid: str) -> None:
    """The algorithm is the key's, not the token's."""
    with pytest.raises(Unauthenticated):
        check(token("ed", header={"kid": kid}))


def test_no_signature_at_all() -> None:
    """The algorithm ``none`` does not exist here."""
    import base64  # noqa: PLC0415  only here

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    forged = f"{part({'alg': 'none', 'kid': 'ed'})}.{part({'sub': 'p1', 'exp': NOW + 9})}."
    with pytest.raises(Unauthenticated):
        check(forged)


@pytest.mark.parametrize("sent", ["", "x", "a.b.c", "x" * 9000, "é"])
def test_what_is_no_token(sent: str) -> None:
    """Anything else is refused without a crash."""
    with pytest.raises(Unauthenticated):
        check(sent)


def test_a_key_that_has_expired() -> None:
    """A retired key verifies nothing."""
    rules = json.loads(requirement())
    rules["jwt"]["keys"][0]["notAfter"] = "2020-01-01T00:00:00Z"

    with pytest.raises(Unauthenticated, match="a key that has expired"):
        check(token("ed"), json.dumps(rules))


def test_scopes() -> None:
    """The token's scopes are those of its claim, separated by spaces."""
    assert check(token(), requirement(scopes=["read"])) == "p1"
    with pytest.raises(Unauthenticated, match="lacks the scope admin") as caught:
        check(token(), requirement(scopes=["read", "admin"]))
    assert caught.value.status == 403


def test_without_the_extra_nobody_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A requirement that cannot be checked is not skipped."""
    authentication._jose.cache_clear()
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  as the real one
        if name.startswith("joserfc"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(Unauthenticated, match="install configsvc-agent") as caught:
        check("a.b.c")
    assert caught.value.status == 503


def test_the_wall_clock_is_the_default() -> None:
    """Outside of tests, now is now."""
    headers = {"authorization": f"Bearer {token(exp=time.time() + 60)}"}

    assert Authenticator().check(requirement(), headers.get) == "p1"
