"""A namespace at one revision, typed and indexed, and a cache that keeps the heads warm."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from configsvc.analysis import Report, Rule, Standing, mixed_report
from configsvc.model.names import Key
from configsvc.model.resources import Resource
from configsvc.resolve import Catalog
from configsvc.schema import read_stored
from configsvc.store import Head, Item, Namespaces, Snapshot
from configsvc.usecases.graph_bounds import BoundsOf

KEPT_NAMESPACES: Final = 16
"""Namespaces whose head is kept typed in memory; the least recently used one goes first."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A namespace at one revision; revision 0 is a namespace that does not exist yet.

    `head` is None where the revision is not the head's.
    """

    namespace: str
    revision: int
    catalog: Catalog
    head: Head | None = None

    def digest(self, key: Key) -> str | None:
        """The digest of a resource's document, None if it is absent."""
        resource = self.catalog.resources.get(key)
        return resource.digest if resource else None


@dataclass(slots=True)
class _Kept:
    """A head, and what was found in it or in a former one."""

    snapshot: Snapshot
    workspace: Workspace
    found: "_Found | None" = None
    bounds: BoundsOf | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """What rules found in a head or a former one, and the resources that are others since.

    One object, because threads share it: neither goes without the other.
    """

    standing: Standing
    since: frozenset[Key] = frozenset()

    def at(self, catalog: Catalog) -> Standing:
        """What rules find in the head."""
        return self.standing.after(catalog, self.since) if self.since else self.standing

    def later(self, changed: frozenset[Key]) -> "_Found":
        """The same, seen from a later head."""
        return _Found(self.standing, self.since | changed)


class Workspaces:
    """Reads namespaces into workspaces.

    The head of a namespace is read whole once; later heads are derived from the one before by their
    difference. Safe to share between threads: the lock is held around the table alone, so that two
    threads may do the same work, and either result serves.
    """

    def __init__(self, namespaces: Namespaces, rules: Sequence[type[Rule]]) -> None:
        self._namespaces = namespaces
        self._rules = rules
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def at_head(self, namespace: str) -> Workspace:
        """The namespace as it is now."""
        return self._head(namespace).workspace

    def at(self, namespace: str, revision: int) -> Workspace:
        """The namespace as it was at a revision; raises `UnknownRevisionError`."""
        kept = self._head(namespace)
        if kept.workspace.revision == revision:
            return kept.workspace
        snapshot = self._namespaces.snapshot(namespace, revision)
        return _derive(kept, snapshot)[0]

    def advance(self, before: Workspace, head: Head, standing: Standing) -> None:
        """Take over what was just committed on top of a workspace, so that nobody reads it anew."""
        snapshot = self._namespaces.snapshot_of(before.namespace, head)
        after = Workspace(before.namespace, head.revision, standing.catalog, head)
        self._keep(before.namespace, _Kept(snapshot, after, _Found(standing)))

    def report(self, workspace: Workspace, today: date) -> Report:
        """What the rules say of a workspace."""
        return self.standing(workspace, today).report(today)

    def standing(self, workspace: Workspace, today: date) -> Standing:
        """What the rules found in a workspace; remembered for the head, and derived from heads."""
        kept = self._kept_for(workspace)
        if kept is None:
            return Standing.of(workspace.catalog, self._rules).on(today)
        found, catalog = kept.found, workspace.catalog
        standing = found.at(catalog) if found else Standing.of(catalog, self._rules)
        standing = standing.on(today)
        kept.found = _Found(standing)
        return standing

    def bounds(self, workspace: Workspace, today: date) -> BoundsOf:
        """The bounds of a workspace's graph; remembered for the head."""
        kept = self._kept_for(workspace)
        if kept is None:
            return BoundsOf(workspace.catalog)
        if kept.bounds is None:
            kept.bounds = BoundsOf.standing(self.standing(workspace, today))
        return kept.bounds

    def examine_mixed(
        self, before: Standing, after: Standing, known: Iterable[Report], today: date
    ) -> Report:
        """What the rules say of a fleet that changes from one to the other, and of neither."""
        return mixed_report(before.system, after.system, self._rules, known, today)

    def _kept_for(self, workspace: Workspace) -> _Kept | None:
        with self._lock:
            kept = self._kept.get(workspace.namespace)
        return kept if kept is not None and kept.workspace is workspace else None

    def _head(self, namespace: str) -> _Kept:
        head = self._namespaces.head(namespace)
        with self._lock:
            kept = self._kept.get(namespace)
        if kept is None or not _same(kept.workspace.head, head):
            kept = self._load(namespace, head, kept)
        return self._keep(namespace, kept) if head else kept

    def _keep(self, namespace: str, kept: _Kept) -> _Kept:
        with self._lock:
            self._kept.pop(namespace, None)
            self._kept[namespace] = kept
            while len(self._kept) > KEPT_NAMESPACES:
                del self._kept[next(iter(self._kept))]
        return kept

    def _load(self, namespace: str, head: Head | None, kept: _Kept | None) -> _Kept:
        snapshot = self._namespaces.snapshot_of(namespace, head)
        if kept is None:
            resources = _resources(snapshot, dict(snapshot.items()))
            catalog = Catalog.of(resources, namespace=namespace)
            return _Kept(snapshot, Workspace(namespace, snapshot.revision, catalog, head))
        workspace, changed = _derive(kept, snapshot)
        found = kept.found and kept.found.later(changed)
        return _Kept(snapshot, replace(workspace, head=head), found)


def _same(kept: Head | None, seen: Head | None) -> bool:
    if kept is None or seen is None:
        return kept is seen
    return (kept.epoch, kept.revision) == (seen.epoch, seen.revision)


def _derive(kept: _Kept, snapshot: Snapshot) -> tuple[Workspace, frozenset[Key]]:
    """Put the difference between what is kept and another revision on top; say what differs."""
    differences = kept.snapshot.manifest.differences(snapshot.manifest)
    changed = snapshot.manifest.get_many([d.key for d in differences if d.after is not None])
    gone = [Key.parse(d.key) for d in differences if d.after is None]
    catalog = kept.workspace.catalog
    if differences:
        catalog = catalog.with_change(_resources(snapshot, changed), gone)
    keys = frozenset(Key.parse(difference.key) for difference in differences)
    return Workspace(snapshot.namespace, snapshot.revision, catalog), keys


def _resources(snapshot: Snapshot, items: Mapping[str, Item]) -> Iterator[Resource]:
    blobs = snapshot.blobs({item.digest for item in items.values()})
    for item in items.values():
        yield read_stored(blobs[item.digest], digest=item.digest, revision=item.revision)
