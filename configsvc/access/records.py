"""What the store keeps of a token: everything but its secret."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from configsvc.access.errors import InvalidTokenRecordError
from configsvc.access.roles import Role
from configsvc.errors import InputError
from configsvc.model.names import check_name

EVERY_NAMESPACE = "*"
"""The key of a grant that holds in every namespace, those created later included."""


class TokenKind(StrEnum):
    """Who may hold a token. The value is also the word used in messages."""

    OPERATOR = "operator"
    AGENT = "agent"


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
    """A token as stored: an operator's with `grants`, or an agent's with `agent`; never both.

    Args:
        id: public part of the token, 16 characters.
        digest: lower-case hexadecimal SHA-256 of the secret.
        grants: role per namespace, or under `EVERY_NAMESPACE`; empty for an agent.
        agent: whom an agent's token stands for; None for an operator.
        label: what people call it, at most 200 characters.
        created: when it was minted; all times are aware.
        not_after: last moment at which it is good, None for no end.
        revoked: when it was withdrawn, None while it is good.
    """

    id: str
    digest: str
    grants: Mapping[str, Role] = field(hash=False)
    agent: AgentIdentity | None
    label: str
    created: datetime
    not_after: datetime | None = None
    revoked: datetime | None = None

    def __post_init__(self) -> None:
        if bool(self.grants) == (self.agent is not None):
            raise InputError(
                f"token {self.id} needs either grants (an operator) or an agent identity"
            )
        if len(self.label) > _MAX_LABEL:
            raise InputError(
                f"a token's label has at most {_MAX_LABEL} characters, this one {len(self.label)}"
            )
        for namespace in self.grants:
            if namespace != EVERY_NAMESPACE:
                check_name("namespace", namespace)
        object.__setattr__(self, "grants", MappingProxyType(dict(self.grants)))

    @property
    def kind(self) -> TokenKind:
        """Operator or agent."""
        return TokenKind.AGENT if self.agent else TokenKind.OPERATOR

    def revoke(self, now: datetime) -> "TokenRecord":
        """The same record, withdrawn; the first withdrawal's time stays."""
        return self if self.revoked else replace(self, revoked=now)


def encode_record(record: TokenRecord) -> bytes:
    """The record as JSON with sorted keys; absent fields are left out."""
    value: dict[str, Any] = {
        "id": record.id,
        "digest": record.digest,
        "kind": record.kind.value,
        "label": record.label,
        "created": record.created.isoformat(),
    }
    if record.agent:
        value["agent"] = {"namespace": record.agent.namespace, "service": record.agent.service}
    else:
        value["grants"] = {namespace: str(role) for namespace, role in record.grants.items()}
    if record.not_after:
        value["notAfter"] = record.not_after.isoformat()
    if record.revoked:
        value["revoked"] = record.revoked.isoformat()
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def decode_record(data: bytes) -> TokenRecord:
    """Read what `encode_record` wrote; unknown fields of a later version are ignored.

    Raises:
        InvalidTokenRecordError: the bytes are not such a record.
    """
    try:
        value = json.loads(data)
        return TokenRecord(
            id=value["id"],
            digest=value["digest"],
            grants={ns: Role[role.upper()] for ns, role in value.get("grants", {}).items()},
            agent=AgentIdentity(**value["agent"]) if "agent" in value else None,
            label=value["label"],
            created=datetime.fromisoformat(value["created"]),
            not_after=_time(value, "notAfter"),
            revoked=_time(value, "revoked"),
        )
    except (ValueError, KeyError, TypeError, AttributeError, InputError) as exc:
        raise InvalidTokenRecordError(f"{type(exc).__name__}: {exc}") from exc


def _time(value: Mapping[str, str], name: str) -> datetime | None:
    return datetime.fromisoformat(value[name]) if name in value else None


_MAX_LABEL = 200
