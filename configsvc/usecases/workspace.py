"""A namespace at one revision, typed and indexed, and a cache that keeps the heads warm."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from configsvc.analysis import Report, Rule, analyze, analyze_mixed
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


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules said of a workspace on a day: waivers may expire on the next one."""

    day: date
    report: Report


@dataclass(slots=True)
class _Kept:
    snapshot: Snapshot
    workspace: Workspace
    judged: Judged | None = None
    bounds: BoundsOf | None = None


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
        return replace(_derive(kept, snapshot), head=None)

    def advance(self, before: Workspace, head: Head, catalog: Catalog, judged: Judged) -> None:
        """Take over what was just committed on top of a workspace, so that nobody reads it anew."""
        snapshot = self._namespaces.snapshot_of(before.namespace, head)
        after = Workspace(before.namespace, head.revision, catalog, head)
        self._keep(before.namespace, _Kept(snapshot, after, judged))

    def report(self, workspace: Workspace, today: date) -> Report:
        """What the rules say of a workspace; remembered for the head until the day ends."""
        with self._lock:
            kept = self._kept.get(workspace.namespace)
        if kept is None or kept.workspace is not workspace:
            return self.examine(workspace.catalog, today)
        judged = kept.judged
        if judged is None or judged.day != today:
            judged = kept.judged = Judged(today, self.examine(workspace.catalog, today))
        return judged.report

    def bounds(self, workspace: Workspace) -> BoundsOf:
        """The bounds of a workspace's graph; remembered for the head."""
        with self._lock:
            kept = self._kept.get(workspace.namespace)
        if kept is None or kept.workspace is not workspace:
            return BoundsOf(workspace.catalog)
        if kept.bounds is None:
            kept.bounds = BoundsOf(workspace.catalog)
        return kept.bounds

    def examine(self, catalog: Catalog, today: date) -> Report:
        """What the rules say of resources, stored or not."""
        return analyze(catalog, self._rules, today=today)

    def examine_mixed(
        self, before: Catalog, after: Catalog, known: Iterable[Report], today: date
    ) -> Report:
        """What the rules say of a fleet that changes from one to the other, and of neither."""
        return analyze_mixed(before, after, self._rules, known=known, today=today)

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
        workspace = replace(_derive(kept, snapshot), head=head)
        unchanged = workspace.catalog is kept.workspace.catalog
        return _Kept(snapshot, workspace, kept.judged if unchanged else None)


def _same(kept: Head | None, seen: Head | None) -> bool:
    if kept is None or seen is None:
        return kept is seen
    return (kept.epoch, kept.revision) == (seen.epoch, seen.revision)


def _derive(kept: _Kept, snapshot: Snapshot) -> Workspace:
    """Read the difference between what is kept and another revision, and put it on top."""
    differences = kept.snapshot.manifest.differences(snapshot.manifest)
    changed = snapshot.manifest.get_many([d.key for d in differences if d.after is not None])
    gone = [Key.parse(d.key) for d in differences if d.after is None]
    catalog = kept.workspace.catalog
    if differences:
        catalog = catalog.with_change(_resources(snapshot, changed), gone)
    return Workspace(snapshot.namespace, snapshot.revision, catalog)


def _resources(snapshot: Snapshot, items: Mapping[str, Item]) -> Iterator[Resource]:
    blobs = snapshot.blobs({item.digest for item in items.values()})
    for item in items.values():
        yield read_stored(blobs[item.digest], digest=item.digest, revision=item.revision)
