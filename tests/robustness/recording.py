"""Clients that write down what they asked and what they were told, and the check of all of it."""

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from configsvc.store import (
    ABSENT,
    Compare,
    CompareFailedError,
    Event,
    Store,
    StoreUnavailableError,
    Transaction,
    WatchBatch,
)
from tests.robustness.linearizability import Operation, Outcome, is_linearizable
from tests.store.histories import assert_guarantees

KEYS = ("/key/0", "/key/1", "/key/2")
PATIENCE = 40.0  # seconds; only a failing test waits that long

Pairs = frozenset[tuple[str, bytes | None]]


@dataclass
class Recording:
    """Everything that clients and watchers saw; `start` is the revision before all of it."""

    start: int
    operations: dict[str, list[Operation]] = field(default_factory=lambda: {k: [] for k in KEYS})
    acknowledged: dict[int, Pairs] = field(default_factory=dict)
    unknown: dict[bytes, Pairs] = field(default_factory=dict)
    batches: list[list[WatchBatch]] = field(default_factory=list)

    def check(self) -> None:
        """Fail unless commits are linearizable and every watch kept every guarantee."""
        for key, operations in self.operations.items():
            assert is_linearizable(operations), f"{key} is not linearizable"
        for batches in self.batches:
            events = [event for batch in batches for event in batch.events]
            history = {**self.acknowledged, **self._resolved(events)}
            assert_guarantees(batches, history, "/", self.start)

    def _resolved(self, events: Sequence[Event]) -> dict[int, Pairs]:
        """What writes without an answer did, of those that happened."""
        return {
            event.mod_revision: self.unknown[event.value]
            for event in events
            if event.mod_revision not in self.acknowledged and event.value in self.unknown
        }


class Client:
    """Reads and writes keys at random through a store of its own."""

    def __init__(self, number: int, store: Store, recording: Recording) -> None:
        self._number = number
        self._store = store
        self._recording = recording
        self._chance = random.Random(number)
        self._tokens = itertools.count()

    def step(self) -> None:
        """Read a key; then, mostly, write it if it is as it was read."""
        key = self._chance.choice(KEYS)
        called = time.monotonic()
        try:
            entry = self._store.get(key)
        except StoreUnavailableError:
            return
        held = entry.value.decode() if entry else None
        self._note(key, called, Outcome.READ, held)
        if self._chance.random() < 0.7:
            self._write(key, held, entry.mod_revision if entry else ABSENT)

    def _write(self, key: str, held: str | None, revision: int) -> None:
        token = f"{self._number}.{next(self._tokens)}"
        puts = ((key, token.encode()), (f"/mirror/{self._number}", token.encode()))
        called = time.monotonic()
        try:
            made = self._store.commit(Transaction((Compare(key, revision),), puts))
        except CompareFailedError:
            self._note(key, called, Outcome.REFUSED, None, held)
        except StoreUnavailableError:
            self._recording.unknown[token.encode()] = frozenset(puts)
            self._note(key, called, Outcome.UNKNOWN, token, held)
        else:
            self._recording.acknowledged[made] = frozenset(puts)
            self._note(key, called, Outcome.WRITTEN, token, held)

    def _note(
        self, key: str, called: float, outcome: Outcome, token: str | None, held: str | None = None
    ) -> None:
        operation = Operation(called, time.monotonic(), outcome, token, held)
        self._recording.operations[key].append(operation)


@contextmanager
def recording(
    open_store: Callable[[], Store], clients: int = 3, watchers: int = 2
) -> Iterator[Recording]:
    """Record clients and watchers while the block runs, and check it all at its end."""
    with closing(open_store()) as store:
        recorded = Recording(store.revision())
        stop = threading.Event()
        last: list[int] = []
        writing = [
            threading.Thread(target=_write_on, args=(n, open_store, recorded, stop))
            for n in range(clients)
        ]
        watching = [
            threading.Thread(target=_watch_on, args=(open_store, recorded, last))
            for _ in range(watchers)
        ]
        for thread in (*watching, *writing):
            thread.start()
        try:
            yield recorded
        finally:
            stop.set()
            for thread in writing:
                thread.join(PATIENCE)
            last.append(_last_write(store))
            for thread in watching:
                thread.join(PATIENCE)
    recorded.check()


def _last_write(store: Store) -> int:
    """Write once more, when everything is well again; the watchers have to come that far."""
    give_up_at = time.monotonic() + PATIENCE
    while True:
        try:
            return max(entry.mod_revision for entry in store.range("/").entries)
        except StoreUnavailableError:
            assert time.monotonic() < give_up_at, "the store did not come back"


def _write_on(
    number: int, open_store: Callable[[], Store], recorded: Recording, stop: threading.Event
) -> None:
    with closing(open_store()) as store:
        client = Client(number, store, recorded)
        while not stop.wait(0.005):
            client.step()


def _watch_on(open_store: Callable[[], Store], recorded: Recording, last: list[int]) -> None:
    batches: list[WatchBatch] = []
    recorded.batches.append(batches)
    give_up_at = time.monotonic() + 2 * PATIENCE
    with closing(open_store()) as store, store.watch("/", recorded.start) as watch:
        while (not last or watch.progress < last[0]) and time.monotonic() < give_up_at:
            batch = watch.next(0.1)
            batches += [batch] if batch else []
