"""Authentication and Waiver documents."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from types import MappingProxyType

import orjson

from configsvc.model.trust import ApiKey, Authentication, Jwt, JwtKey, KeySet, Waiver
from configsvc.schema.canonical import canonical
from configsvc.schema.errors import Problem
from configsvc.schema.quantities import duration
from configsvc.schema.service_checks import duplicates
from configsvc.schema.services import Fields

LONGEST_WAIVER = timedelta(days=90)
"""How far ahead a waiver may expire on the day it is published."""

_KEYS = "/spec/jwt/keys"
_FETCHED = "/spec/keys"
_MEMBERS: Mapping[str, Mapping[str, str | None]] = MappingProxyType(
    {
        "RS256": {"kty": "RSA", "n": None, "e": None},
        "ES256": {"kty": "EC", "crv": "P-256", "x": None, "y": None},
        "EdDSA": {"kty": "OKP", "crv": "Ed25519", "x": None},
    }
)
"""What a public key of each algorithm consists of; None: any value."""

_DESCRIPTIVE = frozenset({"alg", "kid", "use"})


def read_authentication(value: Fields) -> Authentication:
    """The authentication that a valid document describes."""
    spec = value["spec"]
    return Authentication(
        jwt=_jwt(spec["jwt"]) if "jwt" in spec else None,
        api_keys=tuple(map(_api_key, spec.get("apiKeys", ()))),
        api_key_header=spec.get("apiKeyHeader", "x-api-key"),
        scopes=tuple(spec.get("scopes", ())),
    )


def read_key_set(value: Fields) -> KeySet:
    """The key set that a valid document describes."""
    spec = value["spec"]
    return KeySet(spec["url"], tuple(map(_jwt_key, spec["keys"])))


def read_waiver(value: Fields) -> Waiver:
    """The waiver that a valid document describes."""
    spec = value["spec"]
    edge = spec.get("edge", {})
    return Waiver(
        code=spec["code"],
        reason=spec["reason"],
        owner=spec["owner"],
        expires=date.fromisoformat(spec["expires"]),
        caller=edge.get("from"),
        callee=edge.get("to"),
        operation=edge.get("operation"),
        resource=spec.get("resource"),
        pointers=tuple(spec.get("pointers", ())),
    )


def authentication_problems(authentication: Authentication) -> Iterator[Problem]:
    """Every contradiction in one Authentication."""
    yield from duplicates(
        "key", (each.id for each in authentication.api_keys), "/spec/apiKeys", "id"
    )
    if authentication.jwt is not None:
        yield from _keys_problems(authentication.jwt.keys, _KEYS)


def key_set_problems(key_set: KeySet) -> Iterator[Problem]:
    """Every contradiction in one KeySet."""
    yield from _keys_problems(key_set.keys, _FETCHED)


def _keys_problems(keys: tuple[JwtKey, ...], pointer: str) -> Iterator[Problem]:
    yield from duplicates("key", (each.id for each in keys), pointer, "id")
    for index, key in enumerate(keys):
        yield from _key_problems(key, f"{pointer}/{index}/jwk")


def waiver_problems(waiver: Waiver, today: date | None) -> Iterator[Problem]:
    """A waiver that outlives the attention of whoever wrote it."""
    if today is not None and waiver.expires > today + LONGEST_WAIVER:
        latest = (today + LONGEST_WAIVER).isoformat()
        message = (
            f"{waiver.expires.isoformat()} is more than {LONGEST_WAIVER.days} days ahead: "
            f"write {latest} or earlier, and renew the waiver if it is still needed then"
        )
        yield Problem(
            "/spec/expires",
            message,
            seen=waiver.expires.isoformat(),
            allowed=(latest,),
            hint=latest,
        )


def _jwt(value: Fields) -> Jwt:
    return Jwt(
        issuer=value["issuer"],
        audiences=tuple(value["audiences"]),
        keys=tuple(map(_jwt_key, value.get("keys", ()))),
        jwks_url=value.get("jwksUrl"),
        leeway=duration(value.get("leeway", "0s")),
    )


def _jwt_key(value: Fields) -> JwtKey:
    jwk = canonical(value["jwk"]).decode()
    return JwtKey(value["id"], value["algorithm"], jwk, value.get("notAfter"))


def _api_key(value: Fields) -> ApiKey:
    return ApiKey(
        value["id"], value["sha256"], tuple(value.get("scopes", ())), value.get("notAfter")
    )


def _key_problems(key: JwtKey, pointer: str) -> Iterator[Problem]:
    """The key's type and members have to be those of its algorithm."""
    jwk = orjson.loads(key.jwk)
    needed = _MEMBERS[key.algorithm]
    for name, value in needed.items():
        if name not in jwk:
            yield Problem(
                pointer, f"a key for {key.algorithm} needs {name!r}: add it", allowed=(name,)
            )
        elif value not in (None, jwk[name]):
            message = (
                f"{jwk[name]!r} is not for {key.algorithm}: "
                f"write {value!r}, or change the algorithm"
            )
            yield Problem(f"{pointer}/{name}", message, seen=jwk[name], allowed=(str(value),))
    for name in jwk.keys() - needed.keys() - _DESCRIPTIVE:
        yield Problem(
            f"{pointer}/{name}", f"a key for {key.algorithm} has no {name!r}: remove it", seen=name
        )
    if jwk.get("alg", key.algorithm) != key.algorithm:
        message = f"{jwk['alg']!r} contradicts algorithm {key.algorithm!r}: remove it"
        yield Problem(f"{pointer}/alg", message, seen=jwk["alg"], allowed=(key.algorithm,))
