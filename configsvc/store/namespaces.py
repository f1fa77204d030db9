"""Namespaces: revisions of resources and of the bundles compiled from them, on any store."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from configsvc.store import layout
from configsvc.store._layers import Layers
from configsvc.store._staging import Planner
from configsvc.store.api import MAX_OPERATIONS, Clock, Compare, Digest, Store, Transaction
from configsvc.store.candidates import Candidate, decode_candidate
from configsvc.store.changes import (
    Bundle,
    Committed,
    Head,
    Revision,
    Staged,
    decode_head,
    decode_revision,
    encode_head,
)
from configsvc.store.errors import (
    AnswerExistsError,
    CompareFailedError,
    HeadMovedError,
    UnknownRevisionError,
)
from configsvc.store.manifest import Difference, Item, Manifest, ManifestReader
from configsvc.store.snapshots import Snapshot

_HEADS_AT_ONCE: Final = MAX_OPERATIONS // 2  # one compare and one put for each


class Namespaces:
    """Everything that is kept per namespace, revision by revision.

    `token` returns a random string of at least 64 bits: it names epochs and keeps audit entries
    apart. Safe to share between threads. Raises what the store raises, and as documented.
    """

    def __init__(self, store: Store, clock: Clock, token: Callable[[], str]) -> None:
        self._store = store
        self._token = token
        self._manifests = ManifestReader(store)
        self._layers = Layers(store, self._manifests)
        self._planner = Planner(store, self._layers, clock, token)

    def names(self) -> tuple[str, ...]:
        """Return the namespaces that have a head, in order; also one whose head is damaged."""
        return tuple(name for name in sorted(self._names()) if self._store.get(layout.head(name)))

    def heads(self) -> tuple[Head, ...]:
        """Return the head of every namespace, in the order of their names."""
        return tuple(head for name in sorted(self._names()) if (head := self.head(name)))

    def head(self, namespace: str) -> Head | None:
        """Return where a namespace stands, None before its first change."""
        entry = self._store.get(layout.head(namespace))
        return decode_head(entry.key, entry.value, entry.mod_revision) if entry else None

    def commit(self, namespace: str, expected: Head | None, change: Staged) -> Committed:
        """Make a change the next revision, on top of the head that was read before.

        Resources, bundles and record become visible together. A change by which no document, no
        bundle and no rollout differs makes no revision. Raises `HeadMovedError` when `expected`
        is the head no more (None: when there is one), `AnswerExistsError` when its idempotency
        key was used, `LimitExceededError` when it is too large; then nothing was written.
        """
        plan = self._planner.plan(namespace, expected, change)
        try:
            revision = self._store.commit(plan.transaction)
        except CompareFailedError as error:
            raise self._refused(error, namespace, expected, change) from error
        return plan.committed(revision)

    def next_revision(self, namespace: str, expected: Head | None, change: Staged) -> int:
        """Return the revision the namespace would be at if the change were committed now."""
        return self._planner.plan(namespace, expected, change).outcome.head.revision

    def snapshot(self, namespace: str, revision: int | None = None) -> Snapshot:
        """Return the resources at a revision (None: at the head; 0: before the first change).

        Raises `UnknownRevisionError`.
        """
        if revision == 0:
            return self.snapshot_of(namespace, None)
        if revision is None:
            return self.snapshot_of(namespace, self.head(namespace))
        record = self.record(namespace, revision)
        manifest = self._manifests.load(record.manifest)
        return Snapshot(self._store, namespace, revision, manifest)

    def snapshot_of(self, namespace: str, head: Head | None) -> Snapshot:
        """Return the resources at a head; None is the namespace before its first change."""
        manifest = self._manifests.load(head.manifest) if head else self._manifests.empty()
        return Snapshot(self._store, namespace, head.revision if head else 0, manifest)

    def history(
        self, namespace: str, *, before: int | None = None, limit: int = 50
    ) -> tuple[Revision, ...]:
        """Return records of revisions, newest first, only those lower than `before`."""
        after = None if before is None else layout.revision(namespace, before)
        page = self._store.range(
            layout.revisions(namespace), after=after, limit=limit, reverse=True
        )
        return tuple(map(decode_revision, page.entries))

    def record(self, namespace: str, revision: int) -> Revision:
        """Return the record of a revision; raise `UnknownRevisionError` if it never was."""
        entry = self._store.get(layout.revision(namespace, revision)) if revision > 0 else None
        if entry is None:
            head = self.head(namespace)
            raise UnknownRevisionError(namespace, revision, head.revision if head else 0)
        return decode_revision(entry)

    def diff(self, namespace: str, old: int, new: int) -> tuple[Difference, ...]:
        """Return the resources that differ between two revisions (0 is empty), in key order."""
        before, after = self.snapshot(namespace, old), self.snapshot(namespace, new)
        return before.manifest.differences(after.manifest)

    def document(self, digest: Digest) -> bytes:
        """Return a document by its digest."""
        return self._store.get_blob(digest)

    def findings(self, record: Revision) -> bytes | None:
        """Return the findings kept with a revision, None when there were none to keep."""
        return None if record.findings is None else self._store.get_blob(record.findings)

    def bundle(self, namespace: str, service: str) -> Bundle | None:
        """Return a service's bundle in force, None when it has none."""
        head = self.head(namespace)
        item = self.bundles(head).get(service) if head else None
        if item is None:
            return None
        return Bundle(service, item.digest, item.revision, self._store.get_blob(item.digest))

    def bundles(self, head: Head) -> Manifest:
        """Return the table of bundles in force at a head: digest and version by service."""
        return self._manifests.load(head.bundles)

    def manifest(self, digest: Digest) -> Manifest:
        """Return a manifest that a head or a record names."""
        return self._manifests.load(digest)

    def touched(self, namespace: str, candidate: Candidate) -> dict[str, Item]:
        """Return the bundles in which a candidate differs from what it was built on, by service."""
        return self._layers.touched(namespace, candidate)

    def rollout(self, namespace: str, revision: int) -> Candidate:
        """Return a rollout by the revision that began it, as it is now or as it ended.

        Raises `UnknownRevisionError` where that revision began none.
        """
        entry = self._store.get(layout.rollout(namespace, revision)) if revision > 0 else None
        if entry is None:
            head = self.head(namespace)
            raise UnknownRevisionError(namespace, revision, head.revision if head else 0)
        return decode_candidate(entry)

    def rollouts(
        self, namespace: str, *, before: int | None = None, limit: int = 50
    ) -> tuple[Candidate, ...]:
        """Return rollouts, newest first, only those begun before a revision."""
        after = None if before is None else layout.rollout(namespace, before)
        page = self._store.range(layout.rollouts(namespace), after=after, limit=limit, reverse=True)
        return tuple(map(decode_candidate, page.entries))

    def reverting(
        self, namespace: str, head: Head, revision: int
    ) -> tuple[Mapping[str, bytes], frozenset[str]]:
        """Return the puts and deletes that lead from a head back to an earlier revision.

        Raises `UnknownRevisionError`. Nothing is written: stage them as a change like any other.
        """
        target = self.snapshot(namespace, revision)
        now = self._manifests.load(head.manifest)
        differences = now.differences(target.manifest)
        puts = target.documents([d.key for d in differences if d.after is not None])
        return puts, frozenset(d.key for d in differences if d.after is None)

    def restamp_epoch(self) -> Mapping[str, str]:
        """Give every namespace a new epoch and return them: to be called after a restore.

        Agents then know that revisions may be lower than those they saw. Raises
        `CompareFailedError` when a change is committed meanwhile: call it before serving.
        """
        heads = [replace(head, epoch=self._token()) for head in self.heads()]
        for first in range(0, len(heads), _HEADS_AT_ONCE):
            self._put_heads(heads[first : first + _HEADS_AT_ONCE])
        return {head.namespace: head.epoch for head in heads}

    def _put_heads(self, heads: list[Head]) -> None:
        keys = [layout.head(head.namespace) for head in heads]
        self._store.commit(
            Transaction(
                compares=tuple(
                    Compare(key, head.mod_revision) for key, head in zip(keys, heads, strict=True)
                ),
                puts=tuple((key, encode_head(head)) for key, head in zip(keys, heads, strict=True)),
            )
        )

    def _names(self) -> Iterator[str]:
        """Yield every name under which anything is kept, skipping over what lies inside."""
        after = layout.NAMESPACES
        while page := self._store.range(layout.NAMESPACES, after=after, limit=1).entries:
            place = layout.place(page[0].key)
            name = place.namespace if place else ""
            yield name
            after = layout.beyond_namespace(name)

    def _refused(
        self, error: CompareFailedError, namespace: str, expected: Head | None, change: Staged
    ) -> HeadMovedError | AnswerExistsError:
        if change.answer and error.seen and error.key != layout.head(namespace):
            return AnswerExistsError(namespace, change.answer.key)
        seen = self.head(namespace)
        return HeadMovedError(
            namespace, expected.revision if expected else 0, seen.revision if seen else 0
        )
