"""A control plane on a memory store, with a small system of services to publish to it."""

from collections.abc import Sequence
from typing import Any

from configsvc.access import EVERY_NAMESPACE, Principal, Role
from configsvc.analysis.rules import ALL
from configsvc.fleet import FleetAnswer
from configsvc.model.names import Key
from configsvc.schema import load_value
from configsvc.store import Store
from configsvc.store.memory import MemoryStore
from configsvc.usecases import Change, ControlPlane, Published
from tests.store.fakes import FakeClock, FakeTokens

NAMESPACE = "prod"
DAY = 24 * 3600 * 1_000_000

Json = dict[str, Any]


def principal(role: Role, namespace: str = NAMESPACE) -> Principal:
    """Somebody with a role in one namespace."""
    return Principal(f"{role}-id", f"{role} of {namespace}", {namespace: role})


VIEWER, EDITOR, ADMIN = (principal(role) for role in Role)
ROOT = Principal("root-id", "root", {EVERY_NAMESPACE: Role.ADMIN})


def document(
    kind: str, name: str, spec: Json, *, manager: str | None = None, **labels: str
) -> Json:
    """A resource as somebody would write it."""
    metadata: Json = {"name": name}
    if manager is not None:
        metadata["manager"] = manager
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": "configsvc/v1", "kind": kind, "metadata": metadata, "spec": spec}


def service(name: str, *callees: str, **labels: str) -> Json:
    """A service with one idempotent operation ``get`` that calls ``get`` of others in turn."""
    operation = {
        "name": "get",
        "match": {"methods": ["GET"], "path": f"/{name}/{{id}}"},
        "idempotent": True,
        "latency": {"p50": "5ms", "p99": "20ms", "p999": "40ms"},
        "calls": [{"to": callee, "operation": "get"} for callee in callees],
    }
    return document("Service", name, {"operations": [operation]}, **labels)


def timeout(
    name: str = "default", attempt: str = "500ms", *, overall: str = "2s", **target: str
) -> Json:
    """Time limits; those of the whole namespace without a target."""
    spec = {"target": target, "attempt": attempt, "overall": overall}
    return document("Timeout", name, spec)


def waiver(name: str, code: str, *, expires: str = "2023-12-01", **edge: str) -> Json:
    """A waiver of a rule's findings on one edge."""
    return document("Waiver", name, waiver_spec(code, expires=expires, **edge))


def waiver_spec(code: str, *, expires: str = "2023-12-01", **edge: str) -> Json:
    """What a waiver says."""
    at = edge or {"from": "player", "to": "score", "operation": "get"}
    return {
        "code": code,
        "edge": at,
        "reason": "known, and gone next week",
        "owner": "players",
        "expires": expires,
    }


BROKEN_TIMEOUT = timeout("default", "5s", overall="2s")
"""Breaks RT01: an attempt may take longer than the whole call."""

SYSTEM: Sequence[Json] = (
    service("player", "score"),
    service("score"),
    timeout(),
)


def change(
    *put: Json,
    base: int | None = None,
    delete: Sequence[str] = (),
    message: str = "a reason",
    **options: object,
) -> Change:
    """A change as the API would make it of a request."""
    documents = tuple(load_value(each, origin=f"/put/{i}") for i, each in enumerate(put))
    return Change(message, base, documents, tuple(map(Key.parse, delete)), **options)


class World:
    """A control plane, its store, and a clock that the test moves."""

    def __init__(self, store: Store | None = None, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.store = store or MemoryStore(self.clock)
        self.fleet = FleetAnswer((), ())
        self.plane = self.another_process()

    def another_process(self) -> ControlPlane:
        """The use cases of a further process over the same store."""
        return ControlPlane.over(
            self.store,
            rules=ALL,
            clock=self.clock,
            token=FakeTokens(),
            ask_fleet=lambda _: self.fleet,
            sleep=lambda seconds: self.clock.advance(int(seconds * 1_000_000)),
        )

    def publish(self, *put: Json, who: Principal = EDITOR, **options: object) -> Published:
        """Publish documents on top of whatever there is."""
        return self.plane.publisher.publish(who, NAMESPACE, change(*put, **options))

    @property
    def revision(self) -> int:
        """The head of the namespace."""
        head, _ = self.plane.inspector.namespace(VIEWER, NAMESPACE)
        return head.revision if head else 0
