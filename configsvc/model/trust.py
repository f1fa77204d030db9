"""Trust and exceptions: who may call, and which findings are accepted for a while."""

from dataclasses import dataclass
from datetime import date

from configsvc.model.quantities import Duration


@dataclass(frozen=True, slots=True)
class JwtKey:
    """One public key, bound to one algorithm; ``jwk`` is its canonical JSON text."""

    id: str
    algorithm: str
    jwk: str
    not_after: str | None = None


@dataclass(frozen=True, slots=True)
class Jwt:
    """Accepted tokens: who issued them, for whom, signed by which keys."""

    issuer: str
    audiences: tuple[str, ...]
    keys: tuple[JwtKey, ...] = ()
    jwks_url: str | None = None
    leeway: Duration = Duration(0)


@dataclass(frozen=True, slots=True)
class KeySet:
    """Keys fetched from ``url`` for the Authentication of the same name."""

    url: str
    keys: tuple[JwtKey, ...]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One API key, known by its digest only."""

    id: str
    sha256: str
    scopes: tuple[str, ...] = ()
    not_after: str | None = None


@dataclass(frozen=True, slots=True)
class Authentication:
    """Who may call; written once and referenced by name."""

    jwt: Jwt | None = None
    api_keys: tuple[ApiKey, ...] = ()
    api_key_header: str = "x-api-key"
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiver:
    """A finding that is accepted until ``expires``; edge parts and the resource are globs.

    ``pointers`` are the parts of the resource in which the finding must have a place; none: any.
    """

    code: str
    reason: str
    owner: str
    expires: date
    caller: str | None = None
    callee: str | None = None
    operation: str | None = None
    resource: str | None = None
    pointers: tuple[str, ...] = ()
