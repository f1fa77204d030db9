"""What the store keeps of a token: everything but its secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

from configsvc.access.errors import InvalidTokenRecordError
from configsvc.access.roles import Role
from configsvc.errors import InputError
from configsvc.model.names import check_name

T = TypeVar("T")

EVERY_NAMESPACE = "*"
"""The key of a grant that holds in every namespace, those created later included."""


class TokenKind(StrEnum):
    """Who may hold a token. The value is also the word used in messages."""

    OPERATOR = "operator"
    AGENT = "agent"
    RELAY = "relay"


@dataclass(frozen=True, slots=True)
class AgentIdentity:
    """The one service that an agent's token stands for."""

    namespace: str
    service: str

    def __post_init__(self) -> None:
        check_name("namespace", self.namespace)
        check_name("service", self.service)


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A token as stored: an operator's with `grants`, an agent's with `agent`, or a relay's.

    Args:
        id: public part of the token, 16 characters.
        digest: lower-case hexadecimal SHA-256 of the secret.
        grants: role per namespace, or under `EVERY_NAMESPACE`; empty for an agent.
        agent: whom an agent's token stands for; None for an operator.
        label: what people call it, at most 200 characters.
        created: when it was minted; all times are microseconds since the Unix epoch.
        not_after: last moment at which it is good, None for no end.
        revoked: when it was withdrawn, None while it is good.
        relay: the namespaces whose agents a relay serves; empty for everybody else.
    """

    id: str
    digest: str
    grants: Mapping[str, Role] = field(hash=False)
    agent: AgentIdentity | None
    label: str
    created: int
    not_after: int | None = None
    revoked: int | None = None
    relay: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if [bool(self.grants), self.agent is not None, bool(self.relay)].count(True) != 1:
            raise InputError(
                f"token {self.id} needs either grants (an operator), or an agent identity, or the "
                "namespaces of a relay"
            )
        if len(self.label) > _MAX_LABEL:
            raise InputError(
                f"a token's label has at most {_MAX_LABEL} characters, this one {len(self.label)}"
            )
        for namespace in (*self.grants, *self.relay):
            if namespace != EVERY_NAMESPACE or namespace in self.relay:
                check_name("namespace", namespace)
        object.__setattr__(self, "grants", MappingProxyType(dict(self.grants)))

    @property
    def kind(self) -> TokenKind:
        """Operator, agent or relay."""
        return kind_of(self.agent, self.relay)

    def revoke(self, now: int) -> "TokenRecord":
        """The same record, withdrawn; the first withdrawal's time stays."""
        return self if self.revoked is not None else replace(self, revoked=now)


def kind_of(agent: AgentIdentity | None, relay: tuple[str, ...]) -> TokenKind:
    """Who holds a token that stands for these."""
    if relay:
        return TokenKind.RELAY
    return TokenKind.AGENT if agent else TokenKind.OPERATOR


def encode_record(record: TokenRecord) -> dict[str, Any]:
    """The record as a JSON object; what is not set is left out."""
    value: dict[str, Any] = {
        "id": record.id,
        "digest": record.digest,
        "kind": record.kind.value,
        "label": record.label,
        "created": record.created,
    }
    if record.relay:
        value["relay"] = list(record.relay)
    elif record.agent:
        value["agent"] = {"namespace": record.agent.namespace, "service": record.agent.service}
    else:
        value["grants"] = {namespace: str(role) for namespace, role in record.grants.items()}
    if record.not_after is not None:
        value["notAfter"] = record.not_after
    if record.revoked is not None:
        value["revoked"] = record.revoked
    return value


def decode_record(value: Mapping[str, Any]) -> TokenRecord:
    """Read what `encode_record` wrote; unknown fields of a later version are ignored.

    Raises:
        InvalidTokenRecordError: the object is not such a record.
    """
    try:
        return TokenRecord(
            id=_checked(str, value["id"]),
            digest=_checked(str, value["digest"]),
            grants={ns: Role[role.upper()] for ns, role in value.get("grants", {}).items()},
            agent=AgentIdentity(**value["agent"]) if "agent" in value else None,
            label=_checked(str, value["label"]),
            created=_checked(int, value["created"]),
            not_after=_instant(value.get("notAfter")),
            revoked=_instant(value.get("revoked")),
            relay=tuple(value.get("relay", ())),
        )
    except (ValueError, KeyError, TypeError, AttributeError, InputError) as exc:
        raise InvalidTokenRecordError(f"{type(exc).__name__}: {exc}") from exc


def _instant(value: object) -> int | None:
    return None if value is None else _checked(int, value)


def _checked(kind: type[T], value: object) -> T:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is not of type {kind.__name__}")
    return value


_MAX_LABEL = 200
