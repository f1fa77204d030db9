"""Names: what a resource is called and how it is referred to."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from configsvc.errors import InputError

API_VERSION = "configsvc/v1"
ANY_OPERATION = "*"
"""The operation of a call that matches none of those declared."""

_DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class InvalidNameError(InputError):
    """A name is not a DNS label."""

    def __init__(self, what: str, name: str) -> None:
        self.what = what
        self.name = name
        super().__init__(
            f"{what} {name[:80]!r} is not a DNS label: use 1 to 63 lower-case letters, digits and "
            "inner hyphens, such as 'score-engine'"
        )


class Kind(StrEnum):
    """Every kind of resource, in the order in which people read them."""

    SERVICE = "Service"
    TIMEOUT = "Timeout"
    RETRY = "Retry"
    CIRCUIT_BREAKER = "CircuitBreaker"
    BULKHEAD = "Bulkhead"
    RATE_LIMIT = "RateLimit"
    HEDGE = "Hedge"
    FALLBACK = "Fallback"
    AUTHENTICATION = "Authentication"
    KEY_SET = "KeySet"
    GATEWAY = "Gateway"
    ROUTE = "Route"
    BFF = "Bff"
    WAIVER = "Waiver"


POLICY_KINDS = (
    Kind.TIMEOUT,
    Kind.RETRY,
    Kind.CIRCUIT_BREAKER,
    Kind.BULKHEAD,
    Kind.RATE_LIMIT,
    Kind.HEDGE,
    Kind.FALLBACK,
)
"""Kinds that target edges and merge field by field."""

NODE_KINDS = (Kind.SERVICE, Kind.GATEWAY, Kind.BFF)
"""Kinds whose names are unique together, because each is a caller in the call graph."""


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What identifies a resource inside its namespace; written ``Retry/checkout``."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``Kind/name``.

        Raises:
            InputError: the kind is unknown or there is no slash.
            InvalidNameError: the name is not a DNS label.
        """
        kind, slash, name = text.partition("/")
        if not slash or kind not in Kind._value2member_map_:
            raise InputError(
                f"resource {text[:80]!r} is not of the form Kind/name, such as 'Retry/checkout'"
            )
        return cls(Kind(kind), check_name("name", name))


def check_name(what: str, name: str) -> str:
    """Return ``name`` if it is a DNS label (RFC 1123), else raise `InvalidNameError`."""
    if not _DNS_LABEL.fullmatch(name):
        raise InvalidNameError(what, name)
    return name
