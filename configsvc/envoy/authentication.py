"""Authentication as Envoy enforces it: JSON Web Tokens with the keys in the configuration.

Envoy's own filter keeps API keys in the clear, and no secret is in any document: a script of ours
compares digests (`api_keys.lua`). A requirement that nobody can meet lets nobody in.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from typing import Final

from envoy.extensions.filters.http.jwt_authn.v3.config_pb2 import (
    JwtAuthentication,
    PerRouteConfig,
)
from envoy.extensions.filters.http.lua.v3.lua_pb2 import Lua
from envoy.extensions.filters.http.rbac.v3.rbac_pb2 import RBAC, RBACPerRoute

from configsvc.envoy.messages import Tree, extension, pack
from configsvc.model.quantities import SECOND
from configsvc.model.trust import ApiKey, Authentication, Jwt, JwtKey

JWT: Final = "envoy.filters.http.jwt_authn"
API_KEYS: Final = "envoy.filters.http.lua"
ACCESS: Final = "envoy.filters.http.rbac"

_CLAIMS = "claims"
_SCOPES = "scope"


def filters(authentications: Mapping[str, Authentication], now: int) -> list[Tree]:
    """The filters that a listener needs for these; the routes say which holds for them."""
    found = []
    verified = {name: each.jwt for name, each in authentications.items() if _good(each, now)}
    if verified:
        providers = {name: _provider(jwt, now) for name, jwt in verified.items() if jwt}
        requirements = {name: _required(name, authentications[name]) for name in verified}
        found.append(
            extension(JWT, JwtAuthentication, providers=providers, requirement_map=requirements)
        )
    if any(each.api_keys for each in authentications.values()):
        found.append(extension(API_KEYS, Lua, default_source_code={"inline_string": _SCRIPT}))
    return [*found, extension(ACCESS, RBAC)] if authentications else []


_SCRIPT = files("configsvc.envoy").joinpath("api_keys.lua").read_text(encoding="utf-8")


def _required(name: str, authentication: Authentication) -> Tree:
    """A token; or, beside API keys, any: the script decides then."""
    token: Tree = {"provider_name": name}
    if not authentication.api_keys:
        return token
    return {"requires_any": {"requirements": [token, {"allow_missing_or_failed": {}}]}}


def requirement(name: str, authentication: Authentication, now: int) -> Tree:
    """What a route requires: a verified token, and the scopes in it."""
    good = bool(_good(authentication, now))
    if not good and not authentication.api_keys:
        return {ACCESS: _rules({})}
    required = {JWT: pack(PerRouteConfig, requirement_name=name)} if good else {}
    if authentication.scopes and not authentication.api_keys:
        required[ACCESS] = _rules({"scopes": _holder_of(authentication.scopes)})
    return required


def api_keys(authentication: Authentication, now: int) -> Tree:
    """What the script needs of a route's Authentication; nothing without API keys."""
    if not authentication.api_keys:
        return {}
    return {
        "header": authentication.api_key_header.lower(),
        "keys": {
            key.sha256: {"id": key.id, "scopes": list(key.scopes)}
            for key in authentication.api_keys
            if _lasts(key, now)
        },
        "scopes": list(authentication.scopes),
    }


def next_expiry(authentications: Mapping[str, Authentication], now: int) -> int | None:
    """When the next of their keys ends, microseconds since the Unix epoch."""
    keys = (key for each in authentications.values() for key in _keys(each))
    ends = (_ends_at(key.not_after) for key in keys if key.not_after is not None)
    return min((end for end in ends if end >= now), default=None)


def _keys(authentication: Authentication) -> tuple[JwtKey | ApiKey, ...]:
    jwt = authentication.jwt
    return (*(jwt.keys if jwt else ()), *authentication.api_keys)


def _ends_at(text: str) -> int:
    """A time of RFC 3339 in microseconds since the Unix epoch."""
    return round(datetime.fromisoformat(text).timestamp() * SECOND)


def _good(authentication: Authentication, now: int) -> list[JwtKey]:
    """The keys by which a token can be verified now."""
    jwt = authentication.jwt
    return [] if jwt is None else [key for key in jwt.keys if _lasts(key, now)]


def _lasts(key: JwtKey | ApiKey, now: int) -> bool:
    return key.not_after is None or now <= _ends_at(key.not_after)


def _provider(jwt: Jwt, now: int) -> Tree:
    keys = [
        json.loads(k.jwk) | {"kid": k.id, "alg": k.algorithm} for k in jwt.keys if _lasts(k, now)
    ]
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
