"""Authentication as Envoy enforces it: JSON Web Tokens with the keys in the configuration.

Envoy keeps API keys in the clear only, and no secret is in any document: it takes none. Who must
show one is refused, a token beside it works.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from envoy.extensions.filters.http.jwt_authn.v3.config_pb2 import (
    JwtAuthentication,
    PerRouteConfig,
)
from envoy.extensions.filters.http.rbac.v3.rbac_pb2 import RBAC, RBACPerRoute

from configsvc.envoy.messages import Tree, extension, pack
from configsvc.model.quantities import SECOND
from configsvc.model.trust import Authentication, Jwt, JwtKey

JWT: Final = "envoy.filters.http.jwt_authn"
ACCESS: Final = "envoy.filters.http.rbac"

_CLAIMS = "claims"
_SCOPES = "scope"
_DATE = len("2026-01-01")


def filters(authentications: Mapping[str, Authentication], now: int) -> list[Tree]:
    """The filters that a listener needs for these; the routes say which holds for them."""
    verified = {name: each for name, each in authentications.items() if _has_keys(each, now)}
    if not authentications:
        return []
    jwt = extension(
        JWT,
        JwtAuthentication,
        providers={name: _provider(each.jwt, now) for name, each in verified.items() if each.jwt},
        requirement_map={name: {"provider_name": name} for name in verified},
    )
    return [jwt, extension(ACCESS, RBAC)] if verified else [extension(ACCESS, RBAC)]


def requirement(name: str, authentication: Authentication, now: int) -> Tree:
    """What a route requires: a verified token, and the scopes in it."""
    if not _has_keys(authentication, now):
        return {ACCESS: _rules({})}
    required = {JWT: pack(PerRouteConfig, requirement_name=name)}
    if authentication.scopes:
        required[ACCESS] = _rules({"scopes": _holder_of(authentication.scopes)})
    return required


def next_expiry(authentications: Mapping[str, Authentication], now: int) -> int | None:
    """When the next of their keys ends, microseconds since the Unix epoch."""
    ends = (
        ends_at(key.not_after)
        for each in authentications.values()
        for key in (each.jwt.keys if each.jwt else ())
        if key.not_after is not None
    )
    return min((end for end in ends if end >= now), default=None)


def ends_at(text: str) -> int:
    """A date or time of RFC 3339 in microseconds since the Unix epoch; a date ends with its day."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if len(text) == _DATE:
        moment += timedelta(days=1)
    return round(moment.timestamp() * SECOND)


def _has_keys(authentication: Authentication, now: int) -> bool:
    """Whether some token can be verified: a requirement that nobody meets lets nobody in."""
    return authentication.jwt is not None and bool(_good(authentication.jwt, now))


def _good(jwt: Jwt, now: int) -> list[JwtKey]:
    return [key for key in jwt.keys if key.not_after is None or now <= ends_at(key.not_after)]


def _provider(jwt: Jwt, now: int) -> Tree:
    keys = [json.loads(k.jwk) | {"kid": k.id, "alg": k.algorithm} for k in _good(jwt, now)]
    return {
        "issuer": jwt.issuer,
        "audiences": jwt.audiences,
        "local_jwks": {"inline_string": json.dumps({"keys": keys}, sort_keys=True)},
        "require_expiration": True,
        # Zero would be Envoy's default of a minute.
        "clock_skew_seconds": max(1, jwt.leeway // SECOND),
        "forward": True,
        "payload_in_metadata": _CLAIMS,
        "normalize_payload_in_metadata": {"space_delimited_claims": [_SCOPES]},
    }


def _rules(policies: Mapping[str, Tree]) -> object:
    """Who is let in; without policies nobody."""
    return pack(RBACPerRoute, rbac={"rules": {"action": "ALLOW", "policies": policies}})


def _holder_of(scopes: tuple[str, ...]) -> Tree:
    principals = [{"metadata": _has_scope(scope)} for scope in scopes]
    return {"permissions": [{"any": True}], "principals": [{"and_ids": {"ids": principals}}]}


def _has_scope(scope: str) -> Tree:
    return {
        "filter": JWT,
        "path": [{"key": _CLAIMS}, {"key": _SCOPES}],
        "value": {"list_match": {"one_of": {"string_match": {"exact": scope}}}},
    }
