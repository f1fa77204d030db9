"""Who may call: API keys, and JSON Web Tokens with the extra ``jose``.

The requirement is the bundle's ``AUTHENTICATION``: everything in it is public. A requirement that
cannot be checked here lets nobody in.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

from configsvc_agent import AgentError

Header = Callable[[str], "str | None"]

MAX_TOKEN = 8192
"""Longest credential in characters that is looked at."""

_MICROSECONDS = 1_000_000


class Unauthenticated(AgentError):  # noqa: N818  it is a verdict on the caller, not a failure
    """The caller did not show what the operation requires; ``status`` is 401 or 403."""

    def __init__(self, detail: str, *, status: int = 401) -> None:
        self.status = status
        self.code = "unauthenticated" if status == 401 else "forbidden"  # noqa: PLR2004  as above
        super().__init__(detail)


class Authenticator:
    """Checks credentials. ``now`` is the wall clock in seconds."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now

    def check(self, requirement: str, header: Header) -> str:
        """Who the caller is: the API key's id, or the token's ``sub``.

        Raises:
            Unauthenticated: no credential, or none that the requirement accepts.
        """
        wanted = _requirement(requirement)
        key = header(wanted["apiKeyHeader"]) if wanted["apiKeys"] else None
        if key is not None:
            subject, scopes = self._by_key(wanted, key)
        else:
            subject, scopes = self._by_token(wanted, header("authorization"))
        missing = [scope for scope in wanted["scopes"] if scope not in scopes]
        if missing:
            raise Unauthenticated(f"{subject!r} lacks the scope {', '.join(missing)}", status=403)
        return subject

    def _by_key(self, wanted: Mapping[str, Any], presented: str) -> tuple[str, frozenset[str]]:
        digest = hashlib.sha256(presented[:MAX_TOKEN].encode()).hexdigest()
        found = None
        for key in wanted["apiKeys"]:  # all of them, so that the time tells nothing
            if hmac.compare_digest(str(key["sha256"]), digest):
                found = key
        if found is None:
            raise Unauthenticated("the API key is not known")
        if "notAfter" in found and self._now() > _seconds(found["notAfter"]):
            raise Unauthenticated(f"the API key {found['id']!r} has expired")
        return str(found["id"]), frozenset(found.get("scopes", ()))

    def _by_token(
        self, wanted: Mapping[str, Any], authorization: str | None
    ) -> tuple[str, frozenset[str]]:
        rules = wanted["jwt"]
        scheme, _, token = (authorization or "").partition(" ")
        if rules is None or scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN:
            raise Unauthenticated("a credential is required and none was sent")
        claims = _verified(token.strip(), rules["keys"])
        self._check_claims(claims, rules)
        scope = claims.get("scope", "")
        return str(claims.get("sub", "")), frozenset(str(scope).split())

    def _check_claims(self, claims: Mapping[str, Any], rules: Mapping[str, Any]) -> None:
        now, leeway = self._now(), rules.get("leeway", 0) / _MICROSECONDS
        expires, starts, audience = claims.get("exp"), claims.get("nbf", 0), claims.get("aud", [])
        if not _is_time(expires) or now > expires + leeway:
            raise Unauthenticated("the token has expired, or does not say when")
        if not _is_time(starts) or now < starts - leeway:
            raise Unauthenticated("the token is not valid yet")
        if claims.get("iss") != rules["issuer"]:
            raise Unauthenticated("the token was issued by somebody else")
        audiences = [audience] if isinstance(audience, str) else audience
        if not isinstance(audiences, list) or not set(rules["audiences"]) & set(
            map(str, audiences)
        ):
            raise Unauthenticated("the token is meant for somebody else")


@lru_cache(maxsize=256)
def _requirement(text: str) -> Mapping[str, Any]:
    given = json.loads(text)
    return {
        "jwt": given.get("jwt"),
        "apiKeys": given.get("apiKeys", []),
        "apiKeyHeader": str(given.get("apiKeyHeader", "x-api-key")).lower(),
        "scopes": given.get("scopes", []),
    }


def _verified(token: str, keys: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The claims of ``token``, if the key that it names has signed it by that key's algorithm."""
    try:
        jose = _jose()
    except ImportError as error:
        raise Unauthenticated(
            "tokens cannot be checked here: install configsvc-agent[jose]", status=503
        ) from error
    try:
        named = jose.jws.extract_compact(token.encode()).headers().get("kid")
        key = next((each for each in keys if each["id"] == named), None)
        if key is None:
            raise Unauthenticated("the token is signed by a key that is not known")
        if "notAfter" in key and time.time() > _seconds(key["notAfter"]):
            raise Unauthenticated("the token is signed by a key that has expired")
        public = jose.jwk.import_key(dict(key["jwk"]))
        allowed = _ALGORITHMS.get(key["algorithm"], [])
        claims: Mapping[str, Any] = jose.jwt.decode(token, public, algorithms=allowed).claims
    except (jose.errors.JoseError, ValueError, TypeError) as error:
        raise Unauthenticated("the token cannot be verified") from error
    return claims


_ALGORITHMS = {"RS256": ["RS256"], "ES256": ["ES256"], "EdDSA": ["EdDSA", "Ed25519"]}
"""What a token may call the algorithm of a key; RFC 9864 renamed the last one."""


@cache
def _jose() -> Any:  # noqa: ANN401  a module
    """The library for tokens; only services whose bundle asks for them need it."""
    import joserfc.errors  # noqa: PLC0415  see above
    import joserfc.jwk  # noqa: PLC0415  see above
    import joserfc.jws  # noqa: PLC0415  see above
    import joserfc.jwt  # noqa: PLC0415  see above

    # Which name a token uses is the issuer's choice, and no news for each request.
    warnings.filterwarnings("ignore", "EdDSA is deprecated", joserfc.errors.SecurityWarning)
    return joserfc


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _seconds(text: str) -> float:
    """A date or time of RFC 3339 in seconds since 1970; a date ends with its day."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp() + (86_400 if len(text) == len("2026-01-01") else 0)
