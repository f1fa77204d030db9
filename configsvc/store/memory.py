"""The store in the memory of one process: for tests, and for tools that need a store for a moment.

Lock order: there is one lock, the condition of the store; watches wait on it and hold no other.
"""

import threading
import time
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from configsvc.store._admission import (
    PackedBlob,
    admit,
    admit_lookup,
    pack,
    unpack,
)
from configsvc.store._watching import Watching
from configsvc.store.api import (
    ABSENT,
    BlobStamp,
    Clock,
    Compare,
    Digest,
    Entry,
    Event,
    Reading,
    Retention,
    Transaction,
    WatchBatch,
)
from configsvc.store.errors import (
    BlobNotFoundError,
    CompactedError,
    CompareFailedError,
    FutureRevisionError,
    StoreClosedError,
    WatchClosedError,
)

_DEFAULT_RETENTION = Retention()

_Take: TypeAlias = Callable[[str, int], tuple[tuple[Event, ...], int]]
"""Prefix and revision to the events after it and the revision they reach."""


@dataclass(frozen=True, slots=True)
class _Revision:
    """What one transaction did, for watches."""

    number: int
    at: int
    events: tuple[Event, ...]


class MemoryStore:
    """A `Store` without a file. `close` only ends its use; nothing outlives the object."""

    def __init__(self, clock: Clock, retention: Retention = _DEFAULT_RETENTION) -> None:
        self._clock = clock
        self._retention = retention
        self._changed = threading.Condition()
        self._entries: dict[str, Entry] = {}
        self._order: list[str] = []
        self._blobs: dict[Digest, tuple[BlobStamp, bytes]] = {}
        self._log: deque[_Revision] = deque()
        self._revision = 0
        self._compacted = 0
        self._stamp = 0
        self._closed = False

    def revision(self) -> int:
        """See `Store.revision`."""
        with self._opened():
            return self._revision

    def get(self, key: str) -> Entry | None:
        """See `Store.get`."""
        with self._opened():
            return self._entries.get(key)

    def get_many(self, keys: Collection[str]) -> Reading:
        """See `Store.get_many`."""
        admit_lookup(keys)
        with self._opened():
            found = (self._entries[key] for key in sorted(set(keys)) if key in self._entries)
            return Reading(self._revision, tuple(found))

    def range(
        self,
        prefix: str,
        *,
        after: str | None = None,
        limit: int | None = None,
        reverse: bool = False,
    ) -> Reading:
        """See `Store.range`."""
        with self._opened():
            keys = self._keys(prefix, after, reverse=reverse)
            entries = tuple(self._entries[key] for key in islice(keys, limit))
            return Reading(self._revision, entries)

    def commit(self, transaction: Transaction) -> int:
        """See `Store.commit`."""
        blobs = admit(transaction)
        with self._opened():
            for compare in transaction.compares:
                self._check(compare)
            self._store(blobs)
            events = self._apply(transaction)
            if events:
                self._append(events)
            return self._revision

    def put_blobs(self, blobs: Mapping[Digest, bytes]) -> None:
        """See `Store.put_blobs`."""
        packed = pack(blobs)
        with self._opened():
            self._store(packed)

    def get_blob(self, digest: Digest) -> bytes:
        """See `Store.get_blob`."""
        return self.get_blobs((digest,))[digest]

    def get_blobs(self, digests: Collection[Digest]) -> Mapping[Digest, bytes]:
        """See `Store.get_blobs`."""
        with self._opened():
            missing = [digest for digest in digests if digest not in self._blobs]
            if missing:
                raise BlobNotFoundError(missing[0])
            packed = {digest: self._blobs[digest][1] for digest in digests}
        return {digest: unpack(digest, data) for digest, data in packed.items()}

    def blob_index(
        self, *, older_than: int, after: Digest | None = None, limit: int = 1000
    ) -> tuple[BlobStamp, ...]:
        """See `Store.blob_index`."""
        with self._opened():
            stamps = sorted((stamp for stamp, _ in self._blobs.values()), key=lambda s: s.digest)
        old = (s for s in stamps if s.stored_at < older_than and s.digest > (after or ""))
        return tuple(islice(old, limit))

    def delete_blobs(self, stamps: Collection[BlobStamp]) -> int:
        """See `Store.delete_blobs`."""
        with self._opened():
            same = [s.digest for s in stamps if self._stamp_of(s.digest) == s.stamp]
            for digest in same:
                del self._blobs[digest]
            return len(same)

    def watch(self, prefix: str, after_revision: int) -> "MemoryWatch":
        """See `Store.watch`."""
        with self._opened():
            self._take(prefix, after_revision)
            return MemoryWatch(self._changed, self._take, prefix, after_revision)

    def close(self) -> None:
        """See `Store.close`."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _opened(self) -> threading.Condition:
        """Return the lock of an open store. Seen without it: `close` is no barrier for readers."""
        if self._closed:
            raise StoreClosedError
        return self._changed

    def _keys(self, prefix: str, after: str | None, *, reverse: bool) -> Iterator[str]:
        start = bisect_left(self._order, prefix)
        stop = bisect_left(self._order, True, start, key=lambda key: not key.startswith(prefix))  # noqa: FBT003
        if after is not None and reverse:
            stop = max(start, min(stop, bisect_left(self._order, after)))
        elif after is not None:
            start = max(start, bisect_right(self._order, after))
        window = range(start, stop)
        return (self._order[index] for index in (reversed(window) if reverse else window))

    def _check(self, compare: Compare) -> None:
        entry = self._entries.get(compare.key)
        seen = entry.mod_revision if entry else ABSENT
        if seen != compare.mod_revision:
            raise CompareFailedError(compare.key, compare.mod_revision, seen)

    def _store(self, blobs: tuple[PackedBlob, ...]) -> None:
        for blob in blobs:
            self._stamp += 1
            stamp = BlobStamp(blob.digest, self._clock(), self._stamp, len(blob.data))
            self._blobs[blob.digest] = (stamp, blob.data)

    def _stamp_of(self, digest: Digest) -> int | None:
        stored = self._blobs.get(digest)
        return stored[0].stamp if stored else None

    def _apply(self, transaction: Transaction) -> tuple[Event, ...]:
        """Write the keys under the next revision and return what changed, in key order."""
        number = self._revision + 1
        gone = [key for key in transaction.deletes if key in self._entries]
        for key in gone:
            del self._entries[key]
            del self._order[bisect_left(self._order, key)]
        for key, value in transaction.puts:
            if key not in self._entries:
                insort(self._order, key)
            self._entries[key] = Entry(key, value, number)
        events = [Event(key, value, number) for key, value in transaction.puts]
        events += [Event(key, None, number) for key in gone]
        return tuple(sorted(events, key=lambda event: event.key))

    def _append(self, events: tuple[Event, ...]) -> None:
        self._revision += 1
        self._log.append(_Revision(self._revision, self._clock(), events))
        oldest = self._clock() - self._retention.age
        while len(self._log) > self._retention.revisions or self._log[0].at < oldest:
            self._compacted = self._log.popleft().number
        self._changed.notify_all()

    def _take(self, prefix: str, after: int) -> tuple[tuple[Event, ...], int]:
        """Return the kept events after a revision and the present one; needs the lock."""
        if self._closed:
            raise WatchClosedError
        if after > self._revision:
            raise FutureRevisionError(after, self._revision)
        if after < self._compacted:
            raise CompactedError(after, self._compacted)
        later = islice(self._log, after - self._compacted, None)
        events = (event for change in later for event in change.events)
        return tuple(event for event in events if event.key.startswith(prefix)), self._revision


class MemoryWatch(Watching):
    """A `Watch` on a `MemoryStore`, whose lock it shares; `take` is called while holding it."""

    def __init__(
        self, changed: threading.Condition, take: _Take, prefix: str, progress: int
    ) -> None:
        self._changed = changed
        self._take = take
        self._prefix = prefix
        self._progress = progress
        self._closed = False

    @property
    def progress(self) -> int:
        """See `Watch.progress`."""
        return self._progress

    def next(self, timeout: float | None) -> WatchBatch | None:
        """See `Watch.next`."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while not (events := self._advance()):
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return None
                self._changed.wait(left)
            return WatchBatch(events, self._progress)

    def close(self) -> None:
        """See `Watch.close`."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _advance(self) -> tuple[Event, ...]:
        if self._closed:
            raise WatchClosedError
        events, self._progress = self._take(self._prefix, self._progress)
        return events
