"""The audit trail: who did what to a namespace, in the order of time, never rewritten."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import cast

from configsvc.store import layout
from configsvc.store._json import Json
from configsvc.store.api import ABSENT, Store
from configsvc.store.records import Records


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act: at the instant `at`, `actor` did `action` (``publish``, ``rollback``, ...).

    `revision` is the one it made, if any; a change that is committed fills it in. `detail` holds
    what else belongs to the action, never a secret.
    """

    at: int
    actor: str
    action: str
    revision: int | None = None
    detail: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class AuditTrail:
    """Appends to and reads the trail of namespaces.

    `nonce` returns a few random characters that keep two acts of one microsecond apart.
    """

    def __init__(self, store: Store, nonce: Callable[[], str]) -> None:
        self._records = Records(store, audit_to_json, audit_from_json)
        self._nonce = nonce

    def append(self, namespace: str, entry: AuditEntry) -> None:
        """Write an entry that belongs to no change."""
        self._records.put(self.key(namespace, entry), entry, expected=ABSENT)

    def list(
        self, namespace: str, *, before: str | None = None, limit: int = 50
    ) -> tuple[tuple[str, AuditEntry], ...]:
        """Return entries with their keys, newest first; `before` is the last key of a page."""
        page = self._records.list(layout.audits(namespace), after=before, limit=limit, reverse=True)
        return tuple((kept.key, kept.value) for kept in page)

    def key(self, namespace: str, entry: AuditEntry) -> str:
        """Return a new key for an entry."""
        return layout.audit(namespace, entry.at, self._nonce())


def audit_to_json(entry: AuditEntry) -> Mapping[str, Json]:
    """Return the fields of an entry as they are stored."""
    return {
        "action": entry.action,
        "actor": entry.actor,
        "at": entry.at,
        "detail": dict(entry.detail),
        "revision": entry.revision,
    }


def audit_from_json(fields: Mapping[str, Json]) -> AuditEntry:
    """Return the entry that was stored as `fields`."""
    return AuditEntry(
        at=cast("int", fields["at"]),
        actor=cast("str", fields["actor"]),
        action=cast("str", fields["action"]),
        revision=cast("int | None", fields["revision"]),
        detail=MappingProxyType(cast("dict[str, str]", fields["detail"])),
    )
