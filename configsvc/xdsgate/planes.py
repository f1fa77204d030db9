"""What each client should have: compiled when its namespace changes, kept while somebody asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from configsvc.envoy import ENDPOINTS, Key, Snapshot, compile_snapshot
from configsvc.envoy.compiler import Registered
from configsvc.store import Clock, Head
from configsvc.usecases import Workspace

Identity = tuple[str, str]
"""Namespace and name of a Gateway or Service."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client should have, and since which change: that in which it last differed.

    ``snapshot`` None: the namespace has no such node.
    """

    snapshot: Snapshot | None
    epoch: str
    revision: int
    committed: int

    @property
    def version(self) -> str:
        """What names it; empty for nothing."""
        return self.snapshot.version if self.snapshot else ""


class Compiler:
    """Compiles for one client after another; used by one thread at a time.

    Args:
        workspace: reads a namespace at its head.
        committed: when a revision was made; microseconds since the Unix epoch.
        registered: addresses of registered instances of a namespace, by service.
        clock: microseconds since the Unix epoch.
    """

    def __init__(
        self,
        workspace: Callable[[str], Workspace],
        committed: Callable[[Head], int],
        registered: Callable[[str], Registered],
        clock: Clock,
    ) -> None:
        self._workspace = workspace
        self._committed = committed
        self._registered = registered
        self._clock = clock

    def compile(self, identity: Identity, before: Wanted | None) -> Wanted:
        """What a client should have now; raises what the store raises.

        The revision stays that of ``before`` while only endpoints differ from it.
        """
        namespace, name = identity
        workspace = self._workspace(namespace)
        registered = self._registered(namespace)
        snapshot = compile_snapshot(workspace.catalog, name, self._clock(), registered)
        head = workspace.head
        if head is None:
            return Wanted(None, "", 0, 0)
        if before is None or snapshot is None or not _same(before, head, snapshot):
            return Wanted(snapshot, head.epoch, head.revision, self._committed(head))
        return replace(before, snapshot=snapshot)


def _same(before: Wanted, head: Head, snapshot: Snapshot) -> bool:
    """Whether nothing but endpoints differs."""
    return before.epoch == head.epoch and before.version == snapshot.version


def fallback(
    wanted: Snapshot, refused: Mapping[Key, str], *accepted: Snapshot | None
) -> Snapshot | None:
    """The newest of the accepted snapshots that holds nothing refused, with today's endpoints."""
    for each in accepted:
        if each is not None and not held_back(each, refused):
            return _with_endpoints(each, wanted)
    return None


def held_back(snapshot: Snapshot, refused: Mapping[Key, str]) -> tuple[Key, ...]:
    """The resources of a snapshot that a client refused in this very version."""
    found = ((key, snapshot.get(key)) for key in refused)
    return tuple(key for key, each in found if each is not None and refused[key] == each.version)


def _with_endpoints(config: Snapshot, newer: Snapshot) -> Snapshot:
    fresh = newer.of_kind(ENDPOINTS)
    endpoints = {name: fresh.get(name, each) for name, each in config.of_kind(ENDPOINTS).items()}
    return replace(config, resources={**config.resources, ENDPOINTS: endpoints})
