"""Collection of blobs that nothing names any more.

A blob is kept while some revision's manifest, document or findings need it, while it belongs to a
bundle in force, for a grace time after that, and for the grace time after it was last put. The
last two let commits and readers that are under way finish; a blob that a commit puts again between
marking and deleting stays because its stamp has changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from configsvc.store.api import Clock, Digest, Store
from configsvc.store.candidates import Candidate
from configsvc.store.changes import Head, Revision
from configsvc.store.errors import BlobNotFoundError
from configsvc.store.namespaces import Namespaces

GRACE: Final = 3600 * 1_000_000
"""How long a blob outlives its last put and its last use, in microseconds."""

_PAGE: Final = 128


@dataclass(frozen=True, slots=True)
class Collected:
    """What one collection did: blobs old enough to look at, and how many of them were deleted."""

    examined: int
    deleted: int


@dataclass(slots=True)
class _History:
    """What the revisions of one lineage need, up to revision `newest`: it only ever grows."""

    epoch: str
    newest: int = 0
    needed: set[Digest] = field(default_factory=set)


class Collector:
    """Collects; one instance marks each revision once. Not for use by several threads at once."""

    def __init__(
        self, store: Store, namespaces: Namespaces, clock: Clock, grace: int = GRACE
    ) -> None:
        self._store = store
        self._namespaces = namespaces
        self._clock = clock
        self._grace = grace
        self._histories: dict[str, _History] = {}

    def collect(self) -> Collected:
        """Delete what is not needed, in small batches, and say how much it was.

        Raises what reading raises, before anything is deleted: with a manifest that cannot be
        read, nobody knows what it needs.
        """
        before = self._clock() - self._grace
        needed: set[Digest] = set()
        for head in self._namespaces.heads():
            needed |= self._needed_by_history(head)
            needed.update(self._needed_by_bundles(head, before))
        return self._sweep(needed, before)

    def _sweep(self, needed: set[Digest], before: int) -> Collected:
        examined = deleted = 0
        after: Digest | None = None
        while page := self._store.blob_index(older_than=before, after=after, limit=_PAGE):
            unused = [stamp for stamp in page if stamp.digest not in needed]
            deleted += self._store.delete_blobs(unused) if unused else 0
            examined += len(page)
            after = page[-1].digest
        return Collected(examined, deleted)

    def _needed_by_history(self, head: Head) -> set[Digest]:
        history = self._histories.get(head.namespace)
        if history is None or history.epoch != head.epoch:
            history = self._histories[head.namespace] = _History(head.epoch)
        records = list(self._records(head, history.newest))
        for record in reversed(records):
            manifest = self._namespaces.manifest(record.manifest)
            history.needed.update(manifest.references(history.needed))
            if record.candidate is not None:
                proposed = self._namespaces.manifest(record.candidate)
                history.needed.update(proposed.references(history.needed))
            if record.findings is not None:
                history.needed.add(record.findings)
        history.newest = head.revision
        return history.needed

    def _needed_by_bundles(self, head: Head, before: int) -> Iterator[Digest]:
        """Yield what the bundles need that are in force or were so after an instant."""
        yield from self._namespaces.bundles(head).references(frozenset())
        if head.candidate is not None:
            yield from self._needed_by_candidate(head.namespace, head.candidate)
        for successor, record in pairwise(self._records(head, 0)):
            if successor.time < before:
                return
            try:
                yield from self._namespaces.manifest(record.bundles).references(frozenset())
            except BlobNotFoundError:  # the clock was set back: it is collected already
                continue

    def _needed_by_candidate(self, namespace: str, candidate: Candidate) -> Iterator[Digest]:
        """Yield its bundles, and the table that it was built on, which tells whom it concerns."""
        for table in (
            candidate.bundles,
            self._namespaces.record(namespace, candidate.built).bundles,
        ):
            yield from self._namespaces.manifest(table).references(frozenset())

    def _records(self, head: Head, newer_than: int) -> Iterator[Revision]:
        """Yield the records of a lineage, newest first, down to a revision."""
        before = head.revision + 1
        while before > newer_than + 1:
            page = self._namespaces.history(head.namespace, before=before, limit=_PAGE)
            for record in page:
                if record.number <= newer_than:
                    return
                yield record
            before = page[-1].number if page else 0
