"""What the leader does again and again."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from configsvc.fleet import ACKS_KEPT
from configsvc.store import (
    MAX_OPERATIONS,
    Answers,
    Collector,
    Head,
    Namespaces,
    Store,
    Transaction,
    layout,
)

HISTORY_KEPT: Final = 3600.0
"""Seconds for which a watch that was interrupted can go on without loading everything anew."""


class Compacting(Protocol):
    """A store that keeps what was overwritten until it is told to forget it."""

    def revision(self) -> int:
        """See `Store.revision`."""

    def compact(self, revision: int) -> None:
        """Forget what was overwritten up to a revision; once more is harmless."""


@dataclass(frozen=True, slots=True)
class Duty:
    """One task: `run` does it once and says in numbers what it did.

    `every` is the time between the end of one run and the start of the next, in seconds.
    """

    name: str
    every: float
    run: Callable[[], Mapping[str, int]]


def collect_blobs(collector: Collector, every: float) -> Duty:
    """Delete blobs that no revision and no bundle in force needs."""

    def run() -> Mapping[str, int]:
        collected = collector.collect()
        return {"examined": collected.examined, "deleted": collected.deleted}

    return Duty("collect unreferenced blobs", every, run)


def expire_answers(namespaces: Namespaces, answers: Answers, every: float) -> Duty:
    """Delete the answers of idempotency keys that have expired."""

    def run() -> Mapping[str, int]:
        return {"deleted": sum(answers.expire(name) for name in namespaces.names())}

    return Duty("expire idempotency keys", every, run)


def compact_history(store: Compacting, clock: Callable[[], float], every: float) -> Duty:
    """Let the store forget what was overwritten more than `HISTORY_KEPT` seconds ago.

    Args:
        store: one that does not do so by itself.
        clock: seconds that never go back.
        every: seconds between two runs.
    """
    seen: deque[tuple[float, int]] = deque()

    def run() -> Mapping[str, int]:
        now, revision = clock(), 0
        while seen and seen[0][0] <= now - HISTORY_KEPT:
            revision = seen.popleft()[1]
        seen.append((now, store.revision()))
        if revision:
            store.compact(revision)
        return {"compacted": revision}

    return Duty("compact the store's history", every, run)


def expire_acks(store: Store, namespaces: Namespaces, every: float) -> Duty:
    """Delete the counts of acknowledgements of revisions long past, one record a process."""

    def run() -> Mapping[str, int]:
        return {"deleted": sum(_drop_acks(store, head) for head in namespaces.heads())}

    return Duty("expire acknowledgements", every, run)


def _drop_acks(store: Store, head: Head) -> int:
    """Delete in key order, which is that of revisions, up to the first that is kept."""
    prefix, deleted = layout.acks(head.namespace), 0
    first_kept = layout.acks(head.namespace, max(0, head.revision - ACKS_KEPT + 1))
    while True:
        page = store.range(prefix, limit=MAX_OPERATIONS).entries
        old = tuple(entry.key for entry in page if entry.key < first_kept)
        if not old:
            return deleted
        store.commit(Transaction(deletes=old))
        deleted += len(old)
