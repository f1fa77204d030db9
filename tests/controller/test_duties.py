"""The duties on a real store: what has expired goes, what is needed stays."""

import hashlib
import itertools

import pytest

from configsvc.controller import collect_blobs, compact_history, duties, expire_acks, expire_answers
from configsvc.store import (
    ANSWER_LIFETIME,
    Answer,
    Answers,
    Collector,
    Namespaces,
    Staged,
    Transaction,
    layout,
)
from configsvc.store.memory import MemoryStore


class Clock:
    """Microseconds that the test moves."""

    def __init__(self) -> None:
        self.now = 1_000_000

    def __call__(self) -> int:
        """The present."""
        return self.now


def staged(message: str, answer: Answer | None = None) -> Staged:
    """A change of one document."""
    return Staged(author="a", message=message, puts={"Timeout/x": message.encode()}, answer=answer)


def test_blobs_that_nobody_needs_are_collected() -> None:
    """A blob of no revision goes after the grace; documents of revisions stay."""
    clock = Clock()
    store = MemoryStore(clock)
    names = map(str, itertools.count())
    namespaces = Namespaces(store, clock, lambda: next(names))
    namespaces.commit("prod", None, staged("one"))
    orphan = b"orphan"
    store.put_blobs({hashlib.sha256(orphan).hexdigest(): orphan})
    clock.now += 2 * 3600 * 1_000_000

    done = collect_blobs(Collector(store, namespaces, clock), 1).run()

    assert done["deleted"] == 1
    assert namespaces.snapshot("prod").documents() == {"Timeout/x": b"one"}
    store.close()


class Compacted(MemoryStore):
    """A store that notes what it was told to forget."""

    def __init__(self) -> None:
        super().__init__(Clock())
        self.told: list[int] = []

    def compact(self, revision: int) -> None:
        """See `Compacting.compact`."""
        self.told.append(revision)


def test_history_is_forgotten_once_it_is_old() -> None:
    """Up to where the store was an hour ago, and no further."""
    store, seconds = Compacted(), [0.0]
    duty = compact_history(store, lambda: seconds[0], 300)
    for _ in range(4):
        store.commit(Transaction(puts=(("/a", b""),)))
        duty.run()
        seconds[0] += duties.HISTORY_KEPT / 2
    assert store.told == [1, 2]
    store.close()


def test_expired_answers_are_deleted_in_every_namespace() -> None:
    """Idempotency keys are forgotten after their lifetime, and not before."""
    clock = Clock()
    store = MemoryStore(clock)
    names = map(str, itertools.count())
    namespaces = Namespaces(store, clock, lambda: next(names))
    answers = Answers(store, clock)
    duty = expire_answers(namespaces, answers, 1)
    for namespace in ("prod", "staging"):
        answer = Answer("key", "request", b"{}", clock.now + ANSWER_LIFETIME)
        namespaces.commit(namespace, None, staged("one", answer))

    assert duty.run() == {"deleted": 0}
    clock.now += ANSWER_LIFETIME
    assert duty.run() == {"deleted": 2}
    assert answers.kept("prod", "key") is None
    store.close()


def test_acknowledgements_of_the_newest_revisions_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every process leaves a record for every revision: they do not pile up for ever."""
    monkeypatch.setattr(duties, "ACKS_KEPT", 2)
    clock = Clock()
    store = MemoryStore(clock)
    names = map(str, itertools.count())
    namespaces = Namespaces(store, clock, lambda: next(names))
    for revision in range(1, 5):
        namespaces.commit("prod", namespaces.head("prod"), staged(f"change {revision}"))
        keys = [layout.ack("prod", revision, f"process-{each}") for each in range(40)]
        store.commit(Transaction(puts=tuple((key, b"{}") for key in keys)))

    assert expire_acks(store, namespaces, 1).run() == {"deleted": 80}
    left = store.range(layout.acks("prod")).entries
    assert {entry.key.split("/")[-2] for entry in left} == {f"{3:016x}", f"{4:016x}"}
    assert expire_acks(store, namespaces, 1).run() == {"deleted": 0}
    store.close()
